"""One quantity judged by its own past, and wind by what the neighbours show."""

from collections.abc import Callable
from typing import NamedTuple

from monitor.baselines.limits import DEADBANDS, Gains
from monitor.baselines.normal import Normal
from monitor.baselines.track import Track
from monitor.facts import FindingKind


class Shown(NamedTuple):
    """What a turbine's instruments show. Power in kW is None while the turbine does not run, or is just starting."""

    wind_speed: float
    power: float | None
    voltage: float | None
    current: float | None
    temperature: float | None


class Verdict(NamedTuple):
    """One quantity is not what was expected."""

    quantity: str
    kind: FindingKind
    expected: float | None
    observed: float
    score: float
    """In standard deviations."""


class Neighbours(NamedTuple):
    """Medians of what the turbines nearby show at this time."""

    wind_speed: float
    drift_share: float
    """Of rated power: how far they are from their own curves."""


Ask = Callable[[], Neighbours | None]
"""What the neighbours show; None where too few are near. Only asked in doubt."""


def doubt(track: Track, quantity: str, value: float, gain: float, deadband: float, verdicts: list[Verdict]) -> None:
    """Judge a value by the quantity's own past."""
    normal: Normal = getattr(track, quantity)
    if value == normal.value or not (track.is_learnt and normal.is_unusual(value, deadband)):
        normal.follow(value, gain, deadband)
        tell_frozen(track, quantity, normal, verdicts)
        return
    verdicts.append(deviation_of(quantity, normal.level, value, normal.score(value, deadband)))
    if quantity == "wind_speed":
        normal.follow(value, gain, deadband)  # a calm or a storm that came between two readings must not last for ever
    else:
        normal.reject(value)


def tell_frozen(track: Track, quantity: str, normal: Normal, verdicts: list[Verdict]) -> None:
    """Add the verdict that a value is frozen, if it has come again too often for chance."""
    if normal.repeats and track.is_learnt and (score := normal.frozen_score):
        verdicts.append(Verdict(quantity, FindingKind.FROZEN, None, normal.value, score))


def deviation_of(quantity: str, expected: float, observed: float, score: float) -> Verdict:
    """The verdict that a value is away from what was expected; `score` is in standard deviations."""
    kind = FindingKind.SPIKE if observed > expected else FindingKind.DROP
    return Verdict(quantity, kind, expected, observed, min(abs(score), 1e6))


def doubt_wind(track: Track, wind_speed: float, gain: Gains, ask: Ask, verdicts: list[Verdict]) -> None:
    """Judge a wind by its own past, unless the neighbours have such a wind too."""
    deadband = DEADBANDS["wind_speed"]
    if wind_speed != track.wind_speed.value and track.wind_speed.is_unusual(wind_speed, deadband):
        neighbours = ask()
        if neighbours is not None and not is_other_wind(wind_speed, neighbours):
            track.wind_speed.follow(wind_speed, gain.quick, deadband)
            return
    doubt(track, "wind_speed", wind_speed, gain.quick, deadband, verdicts)


def is_other_wind(wind_speed: float, neighbours: Neighbours) -> bool:
    """Whether a wind, in m/s, is another one than the neighbours have."""
    return abs(wind_speed - neighbours.wind_speed) > max(2.0, 0.3 * neighbours.wind_speed)
