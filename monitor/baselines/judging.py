"""A reading judged as a whole: each instrument by its own past, wind, power and current by each other."""

from monitor.baselines.limits import DRIFT_SHARE, VOLTAGE_SHARE, Gains
from monitor.baselines.normal import LEARNT_READINGS, UNUSUAL
from monitor.baselines.track import Track
from monitor.baselines.triangle import Triangle, drift_limit
from monitor.baselines.verdicts import Ask, Shown, Verdict, doubt, doubt_wind
from monitor.facts import FindingKind


def judge(track: Track, shown: Shown, gain: Gains, ask: Ask) -> list[Verdict]:
    """Judge what the instruments show, and learn what is usual."""
    verdicts: list[Verdict] = []
    if shown.voltage is not None and not track.voltage.take_usual(shown.voltage, gain.steady):
        deadband = max(1.0, VOLTAGE_SHARE * abs(track.voltage.level))
        doubt(track, "voltage", shown.voltage, gain.steady, deadband, verdicts)
    if shown.temperature is not None and not track.temperature.take_usual(shown.temperature, gain.warm):
        doubt(track, "temperature", shown.temperature, gain.warm, gain.warming, verdicts)
    if shown.power is None:
        track.off_curve = track.standing = 0
        if not track.wind_speed.take_usual(shown.wind_speed, gain.quick):
            doubt_wind(track, shown.wind_speed, gain, ask, verdicts)
    else:
        Triangle(track, shown.wind_speed, shown.power, shown.current, gain, ask).judge(verdicts)
    return verdicts


def lasting_residual(track: Track, ask: Ask, *, is_open: bool) -> Verdict | None:
    """Whether the turbine makes more or less than its curve says, for longer than a gust, and its neighbours do not.

    One that is open ends at half the limit.
    """
    rated = track.curve.rated_power
    if abs(track.drift) <= 0.5 * DRIFT_SHARE * rated:  # as nearly always
        return None
    limit = drift_limit(track) * (0.5 if is_open else 1.0)
    if rated <= 0 or abs(track.drift) <= limit or not track.is_learnt:
        return None
    if not track.residual.is_learnt and track.standing < LEARNT_READINGS:
        return None  # measured by its model's curve alone: after many readings
    neighbours = ask()
    if neighbours is not None and abs(track.drift - neighbours.drift_share * rated) <= limit:
        return None
    scale = max(track.residual.deviation, DRIFT_SHARE * rated / UNUSUAL)
    return Verdict("power", FindingKind.RESIDUAL, 0.0, track.drift, min(abs(track.drift) / scale, 1e6))
