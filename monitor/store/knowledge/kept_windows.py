"""Windows whose readings were pruned: they stay as they are, for they know more than what is stored."""

import sqlite3

from monitor.facts import MINUTE_SECONDS, WindowMark
from monitor.store.knowledge.minutes import MINUTE, Minute
from monitor.windows.figures import LONGEST_GAP

_PRUNED_BEFORE = "SELECT coalesce(max(kept_since), 0) FROM prunings"
_TELLS_OF_MORE = f"""
SELECT EXISTS (
    SELECT 1 FROM windows WHERE turbine_number = :number AND width_seconds = {MINUTE_SECONDS} AND start_at = :start_at
) AND EXISTS (
    SELECT 1 FROM windows w
    WHERE turbine_number = :number AND width_seconds = {MINUTE_SECONDS} AND start_at BETWEEN :since AND :start_at
    AND readings > (
        SELECT count(*) FROM readings r
        WHERE r.turbine_number = :number AND r.emitted_at >= w.start_at
        AND r.emitted_at < w.start_at + {MINUTE} AND r.received_at <= w.figured_at
    )
)
"""  # noqa: S608 - our own numbers


class KeptWindows:
    """Tells them from those that may be figured again, within a transaction."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self.count = 0
        """How many were left as they are."""
        self._conn = conn
        self._pruned_before: int | None = None

    def must_stay(self, mark: WindowMark, minute: Minute) -> bool:
        """Whether it is a window from readings that are gone: its own, or the one before its first.

        A window tells of readings that are gone if fewer are stored of those that had arrived when it was figured.
        The reading before the first of this one is gone if that holds for a window from the one before it on.
        """
        if self._pruned_before is None:
            ((self._pruned_before,),) = self._conn.execute(_PRUNED_BEFORE).fetchall()
        since = minute.readings.emitted_at[0] - LONGEST_GAP
        if minute.neighbours.before is not None:
            since = max(since, minute.neighbours.before)
        if since >= self._pruned_before:
            return False
        span = {"number": mark.turbine_number, "since": since - since % MINUTE, "start_at": mark.start_at}
        ((stays,),) = self._conn.execute(_TELLS_OF_MORE, span).fetchall()
        self.count += stays
        return bool(stays)
