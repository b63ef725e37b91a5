"""Readings without a broker: in order of their due times, at the run's pace or at once."""

import heapq
import time
from collections.abc import Iterator, Sequence

from grid.metrics import TurbineMetrics
from turbine.life import Life
from turbine.pace import Pace


def in_order(lives: Sequence[Life], until: float | None) -> Iterator[tuple[float, Life]]:
    """Each due time before run second `until` and the life whose reading it is, in order.

    The caller takes the reading before it asks for the next; the turbine's place in the sequence breaks ties.
    """
    waiting = [(due, place) for place, life in enumerate(lives) if (due := life.next_due()) is not None]
    heapq.heapify(waiting)
    while waiting:
        due, place = waiting[0]
        if until is not None and due >= until:
            return
        yield due, lives[place]
        following = lives[place].next_due()
        if following is None:
            heapq.heappop(waiting)
        else:
            heapq.heapreplace(waiting, (following, place))


def readings(lives: Sequence[Life], pace: Pace, until: float | None) -> Iterator[TurbineMetrics]:
    """The readings of a run, each when it is due at the given pace. Blocks while it waits."""
    for due, life in in_order(lives, until):
        delay = pace.delay(due)
        if delay > 0:
            time.sleep(delay)
        yield life.produce_metrics()
