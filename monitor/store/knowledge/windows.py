"""Windows in the ledger: marked with the readings, figured from what is stored when they are due."""

import sqlite3

from sqlite_utils import Database

from monitor.facts import (
    AREAS,
    MINUTE_SECONDS,
    RememberedKnowledge,
    WindowChanges,
    WindowMark,
    WindowsCommitted,
)
from monitor.store.knowledge.area_windows import figure_areas
from monitor.store.knowledge.turbine_windows import TurbineWindows
from monitor.windows.windows import MOST_DUE

MOST_READINGS = 20_000
"""How many readings are read for windows within one commit; at least one window is figured all the same."""

MOST_READINGS_BEHIND = 100_000
"""The same where more is due than a commit usually figures: else what arrives at full speed piles up."""

READINGS_OF_A_WINDOW = 5
"""To read a window for a longer one, or for an area, takes as long as so many readings."""

RECALLED_AT_ONCE = 2_000

_MARK = "INSERT INTO window_marks (turbine_number, start_at, width_seconds) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_UNMARK = "DELETE FROM window_marks WHERE turbine_number = ? AND start_at = ? AND width_seconds = ?"
_RECALL = f"""
SELECT turbine_number, start_at, width_seconds FROM window_marks
WHERE (turbine_number, start_at, width_seconds) > (?, ?, ?)
ORDER BY turbine_number, start_at, width_seconds LIMIT {RECALLED_AT_ONCE}
"""  # noqa: S608 - our own number
_BEFORE_ALL = WindowMark(AREAS, -1)


def write_windows(db: Database, changes: WindowChanges) -> WindowsCommitted:
    """Write the marks, and figure what is due, within the open transaction, after the batch's readings.

    A window that changes marks the longer one that holds it, and the areas' window of the same time. What is due
    beyond `MOST_READINGS` stays marked for the next commit.
    """
    conn = db.conn
    conn.executemany(_MARK, changes.marked)
    figuring = TurbineWindows(conn, at=changes.at)
    left = _figure(conn, changes, figuring)
    figured = set(changes.due) - set(left)
    conn.executemany(_UNMARK, figured)
    marked = figuring.marked - figured
    conn.executemany(_MARK, {*marked, *left})  # what is left may have come with this very batch
    figuring.close()
    recalled = None if changes.recall_after is None else _recall(conn, changes.recall_after)
    return WindowsCommitted(figuring.windows, sorted({*left, *marked}), recalled)


def _figure(conn: sqlite3.Connection, changes: WindowChanges, figuring: TurbineWindows) -> list[WindowMark]:
    """Figure what is due, in its order; returns what is left."""
    most = MOST_READINGS if len(changes.due) <= MOST_DUE else MOST_READINGS_BEHIND
    windows = 0
    for place, mark in enumerate(changes.due):
        if place and figuring.readings + (figuring.parts + windows) * READINGS_OF_A_WINDOW >= most:
            return changes.due[place:]
        if mark.turbine_number == AREAS:
            gathered, marked = figure_areas(conn, mark, at=changes.at)
            windows += gathered
            figuring.marked.update(marked)
        elif mark.width_seconds == MINUTE_SECONDS:
            figuring.figure_minute(mark)
        else:
            figuring.compose(mark)
    return []


def _recall(conn: sqlite3.Connection, after: WindowMark) -> list[WindowMark]:
    return [WindowMark(*row) for row in conn.execute(_RECALL, after)]


def read_windows(db: Database, remembered: RememberedKnowledge) -> None:
    """Fill in what is known of them."""
    remembered.window_marks = _recall(db.conn, _BEFORE_ALL)
