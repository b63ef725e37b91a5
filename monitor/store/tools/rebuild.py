"""Filling a new database from the text files, and from what can be salvaged of an older one."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from sqlite_utils import Database, Migrations

from monitor.facts import Reading
from monitor.store.invariants import violated
from monitor.store.places import turbines_with_text_files
from monitor.store.refusals import write_all_but_refused
from monitor.store.rows import columns, listed
from monitor.store.tools.line_rows import Row, merged
from monitor.store.tools.salvage import Salvage
from monitor.store.tools.tidy import MARK_LOST, TIDY, turbine_of_newest_reading

_AT_ONCE = 5_000
_READING = columns(Reading)
_TURBINE_NUMBER, _EMITTED_AT, _RECEIVED_AT = (
    _READING.index(name) for name in ("turbine_number", "emitted_at", "received_at")
)
_INSERT_READING = (
    f"INSERT INTO readings ({listed(_READING)}) VALUES ({', '.join('?' * len(_READING))}) "  # noqa: S608 - our names
    "ON CONFLICT (turbine_number, emitted_at) DO NOTHING"
)
_MADE_ANEW = {"readings", "ledger", "sequences", "sqlite_sequence", Migrations.migrations_table}
"""What was said to be settled may be among what was lost: a monitor works `sequences` out from the readings."""
_AUDIT = "audit"
_OF_ONE_SOURCE = {"outages", "outage_spans"}
"""Rows that another one's rows join or replace: those of two databases would contradict each other."""


@dataclass(slots=True)
class Rebuilt:
    """What a new database was made of."""

    from_files: int = 0
    """Readings."""
    from_databases: int = 0
    """Readings that no file had."""
    rows: dict[str, int] = field(default_factory=dict)
    """How many rows of each other table were salvaged."""
    foreign: dict[int, list[int]] = field(default_factory=dict)
    """Numbers of lines that are no readings of their turbine, by turbine: left alone."""
    torn: list[int] = field(default_factory=list)
    """Turbines whose file's last line has no end."""
    refused: int = 0
    """Readings and rows that the new database did not take."""
    contradicting: int = 0
    """Readings of which a damaged database's table and index say different things: left out."""
    losses: list[str] = field(default_factory=list)
    """What could not be read, or is not as it should be: a sentence each."""


