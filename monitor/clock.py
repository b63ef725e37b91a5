"""The monitor's clock: the time of day for people, and the time watched for deadlines."""

import time
from collections.abc import Callable

from grid.times import SECOND
from monitor.facts import Now

LONGEST_STEP_SECONDS = 2.0
"""Two looks at the clock that lie further apart than this were separated by a pause, not by watching."""


def utc_now() -> int:
    """The time of day where nothing is decided by it, in microseconds since 1970."""
    return time.time_ns() // 1000


class Clock:
    """Tells `Now`. Deadlines run only while the monitor listens, and never faster than it looks.

    `wall` gives seconds since 1970, `steady` seconds that no clock step changes.
    """

    def __init__(self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> None:
        self._wall = wall
        self._steady = steady
        self._watched = 0.0
        self._looked_at = steady()

    def now(self, *, listening: bool) -> Now:
        """The time. `listening`: whether the monitor was connected to the broker since the last look."""
        looked_at = self._steady()
        if listening:
            self._watched += min(looked_at - self._looked_at, LONGEST_STEP_SECONDS)
        self._looked_at = looked_at
        return Now(self.utc(), self._watched)

    def steady(self) -> float:
        """Seconds since some moment, for durations: no step of the machine's clock changes them."""
        return self._steady()

    def utc(self) -> int:
        """The time of day, in microseconds since 1970."""
        return round(self._wall() * SECOND)
