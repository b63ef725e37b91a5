"""A turbine's windows, figured within a transaction from the readings and windows that are stored."""

import sqlite3
from collections.abc import Iterable
from dataclasses import replace

from grid.times import SECOND
from monitor.facts import AREAS, MINUTE_SECONDS, QUARTER_SECONDS, Window, WindowMark
from monitor.store.knowledge.kept_windows import KeptWindows
from monitor.store.knowledge.minutes import read_minute, successors
from monitor.store.rows import columns, insertion, listed, to_row
from monitor.windows.figures import compose, figure

_QUARTER = QUARTER_SECONDS * SECOND
_KEY = ("turbine_number", "width_seconds", "start_at")
_TOLD = tuple(name for name in columns(Window) if name not in (*_KEY, "revision", "figured_at"))

_UPSERT = f"""
{insertion(Window, "windows")} ON CONFLICT ({listed(_KEY)}) DO UPDATE
SET {", ".join(f"{name} = excluded.{name}" for name in (*_TOLD, "figured_at"))}, revision = revision + 1
WHERE ({listed(_TOLD)}) IS NOT ({", ".join(f"excluded.{name}" for name in _TOLD)})
RETURNING revision
"""
_PARTS = f"""
SELECT {listed(columns(Window))} FROM windows
WHERE turbine_number = ? AND width_seconds = ? AND start_at >= ? AND start_at < ? ORDER BY start_at
"""  # noqa: S608 - our own names
_REVISION = columns(Window).index("revision")
_to_row = to_row(Window)
_ADD_TO_BOOKS = "INSERT INTO books VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET count = count + excluded.count"
PRUNED = "windows_kept_as_pruned"
"""In the books: how often a late reading changed nothing, because others of its window are gone."""


class TurbineWindows:
    """Figures windows one after the other. A window that tells the same as before is not written.

    A late reading changes what its neighbours say too: the one after it speaks for a shorter time, and one that
    stood alone before it has an interval. So their windows, if there are any, are figured with its own.
    """

    def __init__(self, conn: sqlite3.Connection, *, at: int) -> None:
        self.windows: list[Window] = []
        """New or changed, with their revisions."""
        self.marked: set[WindowMark] = set()
        """What holds a changed window, or gathers it."""
        self.readings = 0
        """How many were read."""
        self.parts = 0
        """How many windows were read for longer ones."""
        self._conn = conn
        self._at = at
        self._kept = KeptWindows(conn)

    def close(self) -> None:
        """Bring what happened into the books."""
        if self._kept.count:
            self._conn.execute(_ADD_TO_BOOKS, [PRUNED, self._kept.count])

    def figure_minute(self, mark: WindowMark) -> None:
        """Figure a minute from its readings, and the windows beside it, even if it turns out to tell the same.

        For it may have been figured already as a neighbour, with the readings that it is marked for.
        """
        for start_at in self._figure_minute(mark):
            self._figure_minute(WindowMark(mark.turbine_number, start_at))

    def _figure_minute(self, mark: WindowMark) -> tuple[int, ...]:
        """Figure a minute; without readings there is no window. Returns when the windows beside it start."""
        minute = read_minute(self._conn, mark)
        self.readings += 1 + len(minute.readings.emitted_at)
        if minute.is_empty:
            return ()
        if not self._kept.must_stay(mark, minute):
            window = figure(
                mark, minute.readings, minute.neighbours, lambda: successors(self._conn, mark, minute), at=self._at
            )
            self.write(window, mark.start_at - mark.start_at % _QUARTER)
        return minute.windows_beside

    def compose(self, mark: WindowMark) -> None:
        """Figure a quarter hour from its minutes."""
        until = mark.start_at + mark.width_seconds * SECOND
        found = self._conn.execute(_PARTS, [mark.turbine_number, MINUTE_SECONDS, mark.start_at, until])
        parts = [Window(*row) for row in found]
        self.parts += len(parts)
        if parts:
            composed = compose(parts, width_seconds=mark.width_seconds, start_at=mark.start_at, at=self._at)
            self.write(replace(composed, revision=1), None)  # its own count: 1 at first

    def write(self, window: Window, quarter: int | None) -> None:
        """Write a window if it is new or tells something else; `quarter` is the start of the quarter hour around it."""
        row = list(_to_row(window))
        row[_REVISION] = 1
        revisions: Iterable[tuple[int]] = self._conn.execute(_UPSERT, row).fetchall()
        for (revision,) in revisions:
            row[_REVISION] = revision
            self.windows.append(Window(*row))
            self.marked.add(WindowMark(AREAS, window.start_at, window.width_seconds))
            if quarter is not None:
                self.marked.add(WindowMark(window.turbine_number, quarter, QUARTER_SECONDS))
