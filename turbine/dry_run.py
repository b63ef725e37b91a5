"""Readings without a broker: in order of their due times, at the run's pace or at once."""

import heapq
import math
import time
from collections.abc import Callable, Iterator, Sequence

from grid.metrics import TurbineMetrics
from turbine.chaos import Chaos, ChaosPlan
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


def readings(lives: Sequence[Life], pace: Pace, until: float | None) -> Iterator[tuple[float, TurbineMetrics]]:
    """The readings of a run, each when it is due at the given pace, with its due time. Blocks while it waits."""
    for due, life in in_order(lives, until):
        delay = pace.delay(due)
        if delay > 0:
            time.sleep(delay)
        yield due, life.produce_metrics()


class DisturbedReadings:
    """Readings as chaos lets them out, in run seconds.

    What is held back comes out with the first reading of any turbine that is due later, or at the end. `emit` hears
    of each reading when it is due.
    """

    def __init__(self, plan: ChaosPlan | None, emit: Callable[[TurbineMetrics], None]) -> None:
        self._plan = plan
        self._emit = emit
        self._chaos: dict[int, Chaos[TurbineMetrics]] = {}
        self._dues: list[tuple[float, int]] = []
        self._planned: dict[int, float] = {}

    def let_out(self, readings: Iterator[tuple[float, TurbineMetrics]]) -> Iterator[TurbineMetrics]:
        """The readings of a run, with their due times, and at the end all that is held back."""
        for due, reading in readings:
            yield from self._overdue(due)
            self._emit(reading)
            yield from self._disturbed(reading, due, self._plan)
        for chaos in self._chaos.values():
            yield from chaos.flush()

    def _disturbed(self, reading: TurbineMetrics, due: float, plan: ChaosPlan | None) -> Iterator[TurbineMetrics]:
        number = reading.turbine_number
        if plan is None:
            yield reading
            return
        if number not in self._chaos:
            self._chaos[number] = Chaos(plan.draws(number, reading.session or ""))
        yield from self._chaos[number].send(reading.sequence or 0, reading, due)
        self._plan_next(number)

    def _overdue(self, now: float) -> Iterator[TurbineMetrics]:
        while self._dues and self._dues[0][0] <= now:
            due, number = heapq.heappop(self._dues)
            if self._planned.get(number) == due:
                del self._planned[number]
                yield from self._chaos[number].due(now)
                self._plan_next(number)

    def _plan_next(self, turbine_number: int) -> None:
        due = self._chaos[turbine_number].next_due()
        if due is not None and due < self._planned.get(turbine_number, math.inf):
            self._planned[turbine_number] = due
            heapq.heappush(self._dues, (due, turbine_number))
