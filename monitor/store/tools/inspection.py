"""What verify, prune, backup and export ask of the ledger: in pages, so that no question holds up the monitor's log."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from sqlite_utils import Database

from monitor.facts import Reading
from monitor.store.prunings import PRUNABLE
from monitor.store.reader import LedgerReader
from monitor.store.rows import columns, listed, to_reading

_PAGE = 5_000
_IDS_AT_ONCE = 20_000
_NEVER = 2**62
_STEPS_BETWEEN_LOOKS = 1_000_000
"""Steps of SQLite's machine: some tens of milliseconds."""


class FileSize(NamedTuple):
    """What the database takes on the disk, in bytes, and how much of it is free for what comes next."""

    whole: int
    free: int


class Books(NamedTuple):
    """What was committed up to one moment."""

    last_id: int
    stored: int
    """Readings ever stored, as the books count them."""
    pruned: int
    """Readings deleted since because of their age."""


class Inspection(LedgerReader):
    """A read-only view of the ledger for its tools. Raises what LedgerReader raises."""

    def damage(self) -> list[str]:
        """What SQLite's own check finds wrong with the file, its tables and indexes; empty when all is well.

        It reads everything. It can't see that whole commits are gone.
        """
        found = "\n".join(str(text) for (text,) in self.rows("PRAGMA integrity_check(10)"))
        return [] if found == "ok" else [line for line in found.splitlines() if not line.startswith("***")]

    def file_size(self) -> FileSize:
        """How large the database is."""
        (row,) = self.rows(
            "SELECT page_count * page_size, freelist_count * page_size "
            "FROM pragma_page_count, pragma_page_size, pragma_freelist_count"
        )
        return FileSize(*row)

    def copy_to(self, target: Path, on_progress: Callable[[], None]) -> None:
        """Write a copy without unused pages to a file that isn't there yet: of one moment, however long it takes.

        Nobody waits for it; the write-ahead log grows until it is done. Raises OSError for the target, and
        KeyboardInterrupt if that, or anything else, comes out of `on_progress`: SQLite tells only that it was stopped.
        """

        def copy(db: Database) -> None:
            target.unlink(missing_ok=True)
            db.conn.set_progress_handler(on_progress, _STEPS_BETWEEN_LOOKS)
            try:
                db.execute("VACUUM INTO ?", [str(target)])
            except sqlite3.OperationalError as error:
                code = error.sqlite_errorcode
                if code == sqlite3.SQLITE_INTERRUPT:
                    raise KeyboardInterrupt from None
                if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN):
                    raise OSError(None, str(error)) from error
                raise
            finally:
                db.conn.set_progress_handler(None, 0)
                target.with_name(f"{target.name}-journal").unlink(missing_ok=True)  # SQLite leaves it on a full disk

        self._ask(copy)

    def count_readings(self) -> int:
        """How many readings there are: walks over all of them."""
        return int(self._one("SELECT count(*) FROM readings"))

    def kept_since(self) -> int:
        """Readings emitted and received before this time were pruned; 0 if nothing ever was."""
        return int(self._one("SELECT coalesce(max(kept_since), 0) FROM prunings"))

    def prunings(self) -> int:
        """How much was pruned so far, of anything: changes with every slice."""
        return int(self._one("SELECT coalesce(sum(1 + readings + dead_letters), 0) FROM prunings"))

    def stored_by_the_books(self) -> Books:
        """What was committed up to now."""
        (row,) = self.rows(
            "SELECT (SELECT coalesce(max(id), 0) FROM readings), "
            "(SELECT coalesce(sum(count), 0) FROM books WHERE name = 'stored'), "
            "(SELECT coalesce(sum(readings), 0) FROM prunings)"
        )
        return Books(*row)

    def in_order_of_time(self, turbine_number: int, since: int | None, until: int | None) -> Iterator[list[Reading]]:
        """A turbine's readings by `emitted_at`, in pages, from `since` on and before `until`.

        Each page is a question of its own: what is committed meanwhile may be among them.
        """
        sql = (
            f"SELECT {listed(columns(Reading))} FROM readings "  # noqa: S608 - our own names
            "WHERE turbine_number = ? AND emitted_at >= ? AND emitted_at < ? ORDER BY emitted_at LIMIT ?"
        )
        first, end = since or 0, _NEVER if until is None else until
        while page := self.rows(sql, turbine_number, first, end, _PAGE):
            yield [to_reading(row) for row in page]
            first = page[-1][1] + 1

    def old_readings(self, turbine_number: int, kept_since: int) -> set[int]:
        """`emitted_at` of the turbine's readings that were emitted and received before this time."""
        sql = "SELECT emitted_at FROM readings WHERE turbine_number = ? AND emitted_at < ? AND received_at < ?"
        return {at for (at,) in self.rows(sql, turbine_number, kept_since, kept_since)}

    def ids_that_may_be_old(self, kept_since: int) -> range:
        """The ids of all readings emitted before this time are in this range. Quick: only the index is read."""
        first = self._one("SELECT min(id) FROM readings")
        sql = "SELECT max(id) FROM readings WHERE turbine_number = ? AND emitted_at < ?"
        last = max((self._one(sql, number, kept_since) or 0 for number in self.turbines_with_readings()), default=0)
        return range(first or 1, last + 1)

    def count_prunable(self, ids: range, kept_since: int) -> Iterator[tuple[int, int]]:
        """How many readings a pruning would delete: slice by slice, how many of the ids are done, and the count."""
        sql = f"SELECT count(*) FROM readings WHERE id > :after AND id <= :up_to AND {PRUNABLE}"  # noqa: S608 - our text
        for after in range(ids.start - 1, ids.stop - 1, _IDS_AT_ONCE):
            up_to = min(after + _IDS_AT_ONCE, ids.stop - 1)
            count = self._count(sql, {"after": after, "up_to": up_to, "kept_since": kept_since})
            yield up_to - ids.start + 1, count

    def old_dead_letters(self, kept_since: int) -> tuple[int, range]:
        """How many dead letters came before this time, and the range that their ids are in."""
        ((count, first, last),) = self.rows(
            "SELECT count(*), min(dead_letter_id), max(dead_letter_id) FROM dead_letters WHERE received_at < ?",
            kept_since,
        )
        return count, range(first or 1, (last or 0) + 1)

    def _count(self, sql: str, values: dict[str, Any]) -> int:
        return int(self._ask(lambda db: db.execute(sql, values).fetchone()[0]))
