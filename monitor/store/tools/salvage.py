"""Reading what is still readable in a damaged database, row by row past its damaged pages. It is never written to."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from monitor.store.rows import listed

UNREADABLE = (sqlite3.Error, UnicodeDecodeError)
"""What reading a damaged database raises; the driver can't always decode what SQLite says of it."""

_HIGHEST_ROWID = 2**63 - 1
_STEPS_OF_ONE = 64
_STEPS_OF_A_PAGE = 256
_ROWS_OF_A_PAGE = 16
"""Fewer than a page of the table `readings` has, so that no readable page between two damaged ones is stepped over."""


class Salvage:
    """A database that may be damaged, or gone. Enter it to use it. Nothing here raises because of the damage.

    What could not be read is in `losses`.
    """

    def __init__(self, path: Path) -> None:
        self.losses: list[str] = []
        """What could not be read, in words."""
        self._path = path
        self._connection: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        if not self._path.exists():
            self.losses.append(f"there is no database {self._path}")
            return self
        address = f"file:{quote(str(self._path.absolute()))}?mode=ro"
        for flags in ("", "&immutable=1"):  # the second passes over a write-ahead log that can't be used
            try:
                connection = sqlite3.connect(address + flags, uri=True, isolation_level=None)
            except UNREADABLE:
                continue
            try:
                connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            except UNREADABLE as error:
                reason = error
                connection.close()
            else:
                self._connection = connection
                return self
        self.losses.append(f"nothing in {self._path} can be read ({reason})")
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection is not None:
            self._connection.close()

    def columns(self, table: str) -> list[str]:
        """The columns of a table; none if it isn't there, or can't be read."""
        try:
            return [str(row[1]) for row in self._all(f"PRAGMA table_info({table})")]
        except UNREADABLE:
            return []

    def value(self, sql: str, *values: object) -> Any:
        """What a query for one value finds; None if there is nothing, or it can't be read."""
        try:
            rows = self._all(sql, *values)
        except UNREADABLE:
            return None
        return rows[0][0] if rows else None

    def has_reading(self, turbine_number: int, emitted_at: int) -> bool | None:
        """Whether a reading is there, by the index; None if that can't be read."""
        sql = "SELECT count(*) FROM readings WHERE turbine_number = ? AND emitted_at = ?"
        found = self.value(sql, turbine_number, emitted_at)
        return None if found is None else bool(found)

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """The readable rows of a table, each once: in order of their ids, or of the key where a table has no ids."""
        if self.value("SELECT wr FROM pragma_table_list WHERE name = ?", table):
            return self._rows_by_key(table, columns)
        return self._rows_by_id(table, columns)

    def _rows_by_key(self, table: str, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """From both ends: without ids there is no stepping over a damaged page. Between two of them all is lost."""
        key = [str(row[0]) for row in self._all("SELECT name FROM pragma_table_info(?) WHERE pk ORDER BY pk", table)]
        last: tuple[Any, ...] | None = None
        for direction in ("", " DESC"):
            order = ", ".join(f'"{name}"{direction}' for name in key)
            try:
                for row in self._all_of(f"SELECT {listed(key)}, {listed(columns)} FROM {table} ORDER BY {order}"):  # noqa: S608
                    of_row = row[: len(key)]
                    if direction and last is not None and of_row <= last:
                        return
                    if not direction:
                        last = of_row
                    yield row[len(key) :]
            except (*UNREADABLE, TypeError) as error:  # keys that can't be compared are damaged, too
                if not direction:
                    self.losses.append(f"{table}: not all of it can be read ({error})")
            else:
                return

    def _rows_by_id(self, table: str, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        after = 0
        sql = f"SELECT rowid, {listed(columns)} FROM {table} NOT INDEXED WHERE rowid > ? ORDER BY rowid"  # noqa: S608
        while self._connection is not None:
            try:
                with closing(self._connection.execute(sql, [after])) as cursor:
                    for rowid, *row in cursor:
                        if rowid <= after:  # a page that says so is damaged
                            raise sqlite3.DatabaseError("rows out of order")
                        after = rowid
                        yield tuple(row)
            except UNREADABLE as error:
                found = self._next_readable(f"{sql} LIMIT 1", after)
                self._note(table, after, found, error)
            else:
                return
            if found is None:
                return
            after = found[0]
            yield found[1:]

    def _next_readable(self, sql: str, failed: int) -> tuple[Any, ...] | None:
        """The next row that can be read, with its id; None if there is none.

        As a rule it is not the very next one: all rows of a damaged page are gone.
        """
        for after in _starts(failed):
            row, readable = self._row(sql, after)
            if readable:
                return self._lowest(sql, failed, after) if row else None
            failed = after
        return None

    def _lowest(self, sql: str, failed: int, readable: int) -> tuple[Any, ...] | None:
        while readable - failed > 1:
            middle = (failed + readable) // 2
            if self._row(sql, middle)[1]:
                readable = middle
            else:
                failed = middle
        return self._row(sql, readable)[0]

    def _row(self, sql: str, after: int) -> tuple[tuple[Any, ...] | None, bool]:
        """The row after this id, if there is one, and whether that could be read."""
        try:
            rows = self._all(sql, after)
        except UNREADABLE:
            return None, False
        return (rows[0], rows[0][0] > after) if rows else (None, True)

    def _note(self, table: str, after: int, found: tuple[Any, ...] | None, error: Exception) -> None:
        if found is not None and found[0] == after + 1:
            return  # Python's driver loses the row before a damaged page: that one was found again
        span = f"after {after}" if found is None else f"between {after} and {found[0]}"
        self.losses.append(f"{table}: what has its id {span} can't be read ({error})")

    def _all_of(self, sql: str) -> Iterator[tuple[Any, ...]]:
        if self._connection is not None:
            with closing(self._connection.execute(sql)) as cursor:
                yield from cursor

    def _all(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        if self._connection is None:
            return []
        with closing(self._connection.execute(sql, values)) as cursor:
            return cursor.fetchall()


def _starts(first: int) -> Iterator[int]:
    """After which ids to try to read on: close by at first, then page by page, then in steps that double."""
    yield from range(first, first + _STEPS_OF_ONE)
    pages = range(first + _STEPS_OF_ONE, first + _STEPS_OF_ONE + _STEPS_OF_A_PAGE * _ROWS_OF_A_PAGE, _ROWS_OF_A_PAGE)
    yield from pages
    for doubled in count():
        start = pages.stop + _ROWS_OF_A_PAGE * 2**doubled
        if start > _HIGHEST_ROWID:
            return
        yield start