class Rebuilding:
    """One new database, empty at first. `sources` are older ones; of two that know the same row the first one counts.

    `run` raises StoreUnavailableError for text files that can't be read, and sqlite3.Error for the new database.
    """

    def __init__(self, db: Database, folder: Path, sources: list[Salvage], on_progress: Callable[[int], None]) -> None:
        self._db = db
        self._folder = folder
        self._sources = sources
        self._on_progress = on_progress
        self._done = Rebuilt()
        self._kept_since = max((_kept_since(source) for source in sources), default=0)

    def run(self, *, at: int) -> Rebuilt:
        """Fill the database; `at` is the time."""
        self._take_files()
        for source in self._sources:
            self._take_readings(source)
        for table in self._tables():
            for source in self._sources:
                self._take_table(source, table)
        self._make_whole(at)
        for source in self._sources:
            self._done.losses += source.losses
        self._tell_of_audit()
        return self._done

    # --- readings

    def _take_files(self) -> None:
        turbines = turbines_with_text_files(self._folder)
        rows = merged(self._folder, turbines, self._note_foreign, self._done.torn.append)
        if self._kept_since:
            rows = (row for row in rows if not self._was_pruned(row))
        for batch in _batches(rows):
            self._done.from_files += self._insert_readings(batch)

    def _was_pruned(self, row: Row) -> bool:
        """Whether this reading was deleted because of its age, and only its line was not cut yet."""
        if row[_EMITTED_AT] >= self._kept_since or row[_RECEIVED_AT] >= self._kept_since:
            return False
        return all(source.has_reading(row[_TURBINE_NUMBER], row[_EMITTED_AT]) is False for source in self._sources[:1])

    def _take_readings(self, source: Salvage) -> None:
        """Take the readings that no file had, if the source's index knows them too: a damaged page may say anything."""
        if source.columns("readings"):
            for batch in _batches(source.rows("readings", _READING)):
                first_id = self._last_id() + 1
                new = self._insert_readings(self._not_pruned(source, batch))
                self._done.from_databases += new
                if new:
                    self._remove_contradicting(source, first_id)

    def _not_pruned(self, source: Salvage, batch: list[Row]) -> list[Row]:
        """A back-up may have what the database, which is the first source, has pruned since."""
        if not self._kept_since or source is self._sources[0]:
            return batch
        return [row for row in batch if not self._was_pruned(row)]

    def _remove_contradicting(self, source: Salvage, first_id: int) -> None:
        new = self._db.execute(
            "SELECT id, turbine_number, emitted_at FROM readings WHERE id >= ?", [first_id]
        ).fetchall()
        wrong = [(found,) for found, *identity in new if source.has_reading(*identity) is False]
        self._db.conn.executemany("DELETE FROM readings WHERE id = ?", wrong)
        self._done.contradicting += len(wrong)
        self._done.from_databases -= len(wrong)

    def _insert_readings(self, batch: list[Row]) -> int:
        before = self._last_id()
        with self._db.atomic():
            self._done.refused += len(write_all_but_refused(self._db, _INSERT_READING, batch))
        self._on_progress(len(batch))
        return self._last_id() - before

    def _last_id(self) -> int:
        return int(self._db.execute("SELECT coalesce(max(id), 0) FROM readings").fetchone()[0])

    # --- everything else

    def _tables(self) -> Iterator[str]:
        return (table for table in self._db.table_names() if table not in _MADE_ANEW)

    def _take_table(self, source: Salvage, table: str) -> None:
        is_backup = source is not self._sources[0]
        if is_backup and (table == "outbox" or (table in _OF_ONE_SOURCE and self._count(table))):
            return  # orders of a back-up are old: they were sent
        if is_backup and table == _AUDIT:
            self._take_audit_of_backup(source)
            return
        known = source.columns(table)
        names = [column.name for column in self._db.table(table).columns if column.name in known]
        if not names:
            return
        sql = f"INSERT INTO {table} ({listed(names)}) VALUES ({', '.join('?' * len(names))}) ON CONFLICT DO NOTHING"  # noqa: S608
        before = self._count(table)
        rows = source.rows(table, names)
        if is_backup and "delivery" in names:  # notifications that waited then were sent as well
            rows = (row for row in rows if row[names.index("delivery")] != "waiting")
        for batch in _batches(rows):
            with self._db.atomic():
                self._done.refused += len(write_all_but_refused(self._db, sql, batch))
        self._done.rows[table] = self._done.rows.get(table, 0) + self._count(table) - before

    def _take_audit_of_backup(self, source: Salvage) -> None:
        """Where the audit began anew after a loss, its numbers name other orders than the back-up's: keep both."""
        names = [column.name for column in self._db.table(_AUDIT).columns if column.name in source.columns(_AUDIT)]
        if not names:
            return
        all_at = self._db.execute(f"SELECT {listed(names)} FROM {_AUDIT}").fetchall()  # noqa: S608 - our names
        taken, place = {row[0]: row for row in all_at}, ", ".join("?" * len(names))
        known = {row[1:] for row in all_at}
        own, others = [], []
        for row in source.rows(_AUDIT, names):
            if row[0] not in taken:
                own.append(row)
            elif row[1:] not in known:
                others.append((None, *row[1:]))
        sql = f"INSERT INTO {_AUDIT} ({listed(names)}) VALUES ({place})"  # noqa: S608 - our names
        for rows in (own, others):
            with self._db.atomic():
                self._done.refused += len(write_all_but_refused(self._db, sql, rows))
        self._done.rows[_AUDIT] = self._count(_AUDIT)
        if others:
            self._done.losses.append(
                f"audit: {len(others):,} of the back-up's orders stand at the end, as later orders have their numbers"
            )

    def _tell_of_audit(self) -> None:
        if not any(source.columns("ledger") for source in self._sources):
            self._done.losses.append("who ordered what was in the database alone: the audit begins anew")
        rows, last = self._db.execute("SELECT count(*), max(audit_id) FROM audit").fetchone()
        if rows and last > rows:
            self._done.losses.append(f"audit: of the orders 1 to {last:,}, {last - rows:,} are lost")

    def _count(self, table: str) -> int:
        return int(self._db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - our own name

    def _make_whole(self, at: int) -> None:
        """Bring the tables into step with the readings and with each other."""
        with self._db.atomic():
            for row in self._db.execute("SELECT turbine_number, max(id) FROM readings GROUP BY 1").fetchall():
                turbine_of_newest_reading(self._db, *row)
            for sql in TIDY:
                self._db.execute(sql, {"at": at})
            for sql in MARK_LOST:
                self._db.execute(sql)
            for table, rowid, *_ in self._db.execute("PRAGMA foreign_key_check").fetchall():
                self._db.execute(f"DELETE FROM {table} WHERE rowid = ?", [rowid])  # noqa: S608 - our own name
                self._done.refused += 1
        self._done.losses += violated(self._db, engineers=None)

    def _note_foreign(self, turbine_number: int, line_number: int) -> None:
        self._done.foreign.setdefault(turbine_number, []).append(line_number)


def _kept_since(source: Salvage) -> int:
    """The limit of the latest pruning that this source knows of."""
    return max((int(row[0]) for row in source.rows("prunings", ["kept_since"])), default=0) if _can(source) else 0


def _can(source: Salvage) -> bool:
    return "kept_since" in source.columns("prunings")


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    rest = iter(rows)
    while batch := list(islice(rest, _AT_ONCE)):
        yield batch
