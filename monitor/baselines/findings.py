"""Findings of one turbine: from a verdict on one reading to what began, lasts and ends."""

from collections.abc import Sequence
from dataclasses import replace

from grid.times import SECOND
from monitor.baselines.curves import OwnCurve
from monitor.baselines.normal import Normal
from monitor.baselines.sentences import finding_in_words
from monitor.baselines.track import Deviation, Track
from monitor.baselines.verdicts import Verdict
from monitor.facts import Finding, FindingKind

LASTING_SECONDS = 30
"""On-delay: what was found for so long, in so many readings, is no mishap of one reading."""
LASTING_READINGS = 3
RESIDUAL_SECONDS = 120
"""On-delay of a residual: before, nothing is told of it, since turbines start and stop."""
OFF_SECONDS = 10
"""Off-delay: a finding ends, at its last reading, when nothing was found for so long."""
NEW_NORMAL_SECONDS = 3600
"""A spike or drop that lasted so long, in so many readings, is what is normal from then on."""
NEW_NORMAL_READINGS = 30

_LEARNT_TOGETHER = {
    "power": ("power", "residual", "current_per_power"),
    "current": ("current", "current_per_power"),
}


class FindingIds:
    """Gives each finding its number."""

    __slots__ = ("_following",)

    def __init__(self, following: int) -> None:
        self._following = following

    def take(self) -> int:
        """The next number."""
        self._following += 1
        return self._following - 1


def settle(track: Track, at: int, verdicts: Sequence[Verdict], ids: FindingIds) -> list[Finding]:
    """Begin, continue and end a turbine's findings by the verdicts on its reading; returns those that changed."""
    told: list[Finding] = []
    going_on: list[Deviation] = []
    left = {(verdict.quantity, verdict.kind): verdict for verdict in verdicts}
    for deviation in track.open or ():
        finding = deviation.finding
        verdict = left.pop((finding.quantity, finding.kind), None)
        if verdict is not None:
            _continue(track, deviation, verdict, at, told)
        if _has_ended(deviation, at) or _is_new_normal(track, deviation):
            _end(deviation, at, told)
        else:
            going_on.append(deviation)
    going_on += [_begin(track, verdict, at, ids, told) for verdict in left.values()]
    track.open = going_on or None
    return told


def is_residual_open(track: Track) -> bool:
    """Whether the turbine was found off its curve already."""
    return any(deviation.finding.kind is FindingKind.RESIDUAL for deviation in track.open or ())


def _begin(track: Track, verdict: Verdict, at: int, ids: FindingIds, told: list[Finding]) -> Deviation:
    readings, since = 1, at
    if verdict.kind is FindingKind.FROZEN:
        # The first repeats were no finding yet: they may have come by chance.
        readings = track.normals()[verdict.quantity].repeats
        since = at - (readings - 1) * track.interval
    elif verdict.kind is FindingKind.RESIDUAL and not track.residual.is_learnt:
        readings = track.standing  # it has stood in wind all the while
        since = at - (readings - 1) * track.interval
    finding = _worded(
        Finding(
            finding_id=ids.take(),
            turbine_number=track.turbine_number,
            quantity=verdict.quantity,
            kind=verdict.kind,
            since=since,
            until=None,
            readings=readings,
            expected=verdict.expected,
            observed=verdict.observed,
            score=verdict.score,
            sentence="",
            lasting=False,
        )
    )
    deviation = Deviation(finding, at, is_told=verdict.kind is not FindingKind.RESIDUAL)
    if deviation.is_told:
        told.append(finding)
    return deviation


def _continue(track: Track, deviation: Deviation, verdict: Verdict, at: int, told: list[Finding]) -> None:
    before = deviation.finding
    finding = replace(before, readings=before.readings + 1, lasting=before.lasting or _lasts(before, at))
    if verdict.score > before.score:
        finding = replace(finding, expected=verdict.expected, observed=verdict.observed, score=verdict.score)
    deviation.last_at = at
    if finding.lasting and not before.lasting:
        finding = _worded(finding)
        deviation.is_told = True
        told.append(finding)
    deviation.finding = finding


def _lasts(before: Finding, at: int) -> bool:
    delay = RESIDUAL_SECONDS if before.kind is FindingKind.RESIDUAL else LASTING_SECONDS
    return before.readings + 1 >= LASTING_READINGS and at - before.since >= delay * SECOND


def _has_ended(deviation: Deviation, at: int) -> bool:
    if deviation.finding.kind is FindingKind.SILENCE:
        return True  # here is a reading
    return at - deviation.last_at >= OFF_SECONDS * SECOND


def _is_new_normal(track: Track, deviation: Deviation) -> bool:
    finding = deviation.finding
    if finding.kind not in (FindingKind.SPIKE, FindingKind.DROP):
        return False
    lasted = deviation.last_at - finding.since
    if finding.readings < NEW_NORMAL_READINGS or lasted < NEW_NORMAL_SECONDS * SECOND:
        return False
    for name in _LEARNT_TOGETHER.get(finding.quantity, (finding.quantity,)):
        setattr(track, name, Normal())
    if finding.quantity == "power":
        track.curve = OwnCurve(track.curve.model)
    return True


def _end(deviation: Deviation, at: int, told: list[Finding]) -> None:
    finding = deviation.finding
    until = at if finding.kind is FindingKind.SILENCE else deviation.last_at
    if deviation.is_told:
        told.append(_worded(replace(finding, until=until)))


def silence(track: Track, silent_seconds: float, ids: FindingIds) -> list[Finding]:
    """Begin or continue the finding that a turbine is silent; returns it where it changed."""
    for deviation in track.open or ():
        before = deviation.finding
        if before.kind is FindingKind.SILENCE:
            if before.lasting or silent_seconds < LASTING_SECONDS:
                return []
            deviation.finding = _silent(track, before.finding_id, silent_seconds, lasting=True)
            return [deviation.finding]
    finding = _silent(track, ids.take(), silent_seconds, lasting=False)
    track.open = [*(track.open or ()), Deviation(finding, track.at)]
    return [finding]


def leave(track: Track, silent_seconds: float | None) -> list[Finding]:
    """End what was found of a turbine that is offline; its silence only where it said or the broker said why.

    `silent_seconds`: for how long nothing came, None while it is just silent.
    """
    told: list[Finding] = []
    going_on: list[Deviation] = []
    for deviation in track.open or ():
        if deviation.finding.kind is not FindingKind.SILENCE:
            _end(deviation, deviation.last_at, told)
        elif silent_seconds is None:
            going_on.append(deviation)
        else:
            _end(deviation, deviation.finding.since + round(silent_seconds * SECOND), told)
    track.open = going_on or None
    return told


def _silent(track: Track, finding_id: int, seconds: float, *, lasting: bool) -> Finding:
    interval = track.interval / SECOND
    return _worded(
        Finding(
            finding_id=finding_id,
            turbine_number=track.turbine_number,
            quantity="readings",
            kind=FindingKind.SILENCE,
            since=track.at,
            until=None,
            readings=0,
            expected=interval,
            observed=seconds,
            score=min(seconds / max(interval, 0.001), 1e6),
            sentence="",
            lasting=lasting,
        )
    )


def _worded(finding: Finding) -> Finding:
    return replace(finding, sentence=finding_in_words(finding))
