"""The power that a wind speed should give: by the published curve of the model, or by what the turbine has shown."""

from array import array
from collections.abc import Sequence
from functools import lru_cache

from grid.power_curve import PowerCurve, curve_for

BINS = 30
"""Of 1 m/s each, and one for all above; IEC 61400-12-1 has bins of half that, which take twice as long to fill."""
LEARNT_READINGS = 10
"""Nothing is expected of a bin with fewer readings."""
_REMEMBERED_READINGS = 250
_ROBUST_FROM = 4

_STEPS = 10
"""Per m/s, in the table of a published curve: its points lie on whole steps."""
_RUNS_UNTIL = 3.0
_STANDS_FROM = 4.0
"""Around cut-out a turbine may run or stand: it stops by the gusts, and starts again at less wind (hysteresis)."""


class OwnCurve:
    """What a turbine makes of the wind: its model's published curve, corrected by the turbine's own readings.

    The corrections are the mean residuals in bins of wind speed (method of bins, IEC 61400-12-1). Without a published
    curve they are the whole curve.
    """

    __slots__ = ("_model", "corrections", "counts", "rated_power")

    def __init__(
        self,
        model: "ModelCurve | None" = None,
        corrections: Sequence[float] | None = None,
        counts: Sequence[int] | None = None,
    ) -> None:
        """Go on with what was learnt."""
        self.corrections = array("f", corrections or [0.0] * (BINS + 1))
        self.counts = array("B", counts or [0] * (BINS + 1))
        self.rated_power = 0.0
        """The highest power, in kW: of the model, else the largest that was learnt; 0 before any."""
        self.model = model

    @property
    def model(self) -> "ModelCurve | None":
        """The published curve, if there is one."""
        return self._model

    @model.setter
    def model(self, model: "ModelCurve | None") -> None:
        self._model = model
        learnt = (power for power, count in zip(self.corrections, self.counts, strict=True) if count >= LEARNT_READINGS)
        self.rated_power = max(learnt, default=0.0) if model is None else model.rated_power

    def is_learnt_at(self, wind_speed: float) -> bool:
        """Whether the turbine has shown often enough what it makes of such a wind."""
        return self.counts[min(int(wind_speed), BINS)] >= LEARNT_READINGS

    def power(self, wind_speed: float, shown: float) -> float | None:
        """The power in kW at a wind speed in m/s, None where it is not known.

        Where the turbine may run or stand, what is nearer to the power that it has `shown`.
        """
        below = int(wind_speed - 0.5)
        counts, corrections = self.counts, self.corrections
        if below < BINS - 1 and counts[below] >= LEARNT_READINGS and counts[below + 1] >= LEARNT_READINGS:
            correction, share = corrections[below], wind_speed - 0.5 - below
            if share > 0.0:
                correction += share * (corrections[below + 1] - correction)
        else:
            place = min(int(wind_speed), BINS)
            if self._model is None and (place < BINS or counts[place] < LEARNT_READINGS):
                return None
            correction = corrections[place] if counts[place] >= LEARNT_READINGS else 0.0
        model = self._model
        return correction if model is None else correction + model.power(wind_speed, shown)

    def learn(self, wind_speed: float, power: float, most: float) -> None:
        """Learn a reading; it counts as `most` kW away at most. Without a model the first ones count in full."""
        place = min(int(wind_speed), BINS)
        count = self.counts[place]
        base = 0.0 if self._model is None else self._model.power(wind_speed, power)
        step = power - base - self.corrections[place]
        if self._model is not None or count >= _ROBUST_FROM:
            step = min(max(step, -most), most)
        if count < _REMEMBERED_READINGS:
            count = self.counts[place] = count + 1
        self.corrections[place] += step / count
        if self._model is None and count >= LEARNT_READINGS:
            self.rated_power = max(self.rated_power, self.corrections[place])


class ModelCurve:
    """The published curve of a turbine's model, as a table. One object serves all turbines of the model."""

    __slots__ = ("_doubtful_from", "_doubtful_until", "_powers", "rated_power")

    def __init__(self, curve: PowerCurve) -> None:
        """Take a published curve."""
        self.rated_power = curve.rated_power
        self._doubtful_from, self._doubtful_until = curve.cut_out - _STANDS_FROM, curve.cut_out + _RUNS_UNTIL
        steps = range(int(self._doubtful_from * _STEPS) + 2)
        self._powers = tuple(curve.power(step / _STEPS) or 0.0 for step in steps)

    def power(self, wind_speed: float, shown: float) -> float:
        """The published power; 0 where the turbine stands."""
        if wind_speed < self._doubtful_from:
            place = wind_speed * _STEPS
            below = int(place)
            low = self._powers[below]
            return low + (place - below) * (self._powers[below + 1] - low)
        if wind_speed > self._doubtful_until or 2 * shown < self.rated_power:
            return 0.0
        return self.rated_power


@lru_cache(256)
def published_curve(model: str | None, rated_power: float | None) -> ModelCurve | None:
    """The published curve of a model, if it is known; one for all turbines of it."""
    curve = curve_for(model, rated_power)
    return None if curve is None else ModelCurve(curve)
