"""A turbine whose clock is wrong, and is set anew now and then: a life that shows other times than it lives."""

import math
import random

from grid.metrics import TurbineMetrics
from grid.repair import RepairCommand
from grid.times import EARLIEST, SECOND
from turbine.chaos import ChaosKind, Draws
from turbine.life import Answer, Life, Nameplate

BEHIND_SECONDS = (1.0, 86_400.0)
AHEAD_SECONDS = (1.0, 240.0)
"""A reading more than 300 s ahead of the monitor's clock is a dead letter: this leaves a minute between the clocks."""

TICK = 500
"""Microseconds that a skewed clock counts in. No two readings of a turbine are nearer, so none share a tick."""


class SkewedClock:
    """Shows the times of a turbine's readings. Every other clock is wrong from the start; at the rate it is set anew.

    A reading is known by its time, so two must never have the same: between the ticks lies the number of the setting.
    When these numbers are used up the clock stays as it is.
    """

    def __init__(self, draws: Draws) -> None:
        self._draws = draws
        self._sequence = -1
        self._setting = 0
        self._offset = 0
        self._time = -1
        self._shown = -1

    def show(self, time: int) -> int:
        """What the clock shows at the time of the next reading, in microseconds since 1970.

        Asked again at the same time, it shows the same.
        """
        if time != self._time:
            self._sequence += 1
            self._time = time
            self._set(time)
            shown = time + self._offset
            self._shown = shown - shown % TICK + self._setting
        return self._shown

    def _set(self, time: int) -> None:
        """Set the clock if it is to be set at this reading; one that was never set is right."""
        drawn = self._draw()
        if drawn is None or self._setting == TICK - 1:
            return
        seconds = _drawn_offset(drawn)
        if time + round(seconds * SECOND) < EARLIEST:
            return
        self._setting += 1
        self._offset = round(seconds * SECOND)
        self._draws.told(ChaosKind.SKEW, self._sequence, seconds=seconds)

    def _draw(self) -> random.Random | None:
        if self._sequence > 0:
            return self._draws.draw(ChaosKind.SKEW, self._sequence)
        drawn = random.Random(f"{self._draws.seed}/chaos/clock/{self._draws.turbine_number}")
        return drawn if drawn.random() < 0.5 else None


def _drawn_offset(drawn: random.Random) -> float:
    """Seconds ahead: right again at one time in four, behind at two, ahead at one; uniform in the logarithm."""
    which = drawn.random()
    if which < 0.25:
        return 0.0
    low, high = AHEAD_SECONDS if which < 0.5 else BEHIND_SECONDS
    seconds = round(math.exp(drawn.uniform(math.log(low), math.log(high))), 3)
    return seconds if which < 0.5 else -seconds


class SkewedLife:
    """A `turbine.life.Life` like the one within, but for the times of its readings: they are the skewed clock's."""

    def __init__(self, life: Life, clock: SkewedClock) -> None:
        self._life = life
        self._clock = clock
        self.turbine_number = life.turbine_number
        self.session = life.session
        self.nameplate: Nameplate = life.nameplate

    def next_due(self) -> float | None:
        """As the life within."""
        return self._life.next_due()

    def produce_metrics(self) -> TurbineMetrics:
        """The reading of the life within, emitted when the clock says so."""
        reading = self._life.produce_metrics()
        if reading.emitted_at is None:
            return reading
        return reading.model_copy(update={"emitted_at": self._clock.show(reading.emitted_at)})

    def repair(self, now: float, command: RepairCommand | None) -> list[Answer]:
        """As the life within."""
        return self._life.repair(now, command)
