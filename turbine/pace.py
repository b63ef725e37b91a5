"""The clock, and how fast run seconds pass: as it does, some times faster, or without any wait."""

import time
from dataclasses import dataclass, field


@dataclass(slots=True)
class Pace:
    """Ties run seconds to the clock. The run starts when the pace is made.

    `speed` is run seconds per second of the clock; None waits for nothing, so that a replay is as fast as the
    broker acknowledges.
    """

    speed: float | None = 1.0
    started: float = field(default_factory=time.monotonic)

    def now(self) -> float:
        """The run second that it is; without a speed, as the clock goes."""
        return (time.monotonic() - self.started) * (self.speed or 1.0)

    def delay(self, due: float) -> float:
        """Seconds of the clock until run second `due`; 0 when it has come."""
        if self.speed is None:
            return 0.0
        return max(0.0, due / self.speed - (time.monotonic() - self.started))


def now_utc() -> int:
    """The clock's time, in microseconds since 1970."""
    return time.time_ns() // 1000
