"""What is normal for a turbine now, in words and numbers: for people who ask why something was found, or was not."""

from dataclasses import dataclass

from grid.times import SECOND
from monitor.baselines.curves import BINS, published_curve
from monitor.baselines.limits import DEADBANDS, POWER_SHARE, VOLTAGE_SHARE, gains
from monitor.baselines.normal import LEARNT_READINGS, UNUSUAL, Normal
from monitor.baselines.sentences import NAMES, UNITS, amount
from monitor.baselines.track import LEARNT_SECONDS, NEVER, Track
from monitor.facts import BaselineRecord


@dataclass(frozen=True, slots=True)
class NormalQuantity:
    """What a quantity should be now. Numbers are None before they are learnt."""

    quantity: str
    unit: str
    is_learnt: bool
    expected: float | None
    deviation: float | None
    """The standard deviation of a value from what was expected of it."""
    low: float | None
    """A value below this is found to be unusual."""
    high: float | None
    sentence: str


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """What the turbine makes of a wind."""

    wind_speed: float
    power: float


@dataclass(frozen=True, slots=True)
class Portrait:
    """A turbine's normal, as it was last kept: a minute old at most while it sends."""

    turbine_number: int
    learnt_from: int | None
    """The first reading that was learnt from; None where nothing is."""
    learnt_to: int
    is_learnt: bool
    interval_seconds: float | None
    quantities: list[NormalQuantity]
    residual_in_kw: float
    """How much more than its curve says the turbine has made lately, in kW; negative: less."""
    curve: list[CurvePoint]
    """Where it was learnt."""
    sentences: list[str]


def portrait(record: BaselineRecord) -> Portrait:
    """Tell what a record holds. One of another version says that nothing is learnt."""
    track = Track.of(record)
    track.curve.model = published_curve(*track.model)
    quantities = [_quantity(track, name) for name in UNITS if track.normals()[name].seen]
    return Portrait(
        turbine_number=record.turbine_number,
        learnt_from=None if track.first_at == NEVER else track.first_at,
        learnt_to=record.learnt_to,
        is_learnt=track.is_learnt and all(quantity.is_learnt for quantity in quantities),
        interval_seconds=track.interval / SECOND or None,
        quantities=quantities,
        residual_in_kw=track.drift,
        curve=_curve(track),
        sentences=[*_beginning(track), *(quantity.sentence for quantity in quantities), *_end(track)],
    )


def _quantity(track: Track, name: str) -> NormalQuantity:
    normal: Normal = track.normals()[name]
    spoken = NAMES.get(name, name).capitalize()
    is_judged_by = track.residual if name == "power" else track.current_per_power if name == "current" else normal
    if not (normal.is_learnt and is_judged_by.is_learnt and track.is_learnt):
        sentence = f"{spoken} is not learnt yet."
        return NormalQuantity(name, UNITS[name], False, None, None, None, None, sentence)
    expected, deviation, deadband = _expected(track, name, normal)
    band = max(UNUSUAL * deviation, deadband)
    about = f"{spoken} should be about {amount(name, expected)}{_given(name)}"
    sentence = f"{about}; {amount(name, band)} more or less is usual."
    return NormalQuantity(name, UNITS[name], True, expected, deviation, expected - band, expected + band, sentence)


def _given(name: str) -> str:
    return {"power": " in this wind", "current": " at this power"}.get(name, "")


def _expected(track: Track, name: str, normal: Normal) -> tuple[float, float, float]:
    """What is expected now, its standard deviation and its deadband."""
    rated = track.curve.rated_power
    if name == "power":
        expected = track.curve.power(max(0.0, track.wind_speed.level), normal.level)
        return normal.level if expected is None else expected, track.residual.deviation, POWER_SHARE * rated
    if name == "current":
        ratio, power = track.current_per_power, abs(track.power.level)
        return ratio.level * power, ratio.deviation * power, POWER_SHARE * ratio.level * rated
    deadbands = {
        "wind_speed": DEADBANDS["wind_speed"],
        "voltage": max(1.0, VOLTAGE_SHARE * abs(normal.level)),
        "temperature": gains(track.interval).warming,
    }
    return normal.level, normal.deviation, deadbands[name]


def _curve(track: Track) -> list[CurvePoint]:
    points = ((place + 0.5, track.curve.power(place + 0.5, 0.0)) for place in range(BINS) if track.curve.counts[place])
    return [CurvePoint(wind_speed, power) for wind_speed, power in points if power is not None]


def _beginning(track: Track) -> list[str]:
    if track.is_learnt:
        return [f"A reading comes every {track.interval / SECOND:.1f} s."]
    return [f"Nothing is judged before {LEARNT_SECONDS} s and {LEARNT_READINGS} readings."]


def _end(track: Track) -> list[str]:
    if not track.residual.is_learnt:
        return []
    more = "more" if track.drift > 0 else "less"
    return [f"Lately it makes {amount('power', abs(track.drift))} {more} than its curve says for the wind."]
