"""When a turbine was broken, as its readings say."""

from collections.abc import Iterable, Sequence

from grid.metrics import OperationalStatus
from monitor.outages.merging import Span, union

LONGEST_GAP_INTERVALS = 1.5
"""A reading further away than this does not say what was before it."""


def broken_spans(readings: Sequence[tuple[int, str]], interval: float) -> list[Span]:
    """Spans from a reading that says broken until the next one, of readings (time, status) in order of time.

    Where the next one is further away than `interval` (microseconds) allows, or there is none, it is a mere moment.
    """
    return union(_spans(readings, LONGEST_GAP_INTERVALS * interval))


def _spans(readings: Sequence[tuple[int, str]], longest: float) -> Iterable[Span]:
    following: Iterable[tuple[int, str] | None] = [*readings[1:], None]
    for (at, status), after in zip(readings, following, strict=True):
        if status == OperationalStatus.BROKEN:
            yield Span(at, after[0]) if after is not None and after[0] - at <= longest else Span(at, at)
