"""From when readings are sent and acknowledged to how long it took: pure arithmetic."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a run of readings. Times are of the machine's monotonic clock, latencies in milliseconds."""

    acknowledged: int
    first_sent: float
    last_acknowledged: float
    answers: int
    """In how many pieces the acknowledgements came: about one for each commit."""
    p50: float = math.nan
    p99: float = math.nan
    p999: float = math.nan


@dataclass(slots=True)
class Stopwatch:
    """Notes up to which reading was sent and acknowledged when; both in order."""

    started: float = 0.0
    _sent: list[tuple[int, float]] = field(default_factory=list)
    _acknowledged: list[tuple[int, float]] = field(default_factory=list)

    def start(self, now: float) -> None:
        """The first reading is about to be sent."""
        self.started = now

    def sent(self, up_to: int, now: float) -> None:
        """So many readings are sent now, from the beginning."""
        self._sent.append((up_to, now))

    def acknowledged(self, up_to: int, now: float) -> None:
        """So many readings are acknowledged now, from the beginning."""
        self._acknowledged.append((up_to, now))

    def latencies(self) -> list[float]:
        """Seconds from sending to acknowledgement of each reading that was acknowledged, in order."""
        found: list[float] = []
        writes = iter(self._sent)
        written, sent_at = next(writes, (0, 0.0))
        for up_to, at in self._acknowledged:
            while len(found) < up_to:
                while written <= len(found):
                    written, sent_at = next(writes)
                count = min(up_to, written) - len(found)
                found.extend([at - sent_at] * count)
        return found

    def delivery(self) -> Delivery:
        """The whole run in figures."""
        milliseconds = sorted(seconds * 1000 for seconds in self.latencies())
        last = self._acknowledged[-1] if self._acknowledged else (0, self.started)
        return Delivery(
            acknowledged=last[0],
            first_sent=self.started,
            last_acknowledged=last[1],
            answers=len(self._acknowledged),
            p50=quantile(milliseconds, 0.5),
            p99=quantile(milliseconds, 0.99),
            p999=quantile(milliseconds, 0.999),
        )


def quantile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that is not exceeded by this share of the values (nearest rank); NaN of none."""
    if not ordered:
        return math.nan
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
