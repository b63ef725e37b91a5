"""How much of the time of outages a turbine's readings speak for: else it would count twice as information."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from monitor.availability.periods import QUARTER
from monitor.availability.spans import Span, clipped, seconds_of

_WIDTH = 900.0
_NEARLY = 1.0
"""Seconds that a quarter hour may lack and still count as covered: turbines' clocks are not exact."""


class Quarter(NamedTuple):
    """What a window of a quarter hour says of its readings."""

    start_at: int
    covered_seconds: float
    broken_seconds: float


def covered_down_seconds(
    quarters: Sequence[Quarter], out: Sequence[Span], stretch: Span
) -> Iterator[tuple[int, float]]:
    """Of each quarter hour of a stretch that holds readings, the seconds in outages for which they speak.

    In one that readings cover these are all of its outages' seconds. Else where the readings are is not known: they
    speak for outages as far as they say broken, and as far as they find no other room.
    """
    for start_at, covered, broken in reversed(_laid_out(quarters)):
        if not stretch.since <= start_at < stretch.until:
            continue
        down = seconds_of(clipped(out, Span(start_at, start_at + QUARTER)))
        if covered >= _WIDTH - _NEARLY:
            yield start_at, down
        else:
            yield start_at, min(down, max(broken, covered + down - _WIDTH))


def _laid_out(quarters: Sequence[Quarter]) -> list[Quarter]:
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
        covered, broken = quarter.covered_seconds + spare, quarter.broken_seconds + spare_broken
        laid.append(Quarter(start_at, min(covered, _WIDTH), min(broken, _WIDTH)))
        spare, spare_broken = max(0.0, covered - _WIDTH), max(0.0, broken - _WIDTH)
    return laid
