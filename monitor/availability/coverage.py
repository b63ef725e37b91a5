"""How much of the time of outages a turbine's readings speak for: else it would count twice as information."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from grid.times import SECOND
from monitor.availability.periods import QUARTER
from monitor.availability.spans import Span

_WIDTH = 900.0
_NEARLY = 1.0
"""Seconds that a quarter hour may lack and still count as covered: turbines' clocks are not exact."""


class Quarter(NamedTuple):
    """What is told of the readings of a quarter hour, or of that part of one that is known."""

    start_at: int
    covered_seconds: float
    broken_seconds: float


def covered_down_seconds(
    quarters: Sequence[Quarter], out: Iterable[Span], stretch: Span
) -> Iterator[tuple[int, float]]:
    """Of each quarter hour of a stretch, the seconds in outages for which readings speak; `out` is a union within it.

    In one that readings cover these are all of its outages' seconds. Else where the readings are is not known: they
    speak for outages as far as they say broken, and as far as they find no other room. A stretch may begin and end
    within a quarter hour, of which only that part is known.
    """
    down_by_start = _down_seconds(out)
    for start_at, covered, broken in reversed(_laid_out(quarters, stretch)):
        width = _width(start_at, stretch)
        if width <= 0.0:
            continue
        down = down_by_start.get(start_at, 0.0)
        if covered >= width - _NEARLY:
            yield start_at, down
        else:
            yield start_at, min(down, max(broken, covered + down - width))


def _width(start_at: int, stretch: Span) -> float:
    """How much of a quarter hour lies in the stretch, in seconds."""
    return (min(start_at + QUARTER, stretch.until) - max(start_at, stretch.since)) / SECOND


def _down_seconds(out: Iterable[Span]) -> Mapping[int, float]:
    """The seconds in outages, by the beginning of the quarter hour."""
    seconds: dict[int, float] = defaultdict(float)
    for span in out:
        for start_at in range(span.since - span.since % QUARTER, span.until, QUARTER):
            seconds[start_at] += _width(start_at, span)
    return seconds


def _laid_out(quarters: Sequence[Quarter], stretch: Span) -> list[Quarter]:
    """Quarter hours, newest first, with what exceeds them moved into those before.

    A reading speaks for the time before it, and a window holds the readings that were emitted in it: with one every
    ten minutes, a quarter hour has those of 10 and of 20 minutes in turn.
    """
    laid: list[Quarter] = []
    spare = spare_broken = 0.0
    by_start = {quarter.start_at: quarter for quarter in quarters}
    if not by_start:
        return []
    for start_at in range(max(by_start), min(by_start) - QUARTER, -QUARTER):
        quarter = by_start.get(start_at, Quarter(start_at, 0.0, 0.0))
        width = _width(start_at, stretch)
        if width <= 0.0:  # beyond the stretch
            width = _WIDTH
        covered, broken = quarter.covered_seconds + spare, quarter.broken_seconds + spare_broken
        laid.append(Quarter(start_at, min(covered, width), min(broken, width)))
        spare, spare_broken = max(0.0, covered - width), max(0.0, broken - width)
    return laid
