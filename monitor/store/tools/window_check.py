"""Comparing windows with what the stored readings come to."""

import random
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import isclose

from grid.times import SECOND, format_time
from monitor.facts import MINUTE_SECONDS, Window, WindowMark
from monitor.store.knowledge.minutes import MINUTE, read_minute, successors
from monitor.store.rows import columns, listed
from monitor.store.tools.inspection import Inspection
from monitor.windows.figures import LONGEST_GAP, compose, figure

MOST_FIGURED = 10_000
"""So many windows are figured again, spread over all: some seconds. Of all others only the count is compared."""
EXAMPLES = 3

_PAGE = 1_000
_NOT_TOLD = ("revision", "figured_at")
_PRUNED_BEFORE = "SELECT coalesce(max(kept_since), 0) FROM prunings"
_OTHER_COUNTS = f"""
SELECT r.turbine_number, r.start_at FROM (
    SELECT turbine_number, emitted_at - emitted_at % {MINUTE} AS start_at, count(*) AS stored
    FROM readings GROUP BY 1, 2
) r JOIN windows w ON w.turbine_number = r.turbine_number AND w.start_at = r.start_at
    AND w.width_seconds = {MINUTE_SECONDS}
WHERE w.readings IS NOT r.stored AND r.start_at >= :since
UNION ALL SELECT turbine_number, start_at FROM windows w WHERE width_seconds = {MINUTE_SECONDS} AND start_at >= :since
AND NOT EXISTS (
    SELECT 1 FROM readings r WHERE r.turbine_number = w.turbine_number
    AND r.emitted_at >= w.start_at AND r.emitted_at < w.start_at + {MINUTE}
)
EXCEPT SELECT turbine_number, start_at FROM window_marks WHERE width_seconds = {MINUTE_SECONDS}
"""  # noqa: S608 - our own numbers
_WINDOWS = f"""
SELECT {listed(columns(Window))} FROM windows
WHERE (turbine_number, width_seconds, start_at) > (?, ?, ?)
ORDER BY turbine_number, width_seconds, start_at LIMIT {_PAGE}
"""  # noqa: S608 - our own names
_MINUTES = f"""
SELECT {listed(columns(Window))} FROM windows
WHERE turbine_number = ? AND width_seconds = {MINUTE_SECONDS} AND start_at >= ? AND start_at < ? ORDER BY start_at
"""  # noqa: S608 - our own names
_IS_MARKED = "SELECT 1 FROM window_marks WHERE turbine_number = ? AND start_at = ? AND width_seconds = ?"


@dataclass(slots=True)
class CheckedWindows:
    """What a check has found."""

    figured: int = 0
    """How many were figured again."""
    differing: set[WindowMark] = field(default_factory=set)
    """Those that tell other than their readings."""

    def sentences(self) -> Iterator[str]:
        """What was found, in words; nothing when all is well."""
        if self.differing:
            named = [_in_words(mark) for mark in sorted(self.differing)[:EXAMPLES]]
            more = ", ..." if len(self.differing) > EXAMPLES else ""
            yield f"windows that tell other than their readings: {len(self.differing)}: {', '.join(named)}{more}"


def check_windows(ledger: Inspection) -> CheckedWindows:
    """Count the readings of each minute, and figure windows again, `MOST_FIGURED` at most, from one moment each.

    Left out are windows that wait to be figured, and those whose readings may be pruned. Which ones are figured is
    left to chance where there are more.
    """
    found = CheckedWindows()
    since = ledger.kept_since() + LONGEST_GAP
    found.differing.update(WindowMark(*row) for row in ledger.rows(_OTHER_COUNTS, since=since))
    ((count,),) = ledger.rows("SELECT count(*) FROM windows")
    step = -(-count // MOST_FIGURED) or 1
    after: tuple[int, int, int] | None = (-1, 0, 0)
    while after is not None:
        chosen = random.randrange(step)
        after = _check_page(ledger, after, slice(chosen, None, step), found)
    return found


def _check_page(
    ledger: Inspection, after: tuple[int, int, int], chosen: slice, found: CheckedWindows
) -> tuple[int, int, int] | None:
    """Check some of the windows that follow a key; returns the key of the last one, or None behind the last page."""

    def check(conn: sqlite3.Connection) -> tuple[list[Window], list[Window]]:
        conn.execute("BEGIN")  # readings, windows and marks of one moment
        try:
            windows = [Window(*row) for row in conn.execute(_WINDOWS, after)]
            return windows, [window for window in windows[chosen] if _differs(conn, window)]
        finally:
            conn.execute("ROLLBACK")

    windows, differing = ledger.within(check)
    found.figured += len(windows[chosen])
    found.differing.update(map(_mark_of, differing))
    last = windows[-1] if len(windows) == _PAGE else None
    return None if last is None else (last.turbine_number, last.width_seconds, last.start_at)


def _differs(conn: sqlite3.Connection, window: Window) -> bool:
    mark = _mark_of(window)
    if _is_marked(conn, mark):
        return False
    again = _minute(conn, mark) if mark.width_seconds == MINUTE_SECONDS else _longer(conn, mark)
    return again is not None and not _tell_the_same(window, again)


def _minute(conn: sqlite3.Connection, mark: WindowMark) -> Window | None:
    """A minute from its readings; None if it is not known to be the same: pruned, or its neighbours wait."""
    ((pruned_before,),) = conn.execute(_PRUNED_BEFORE).fetchall()
    minute = read_minute(conn, mark)
    if mark.start_at - LONGEST_GAP < pruned_before or minute.is_empty:
        return None
    beside = (at for at in (minute.neighbours.before, minute.neighbours.after) if at is not None)
    if any(_is_marked(conn, WindowMark(mark.turbine_number, at - at % MINUTE)) for at in beside):
        return None
    return figure(mark, minute.readings, minute.neighbours, lambda: successors(conn, mark, minute), at=0)


def _longer(conn: sqlite3.Connection, mark: WindowMark) -> Window | None:
    """A quarter hour from its minutes; None if there is none."""
    span = (mark.turbine_number, mark.start_at, mark.start_at + mark.width_seconds * SECOND)
    parts = [Window(*row) for row in conn.execute(_MINUTES, span)]
    return compose(parts, width_seconds=mark.width_seconds, start_at=mark.start_at, at=0) if parts else None


def _tell_the_same(one: Window, other: Window) -> bool:
    """Whether they do, but for what another order of adding up makes."""
    told = (name for name in columns(Window) if name not in _NOT_TOLD)
    return all(_is_same(getattr(one, name), getattr(other, name)) for name in told)


def _is_same(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)


def _is_marked(conn: sqlite3.Connection, mark: WindowMark) -> bool:
    return conn.execute(_IS_MARKED, mark).fetchone() is not None


def _mark_of(window: Window) -> WindowMark:
    return WindowMark(window.turbine_number, window.start_at, window.width_seconds)


def _in_words(mark: WindowMark) -> str:
    return f"turbine {mark.turbine_number} from {format_time(mark.start_at)} for {mark.width_seconds // 60} min"
