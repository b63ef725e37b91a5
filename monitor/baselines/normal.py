"""What is normal for one measured value: a robust moving mean and variance, and how often it repeats itself.

Exponentially weighted moving mean and variance of the step from the mean to the next value (Roberts, Technometrics
1(3), 1959; Finch, "Incremental calculation of weighted mean and variance", 2009). Outliers must not poison them: a step
is cut off before it is learnt, as in Gelper, Fried and Croux, "Robust forecasting with exponential and Holt-Winters
smoothing" (Journal of Forecasting 29, 2010), and one that is judged unusual is not learnt at all (Hampel's
redescending function). The start is a median and a median deviation, since the first value may be an outlier, too.
"""

import math
from itertools import pairwise
from statistics import median

UNUSUAL = 5.0
"""Standard deviations from the mean beyond which a value is unusual, if it is also beyond the deadband."""
LEARNT_READINGS = 30
"""Nothing is judged by fewer readings."""

FROZEN_REPEATS = 3
"""A value that came again so often may be frozen."""
FROZEN_CHANCE = 1e-5
"""It is frozen, if repeats as often as those before would come by chance this rarely."""
COARSE = 0.5
"""An instrument that repeats itself more often than this shows too coarse steps to be told from a frozen one."""

_MAY_REPEAT = FROZEN_REPEATS - 1
_SQUARE = UNUSUAL * UNUSUAL
_START_READINGS = 9
_VARIANCE_GAIN = 0.01
"""The variance remembers some hundred readings."""
_MOST_SEEN = 255
_CONSISTENT = 1.11
"""Makes up for the steps that are cut off: a variance of normally distributed steps comes out right."""
_MAD_TO_DEVIATION = 1.4826
_LARGEST = 1e100
"""A variance beyond this would overflow; no measured value comes near."""


