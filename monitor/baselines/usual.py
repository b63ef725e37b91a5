"""The quick way for the usual reading: it moves the means; how far values scatter is learnt from every eighth.

Nearly all readings of a farm end here, so each attribute counts. It accepts a part of what `judge` would find nothing
in, and has no verdicts of its own: what it does not accept is judged in full.
"""

from grid.metrics import OperationalStatus
from grid.times import SECOND
from monitor.baselines.limits import (
    CURRENT_SHARE,
    DEADBANDS,
    DRIFT_SHARE,
    GAINS,
    POWER_SHARE,
    VOLTAGE_SHARE,
    Gains,
)
from monitor.baselines.normal import LEARNT_READINGS, UNUSUAL
from monitor.baselines.track import KW_MICROSECONDS, LEARNT_SECONDS, Track
from monitor.baselines.triangle import should_move
from monitor.facts import Reading

TURNS = 8
"""Of readings that come quickly, every eighth is judged in full, whatever it shows, and teaches all that it can."""
QUICK = 64 * SECOND
"""Readings that are further apart are all judged in full: there is time enough, and each of them teaches."""

_OK = OperationalStatus.OK
_LEARNT = LEARNT_SECONDS * SECOND
_LAST_TURN = TURNS - 1
_SQUARE = UNUSUAL * UNUSUAL
_WIND_SPEED = DEADBANDS["wind_speed"]
_HALF = SECOND // 2


def take_usual(track: Track, reading: Reading, watched: float) -> bool:
    """Take a reading that shows nothing unusual. False: nothing was taken, and it is to be judged in full."""
    _, at, wind_speed, energy, status, voltage, current, temperature, session, sequence, _ = reading
    gap = at - track.at
    if (
        gap >= QUICK
        or track.turn == _LAST_TURN
        or status is not _OK
        or session != track.session
        or _is_unsettled(track, at)
    ):
        return False
    gain = GAINS[gap.bit_length()]
    interval = track.interval_of(gap, sequence)
    power = energy * KW_MICROSECONDS / interval
    if (voltage is not None and not track.voltage.is_near(voltage, VOLTAGE_SHARE * track.voltage.level)) or (
        temperature is not None and not track.temperature.is_near(temperature, gain.warming)
    ):
        return False
    if not track.wind_speed.is_near(wind_speed, _WIND_SPEED) or not _follows_power(track, current, power):
        return False
    drift = _drift(track, wind_speed, power, gain.drift)
    if drift is None:
        return False
    _move(track, wind_speed, power, voltage, current, temperature, gain)
    track.interval, track.drift, track.sequence, track.heard = interval, drift, sequence, watched
    track.count(at)
    return True


def _is_unsettled(track: Track, at: int) -> bool:
    return track.open is not None or track.broken or at < track.settled_from or at - track.first_at < _LEARNT


def _follows_power(track: Track, current: float | None, power: float) -> bool:
    """Whether current is what it should be at this power, and not the same again and again."""
    if current is None:
        return True
    ratio, rated = track.current_per_power, track.curve.rated_power
    amperes = ratio.level * abs(power)
    off = abs(current - amperes)
    if off > POWER_SHARE * ratio.level * rated and off > CURRENT_SHARE * amperes:
        return off * off <= _SQUARE * ratio.variance * power * power and ratio.seen >= LEARNT_READINGS
    return ratio.seen >= LEARNT_READINGS and track.current.may_come(current)


def _drift(track: Track, wind_speed: float, power: float, gain: float) -> float | None:
    """The mean residual with this reading; None if it is not as expected in this wind, or away from it for long."""
    curve, residual = track.curve, track.residual
    expected, rated = curve.power(wind_speed, power), curve.rated_power
    if residual.seen < LEARNT_READINGS:
        return None
    if expected is None:  # it has not shown yet what it makes of such a wind
        return None if power == track.power.value else track.drift
    off = power - expected - residual.level
    if abs(off) > POWER_SHARE * rated and off * off > _SQUARE * residual.variance:
        return None
    if power == track.power.value and should_move(track, wind_speed, power, expected, rated):
        return None
    drift = track.drift + gain * (off - track.drift)
    return drift if abs(drift) <= DRIFT_SHARE * rated else None


def _move(
    track: Track,
    wind_speed: float,
    power: float,
    voltage: float | None,
    current: float | None,
    temperature: float | None,
    gain: Gains,
) -> None:
    if not track.wind_speed.take_usual(wind_speed, gain.quick):
        track.wind_speed.follow(wind_speed, gain.quick, _WIND_SPEED)
    if power != track.power.value:
        track.power.move(power, gain.quick)
    else:
        track.power.repeats = 0  # in a calm, or at full load
    if voltage is not None:
        track.voltage.move(voltage, gain.steady)
    if temperature is not None:
        track.temperature.move(temperature, gain.warm)
    if current is not None:
        track.current.move(current, gain.quick)
