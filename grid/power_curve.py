"""Power by wind speed: a real turbine's published points, with straight lines between them."""

import csv
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class PowerCurve:
    """Points (wind speed in m/s, power in kW) by rising wind speed; the first is cut-in, the last cut-out."""

    wind_speeds: Sequence[float]
    powers: Sequence[float]

    def __post_init__(self) -> None:
        if len(self.wind_speeds) != len(self.powers) or len(self.powers) < 2:
            raise ValueError("a power curve has two points or more")
        if any(high <= low for low, high in zip(self.wind_speeds, self.wind_speeds[1:], strict=False)):
            raise ValueError("the wind speeds of a power curve rise")

    @property
    def cut_in(self) -> float:
        """The lowest wind speed, in m/s, at which the turbine turns."""
        return self.wind_speeds[0]

    @property
    def cut_out(self) -> float:
        """The wind speed, in m/s, above which the turbine stops to protect itself."""
        return self.wind_speeds[-1]

    @property
    def rated_power(self) -> float:
        """The highest power of the curve, in kW."""
        return max(self.powers)

    def power(self, wind_speed: float) -> float | None:
        """The mean power in kW at a wind speed in m/s (IEC 61400-12-1, linear interpolation between bins).

        None when the turbine stands: below cut-in and above cut-out.
        """
        if not self.cut_in <= wind_speed <= self.cut_out:
            return None
        above = min(bisect_right(self.wind_speeds, wind_speed), len(self.wind_speeds) - 1)
        low, high = self.wind_speeds[above - 1], self.wind_speeds[above]
        share = (wind_speed - low) / (high - low)
        return self.powers[above - 1] + share * (self.powers[above] - self.powers[above - 1])


def read_power_curve(lines: Iterable[str]) -> PowerCurve:
    """Read CSV lines: comments after `#`, a heading, then wind speed (m/s) and power (kW). Raises ValueError."""
    rows = list(csv.reader(line for line in lines if not line.startswith("#")))[1:]
    points = [(float(wind_speed), float(power)) for wind_speed, power in rows]
    return PowerCurve(tuple(point[0] for point in points), tuple(point[1] for point in points))


@cache
def mm92() -> PowerCurve:
    """The Senvion MM92's curve (2.05 MW): points that Cubico published, doi 10.5281/zenodo.5841833, CC-BY-4.0."""
    text = files("grid").joinpath("mm92_power_curve.csv").read_text(encoding="utf-8")
    return read_power_curve(text.splitlines())


SAME_RATED_POWER = 0.1
"""A turbine whose rated power differs by a larger share from its model's is of another variant."""


def curve_for(model: str | None, rated_power_in_kw: float | None) -> PowerCurve | None:
    """The published curve of a model, by its name without regard to case; None for one that is not known here.

    None, too, if the rated power is given and is that of another variant.
    """
    curve = mm92() if model is not None and model.strip().upper() == "MM92" else None
    if curve is None or rated_power_in_kw is None:
        return curve
    return curve if abs(rated_power_in_kw - curve.rated_power) <= SAME_RATED_POWER * curve.rated_power else None
