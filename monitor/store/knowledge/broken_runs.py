"""What late readings reveal: a turbine was broken while nobody heard it."""

from collections.abc import Iterator, Sequence

from sqlite_utils import Database

from grid.times import SECOND
from monitor.facts import BROKEN, OutageReport, Window, controller_of
from monitor.outages.runs import broken_spans

_MINUTE = 60
_USUAL_INTERVAL_SECONDS = 60.0

_READINGS = """
SELECT emitted_at, operational_status FROM readings
WHERE turbine_number = ? AND emitted_at >= ? AND emitted_at < ? ORDER BY emitted_at
"""
_NEXT = """
SELECT emitted_at, operational_status FROM readings
WHERE turbine_number = ? AND emitted_at >= ? ORDER BY emitted_at LIMIT 1
"""


def broken_runs(db: Database, windows: Sequence[Window]) -> Iterator[OutageReport]:
    """Reports of the broken time in minutes that were figured now.

    Also of what goes on: whenever that is found to have ended, what its readings say is known.
    """
    for window in windows:
        says_broken = window.broken_seconds > 0 or window.interval_seconds is None  # a lone reading speaks for no time
        if window.width_seconds == _MINUTE and says_broken:
            yield from _runs_in(db, window)


def _runs_in(db: Database, window: Window) -> Iterator[OutageReport]:
    number, end_at = window.turbine_number, window.start_at + _MINUTE * SECOND
    readings = [
        *db.conn.execute(_READINGS, (number, window.start_at, end_at)),
        *db.conn.execute(_NEXT, (number, end_at)),
    ]
    interval = (window.interval_seconds or _USUAL_INTERVAL_SECONDS) * SECOND
    for span in broken_spans(readings, interval):
        if span.from_at < end_at:
            yield OutageReport(controller_of(number), BROKEN, span.from_at, window.figured_at, until=span.until_at)
