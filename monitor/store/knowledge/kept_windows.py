"""Windows whose readings were pruned: they stay as they are, for they know more than what is stored."""

import sqlite3

from monitor.facts import MINUTE_SECONDS, WindowMark
from monitor.store.knowledge.minutes import MINUTE, Minute
from monitor.windows.figures import LONGEST_GAP

_PRUNED_BEFORE = "SELECT coalesce(max(kept_since), 0) FROM prunings"
_TOLD = f"""
SELECT readings, figured_at FROM windows
WHERE turbine_number = ? AND width_seconds = {MINUTE_SECONDS} AND start_at = ?
"""  # noqa: S608 - our own number
_HAD = """
SELECT count(*) FROM readings WHERE turbine_number = ? AND emitted_at >= ? AND emitted_at < ? AND received_at <= ?
"""


class KeptWindows:
    """Tells them from those that may be figured again, within a transaction."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self.count = 0
        """How many were left as they are."""
        self._conn = conn
        self._pruned_before: int | None = None

    def must_stay(self, mark: WindowMark, minute: Minute) -> bool:
        """Whether a window tells of readings that are gone, its own or the one before it.

        Those that it was figured from had arrived by then: if fewer of them are stored, some are gone. Whether the
        one before its first is gone can't be seen where pruning has come that near: then it is taken for gone.
        """
        if self._pruned_before is None:
            ((self._pruned_before,),) = self._conn.execute(_PRUNED_BEFORE).fetchall()
        if mark.start_at - LONGEST_GAP >= self._pruned_before:
            return False
        told = self._conn.execute(_TOLD, (mark.turbine_number, mark.start_at)).fetchall()
        if not told:
            return False
        ((readings, figured_at),) = told
        span = (mark.turbine_number, mark.start_at, mark.start_at + MINUTE, figured_at)
        ((had,),) = self._conn.execute(_HAD, span).fetchall()
        stays = had < readings or _begins_anew(minute)
        self.count += stays
        return stays


def _begins_anew(minute: Minute) -> bool:
    before = minute.neighbours.before
    return before is None or minute.readings.emitted_at[0] - before > LONGEST_GAP
