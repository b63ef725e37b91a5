"""Windows as they are asked for: minutes and quarter hours as stored, hours and days composed, open ones figured."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Generic, TypeVar

from grid.times import SECOND
from monitor.facts import MINUTE_SECONDS, QUARTER_SECONDS, AreaWindow, Window, WindowMark
from monitor.store.knowledge.minutes import read_minute, successors
from monitor.store.reader import LedgerReader
from monitor.store.rows import columns, listed
from monitor.windows.figures import compose, compose_areas, figure

WindowT = TypeVar("WindowT", Window, AreaWindow)

MOST_OPEN = 20
"""So many windows that are marked are figured for one answer, the newest: behind an upgrade there may be more."""


@dataclass(frozen=True, slots=True)
class Shown(Generic[WindowT]):
    """A window, and whether it is complete: another one is figured from what is stored up to now."""

    window: WindowT
    is_complete: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """Windows of a width that start from `since` on and before `until`, oldest first, at most `most` of them."""

    width_seconds: int
    """60, or a multiple of 900."""
    since: int
    until: int
    most: int

    @property
    def stored_seconds(self) -> int:
        """The width of those that are read for it."""
        return min(self.width_seconds, QUARTER_SECONDS)

    @property
    def rows(self) -> int:
        """How many of those are enough."""
        return self.most * self.width_seconds // self.stored_seconds


_STORED = f"""
SELECT {listed(columns(Window))} FROM windows
WHERE turbine_number = ? AND width_seconds = ? AND start_at >= ? AND start_at < ? ORDER BY start_at LIMIT ?
"""  # noqa: S608 - our own names
_STORED_AREAS = f"""
SELECT {listed(columns(AreaWindow))} FROM area_windows
WHERE area = ? AND width_seconds = ? AND start_at >= ? AND start_at < ? ORDER BY start_at LIMIT ?
"""  # noqa: S608 - our own names
_OPEN = f"""
SELECT start_at FROM window_marks m
WHERE turbine_number = ? AND start_at >= ? AND start_at < ? AND width_seconds = ? AND NOT EXISTS (
    SELECT 1 FROM windows w WHERE w.turbine_number = m.turbine_number AND w.width_seconds = m.width_seconds
    AND w.start_at = m.start_at
) ORDER BY start_at DESC LIMIT {MOST_OPEN}
"""  # noqa: S608 - our own number
_OPEN_AREAS = f"""
SELECT DISTINCT start_at - start_at % (:width * {SECOND}) FROM window_marks
WHERE width_seconds <= :width AND start_at >= :since AND start_at < :until
"""  # noqa: S608 - our own number


def turbine_windows(reader: LedgerReader, turbine_number: int, wanted: Wanted, *, now: int) -> list[Shown[Window]]:
    """A turbine's windows. One that holds no reading is not among them.

    A window that is marked, and was never figured, is figured for the answer: usually it is the one that lasts.
    """
    found = [Shown(window, is_complete=True) for window in _stored(reader, turbine_number, wanted)]
    until = wanted.until if len(found) < wanted.rows else found[-1].window.start_at
    found += _open(reader, turbine_number, Wanted(wanted.width_seconds, wanted.since, until, wanted.most), now)
    found.sort(key=lambda shown: shown.window.start_at)
    if wanted.width_seconds <= QUARTER_SECONDS:
        return found[: wanted.most]
    newest = reader.rows("SELECT coalesce(max(emitted_at), 0) FROM readings WHERE turbine_number = ?", turbine_number)
    return _longer(found, wanted, lambda parts, start_at: _composed(parts, wanted, start_at, now), newest[0][0])


def area_windows(reader: LedgerReader, area: str, wanted: Wanted, *, now: int) -> list[Shown[AreaWindow]]:
    """The windows of a region, or of the farm, which is the empty name: those that were gathered.

    They are complete unless a window of any turbine then is not.
    """
    since, until = wanted.since, wanted.until
    stored = wanted.stored_seconds
    still_open = {at for (at,) in reader.rows(_OPEN_AREAS, width=stored, since=since, until=until)}
    rows = reader.rows(_STORED_AREAS, area, stored, since, until, wanted.rows)
    windows = (AreaWindow(*row) for row in rows)
    found = [Shown(window, is_complete=window.start_at not in still_open) for window in windows]
    if wanted.width_seconds <= QUARTER_SECONDS:
        return found[: wanted.most]
    ((newest,),) = reader.rows("SELECT coalesce(max(emitted_at), 0) FROM turbines")
    width = wanted.width_seconds
    return _longer(
        found, wanted, lambda parts, start: compose_areas(parts, width_seconds=width, start_at=start, at=now), newest
    )


def _stored(reader: LedgerReader, turbine_number: int, wanted: Wanted) -> Iterator[Window]:
    rows = reader.rows(_STORED, turbine_number, wanted.stored_seconds, wanted.since, wanted.until, wanted.rows)
    return (Window(*row) for row in rows)


def _open(reader: LedgerReader, turbine_number: int, wanted: Wanted, now: int) -> Iterator[Shown[Window]]:
    """The open windows of the width that is stored."""
    if wanted.stored_seconds == MINUTE_SECONDS:
        figured = (_figured(reader, mark, now) for mark in _marked(reader, turbine_number, wanted, MINUTE_SECONDS))
    else:
        marks = _marked(reader, turbine_number, wanted, MINUTE_SECONDS)
        marks += _marked(reader, turbine_number, wanted, QUARTER_SECONDS)
        starts = {mark.start_at // _QUARTER * _QUARTER for mark in marks}
        figured = (_open_quarter(reader, turbine_number, start_at, now) for start_at in sorted(starts))
    return (Shown(window, is_complete=False) for window in figured if window is not None)


_QUARTER = QUARTER_SECONDS * SECOND


def _marked(reader: LedgerReader, turbine_number: int, wanted: Wanted, width: int) -> list[WindowMark]:
    rows = reader.rows(_OPEN, turbine_number, wanted.since, wanted.until, width)
    return [WindowMark(turbine_number, start_at, width) for (start_at,) in rows]


def _figured(reader: LedgerReader, mark: WindowMark, now: int) -> Window | None:
    def ask(conn: sqlite3.Connection) -> Window | None:
        minute = read_minute(conn, mark)
        if minute.is_empty:
            return None
        return figure(mark, minute.readings, minute.neighbours, lambda: successors(conn, mark, minute), at=now)

    return reader.within(ask)


def _open_quarter(reader: LedgerReader, turbine_number: int, start_at: int, now: int) -> Window | None:
    """A quarter hour that was not composed yet, from its minutes; None for one that was."""
    until = start_at + _QUARTER
    if reader.rows(_STORED, turbine_number, QUARTER_SECONDS, start_at, until, 1):
        return None
    minutes = turbine_windows(
        reader, turbine_number, Wanted(MINUTE_SECONDS, start_at, until, QUARTER_SECONDS // MINUTE_SECONDS), now=now
    )
    parts = [shown.window for shown in minutes]
    return compose(parts, width_seconds=QUARTER_SECONDS, start_at=start_at, at=now) if parts else None


def _composed(parts: Sequence[Window], wanted: Wanted, start_at: int, now: int) -> Window:
    return compose(parts, width_seconds=wanted.width_seconds, start_at=start_at, at=now)


def _longer(
    found: Iterable[Shown[WindowT]], wanted: Wanted, composed: Callable[[list[WindowT], int], WindowT], newest: int
) -> list[Shown[WindowT]]:
    """Hours or days of quarter hours: complete where all of them are, and readings came from after the end."""
    width = wanted.width_seconds * SECOND
    longer = []
    for place, group in groupby(found, key=lambda shown: shown.window.start_at // width):
        parts = list(group)
        is_complete = all(part.is_complete for part in parts) and newest >= (place + 1) * width
        longer.append(Shown(composed([part.window for part in parts], place * width), is_complete))
    return longer[: wanted.most]