class Normal:
    """The moving mean, `level`, and variance of one value; nothing is judged before `is_learnt`."""

    __slots__ = ("level", "repeated", "repeats", "seen", "start", "value", "variance")

    def __init__(self) -> None:
        self.start: list[float] | None = []
        """The first values, until there are enough for a median."""
        self.level = 0.0
        self.variance = 0.0
        self.value = math.nan
        """The last value that came."""
        self.repeats = 0
        """How often that value came again, one after the other."""
        # Small integers, since Python holds those once for all: a farm has many of these.
        self.seen = 0
        """How many values came; halved, with `repeated`, when they are many, so that what is long ago counts less."""
        self.repeated = 0
        """How many of them were the same as the one before."""

    @property
    def is_learnt(self) -> bool:
        """Whether so many readings were learnt that another can be judged by them."""
        return self.seen >= LEARNT_READINGS

    @property
    def chance(self) -> float:
        """How often a value is the same as the one before it."""
        return self.repeated / max(1, self.seen)

    @property
    def deviation(self) -> float:
        """The standard deviation of a value from the mean before it."""
        return math.sqrt(self.variance)

    def take_usual(self, value: float, gain: float) -> bool:
        """Learn a value within two standard deviations, as nearly all are: this must cost next to nothing.

        False: nothing was learnt, and the value is for `score` and `follow`.
        """
        step = value - self.level
        square = step * step
        if square > 4.0 * self.variance or value == self.value or self.seen < LEARNT_READINGS:
            return False
        self.level += gain * step
        self.variance += _VARIANCE_GAIN * (_CONSISTENT * square - self.variance)
        self.value = value
        self.repeats = 0
        self.seen += 1
        if self.seen > _MOST_SEEN:
            self._halve()
        return True

    def is_near(self, value: float, deadband: float) -> bool:
        """Whether a value is as near as a usual one, and not the same again and again: `is_unusual`, made quick."""
        step = value - self.level
        if (step > deadband or step < -deadband) and step * step > _SQUARE * self.variance:
            return False
        return self.seen >= LEARNT_READINGS and (value != self.value or self.repeats < _MAY_REPEAT)

    def may_come(self, value: float) -> bool:
        """Whether a value is learnt, and not the same again and again."""
        return self.seen >= LEARNT_READINGS and (value != self.value or self.repeats < _MAY_REPEAT)

    def move(self, value: float, gain: float) -> None:
        """Move the mean to a value that was found usual; its scatter is not learnt, and `count` counts it later."""
        self.level += gain * (value - self.level)
        if value != self.value:
            self.value = value
            self.repeats = 0
        else:
            self.repeats += 1
            self.repeated += 1

    def count(self, values: int) -> None:
        """Count values that moved the mean."""
        if self.start is None:
            self.seen += values
            if self.seen > _MOST_SEEN:
                self._halve()

    def score(self, value: float, deadband: float) -> float:
        """How unusual: the distance from the mean in standard deviations, at least a fifth of the deadband each.

        After repeats the true value went on unseen: the deviation is that of a walk of as many steps.
        """
        return (value - self.level) / self._scale(deadband)

    def is_unusual(self, value: float, deadband: float) -> bool:
        """Whether a value is beyond both the usual and the deadband."""
        return self.is_learnt and abs(value - self.level) > UNUSUAL * self._scale(deadband)

    def _scale(self, deadband: float) -> float:
        return max(math.sqrt(self.variance * (1 + self.repeats)), deadband / UNUSUAL, 1e-12)

    def follow(self, value: float, gain: float, deadband: float) -> None:
        """Learn any value that is not rejected: a step counts as two deviations at most, its square as nine."""
        if self.start is not None:
            self._begin(value)
            return
        self._note(value)
        if self.repeats and self.chance <= COARSE:
            return  # a step of 0 says nothing of the next
        step = value - self.level
        most = max(2.0 * math.sqrt(self.variance), deadband / UNUSUAL)
        self.level += max(gain, 1 / (self.seen + 1)) * min(max(step, -most), most)
        square = min(step * step, max(9.0 * self.variance, (deadband / UNUSUAL) ** 2))
        variance_gain = _VARIANCE_GAIN if self.is_learnt else 1 / (self.seen + 1)
        self.variance += variance_gain * (_CONSISTENT * square - self.variance)

    def reject(self, value: float) -> None:
        """See a value that is not to be learnt."""
        if self.start is None:
            self._note(value)

    def _note(self, value: float) -> None:
        again = value == self.value
        self.repeats = self.repeats + 1 if again else 0
        if self.repeats < FROZEN_REPEATS or not self.is_learnt or self.chance > COARSE:
            self.seen += 1
            self.repeated += again
            if self.seen > _MOST_SEEN:
                self._halve()
        self.value = value

    def _halve(self) -> None:
        self.seen //= 2
        self.repeated //= 2

    def _begin(self, value: float) -> None:
        start = self.start = [*(self.start or ()), value]
        self.value = value
        if len(start) < _START_READINGS:
            return
        self.level = median(start)
        steps = [abs(high - low) for low, high in pairwise(start)]
        self.variance = min((_MAD_TO_DEVIATION * median(steps)) ** 2, _LARGEST)
        self.repeated = steps.count(0.0)
        self.seen = len(start)
        self.start = None

    @property
    def frozen_score(self) -> float:
        """How sure it is that the value is frozen, in standard deviations; 0 where it may as well repeat by chance."""
        if self.repeats < FROZEN_REPEATS or not self.is_learnt or self.chance > COARSE:
            return 0.0
        surprise = -self.repeats * math.log(max(self.chance, FROZEN_CHANCE ** (1 / FROZEN_REPEATS)))
        return math.sqrt(2 * surprise) if surprise >= -math.log(FROZEN_CHANCE) - 1e-9 else 0.0

    def numbers(self) -> list[float] | None:
        """What is to be remembered; None before the start is over."""
        if self.start is not None:
            return None
        return [self.level, self.variance, self.value, self.repeats, self.repeated, self.seen]

    @classmethod
    def of(cls, numbers: list[float] | None) -> "Normal":
        """Go on from what was remembered. Raises ValueError for anything else."""
        normal = cls()
        if numbers is not None:
            if len(numbers) != 6 or not all(map(math.isfinite, numbers)) or min(numbers[1], *numbers[3:]) < 0:
                raise ValueError("a normal has six numbers")
            normal.start = None
            normal.level, normal.variance, normal.value = (float(number) for number in numbers[:3])
            normal.repeats, normal.repeated, normal.seen = (int(number) for number in numbers[3:])
        return normal
