"""What an outage lost: what the wind would have made of it, less what was made."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import NamedTuple, Protocol

from grid.times import SECOND
from monitor.facts import Category, LostEnergyBy, LostEnergyUnknown
from monitor.outages.merging import Span

BIN_WIDTH = 0.5
"""In m/s."""
ENOUGH_BINS = 8
"""A curve over 4 m/s of wind."""
ENOUGH_IN_A_BIN = 3
"""Quarter hours: IEC 61400-12-1 asks for 30 minutes in each bin, and these are not filtered as it asks."""
ENOUGH_KNOWN = 0.5
"""Of the time of an outage: with less, what is known says too little of the rest."""

_HOUR = 3600.0


class Curve(Protocol):
    """Power in kW by wind speed in m/s; None where the turbine stands by."""

    def power(self, wind_speed: float) -> float | None:
        """The mean power in kW at a wind speed in m/s."""


@dataclass(frozen=True, slots=True)
class LearntCurve:
    """The means of bins by rising wind speed, with straight lines between them, level beyond both ends."""

    wind_speeds: Sequence[float]
    powers: Sequence[float]

    @classmethod
    def of(cls, bins: Iterable[tuple[float, float, int]]) -> "LearntCurve | None":
        """A curve of bins (mean wind speed, mean power, how many quarter hours), by the method of bins of
        IEC 61400-12-1; None if too few of them hold enough.
        """
        full = sorted((wind_speed, power) for wind_speed, power, held in bins if held >= ENOUGH_IN_A_BIN)
        if len(full) < ENOUGH_BINS:
            return None
        return cls(tuple(point[0] for point in full), tuple(point[1] for point in full))

    def power(self, wind_speed: float) -> float:
        """The power in kW at a wind speed in m/s."""
        if wind_speed <= self.wind_speeds[0]:
            return self.powers[0]
        if wind_speed >= self.wind_speeds[-1]:
            return self.powers[-1]
        above = bisect_right(self.wind_speeds, wind_speed)
        low, high = self.wind_speeds[above - 1], self.wind_speeds[above]
        share = (wind_speed - low) / (high - low)
        return self.powers[above - 1] + share * (self.powers[above] - self.powers[above - 1])


class Output(NamedTuple):
    """What a window tells of a turbine's output."""

    span: Span
    wind_speed: float
    power_in_kw: float
    """The mean over the time that its readings speak for."""


class Lost(NamedTuple):
    """What an outage lost, or why nobody knows."""

    energy_in_kwh: float | None
    by: LostEnergyBy | None = None
    unknown: LostEnergyUnknown | None = None


class Neighbours(NamedTuple):
    """What the neighbours would have made in the turbine's place: mean power in kW, and for how long it is known."""

    power_in_kw: float
    known_seconds: float


def beside(outputs: Iterable[Output], out: Sequence[Span]) -> Iterator[Output]:
    """The outputs that don't overlap any of the spans in which the turbine was out; both in order of time."""
    following = iter(out)
    span = next(following, None)
    for output in outputs:
        while span is not None and span.until_at <= output.span.from_at:
            span = next(following, None)
        if span is None or output.span.until_at <= span.from_at:
            yield output


def bins(outputs: Iterable[Output]) -> list[tuple[float, float, int]]:
    """Mean wind speed and power of each bin, and how many outputs it holds.

    Bins are 0.5 m/s wide and centred on multiples of that, as IEC 61400-12-1 has them.
    """
    held: dict[int, list[Output]] = {}
    for output in outputs:
        held.setdefault(int((output.wind_speed + BIN_WIDTH / 2) // BIN_WIDTH), []).append(output)
    return [
        (fmean(one.wind_speed for one in found), fmean(one.power_in_kw for one in found), len(found))
        for found in held.values()
    ]


def overlap_seconds(span: Span, down: Iterable[Span]) -> float:
    """How much of a time lies in others, which don't overlap each other."""
    shared = (min(span.until_at, other.until_at) - max(span.from_at, other.from_at) for other in down)
    return sum(seconds for seconds in shared if seconds > 0) / SECOND


def length_seconds(down: Iterable[Span]) -> float:
    """How long times are together, which don't overlap."""
    return sum(span.until_at - span.from_at for span in down) / SECOND


def lost_by_curve(
    down: Sequence[Span], outputs: Sequence[Output], curve: Curve, by: LostEnergyBy, *, is_bounded: bool = False
) -> Lost | None:
    """What the curve says of the wind then, less what was made; None if too little is known of that time.

    All that a window lacks is put down to the outage that touches it: what it made outside lies on the curve, but
    for chance. With `is_bounded` it is no more than all that the wind would have made in that time, and what was
    consumed, so that a short outage is not charged with chance; over many outages unbounded figures are right on
    average. Time of which no window tells is taken to be as the rest. Less than nothing counts as nothing.
    """
    known, lost, most = 0.0, 0.0, 0.0
    for output in outputs:
        shared = overlap_seconds(output.span, down)
        if shared:
            known += shared
            potential = curve.power(output.wind_speed) or 0.0
            lost += (potential - output.power_in_kw) * length_seconds([output.span]) / _HOUR
            most += (potential - min(0.0, output.power_in_kw)) * shared / _HOUR
    if not known or known < ENOUGH_KNOWN * length_seconds(down):
        return None
    return Lost(max(0.0, (min(lost, most) if is_bounded else lost) * length_seconds(down) / known), by)


def lost_by_neighbours(
    down: Sequence[Span], outputs: Sequence[Output], neighbours: Neighbours | None, category: Category | None
) -> Lost:
    """What the neighbours made, scaled, less what was made.

    A turbine of which no information came may have made all that it could: nobody knows. Of one that was out for
    another cause, what nobody reports was not made.
    """
    seconds = length_seconds(down)
    known = sum(overlap_seconds(output.span, down) for output in outputs)
    if category is Category.INFORMATION_UNAVAILABLE and known < ENOUGH_KNOWN * seconds:
        return Lost(None, unknown=LostEnergyUnknown.NO_INFORMATION)
    if neighbours is None or neighbours.known_seconds < ENOUGH_KNOWN * seconds:
        return Lost(None, unknown=LostEnergyUnknown.NO_CURVE)
    made = sum(output.power_in_kw * overlap_seconds(output.span, down) for output in outputs) / _HOUR
    return Lost(max(0.0, neighbours.power_in_kw * seconds / _HOUR - made), LostEnergyBy.NEIGHBOURS)
