"""Each turbine's own normal, learnt as its readings come, and what deviates from it."""

from collections.abc import Mapping, Sequence
from math import isnan

from grid.metrics import OperationalStatus
from grid.times import SECOND
from monitor.baselines.curves import OwnCurve, published_curve
from monitor.baselines.findings import FindingIds, is_residual_open, leave, settle, silence
from monitor.baselines.judging import judge, lasting_residual
from monitor.baselines.limits import gains
from monitor.baselines.neighbours import Neighbourhood
from monitor.baselines.track import KW_MICROSECONDS, NEVER, UNKNOWN_MODEL, Deviation, Track
from monitor.baselines.usual import QUICK, TURNS, take_usual
from monitor.baselines.verdicts import Neighbours, Shown
from monitor.facts import BaselineChanges, Finding, Link, LinkReason, Now, Reading, RememberedKnowledge, TurbineRecord

SETTLE_SECONDS = 10
"""After a repair or a new start, power and current are not judged for so long."""
SAVE_SECONDS = 60.0
"""What was learnt of a turbine is kept about so often, in watched seconds: a crash costs no more."""
MOST_RECORDS = 50
"""In one commit."""

_LOOK_SECONDS = 1.0


class Baselines:
    """Judges each turbine's newest readings, one a second of event time on average, by what it has learnt."""

    def __init__(self, remembered: RememberedKnowledge, *, now: Now) -> None:
        """Continue with what was learnt, and with the findings that had not ended."""
        self._tracks: dict[int, Track] = {}
        self._ids = FindingIds(remembered.next_finding_id)
        self._neighbourhood = Neighbourhood()
        self._look_at = now.watched
        self._turbines: Mapping[int, TurbineRecord] = {}
        for record in remembered.baselines:
            track = self._tracks[record.turbine_number] = Track.of(record)
            track.curve.model = published_curve(*track.model)
            self._plan_saving(track, now)
        for finding in remembered.open_findings:
            track = self._tracks.get(finding.turbine_number) or self._register(finding.turbine_number, now)
            track.open = [*(track.open or ()), Deviation(finding, max(track.at, finding.since))]

    def take(self, readings: Sequence[Reading], turbines: Mapping[int, TurbineRecord], now: Now) -> BaselineChanges:
        """Take a batch's readings; late and repeated ones change nothing."""
        changes = BaselineChanges()
        self._turbines = turbines
        tracks, watched = self._tracks, now.watched
        for reading in readings:
            # At more than a reading a second nearly all end here: this must cost next to nothing.
            track = tracks.get(reading[0])
            if track is None:
                track = self._register(reading[0], now)
            if reading[1] >= track.judge_from and not take_usual(track, reading, watched):
                self._judge(track, reading, now, changes)
        if now.watched >= self._look_at:
            self._look_at = now.watched + _LOOK_SECONDS
            self._look_at_links(now, changes.findings)
        return changes

    def has_learnt(self, turbine_number: int) -> bool:
        """Whether everything that the turbine shows, and its power against the wind, can be judged by now."""
        track = self._tracks.get(turbine_number)
        if track is None or not track.is_learnt:
            return False
        return all(normal.is_learnt for normal in track.normals().values() if not isnan(normal.value))

    def _register(self, number: int, now: Now) -> Track:
        track = self._tracks[number] = Track(number)
        self._plan_saving(track, now)
        return track

    def _plan_saving(self, track: Track, now: Now) -> None:
        # Each has a moment of its own, so that a farm's records spread over the minute.
        track.heard = now.watched
        track.save_at = now.watched + SAVE_SECONDS * (track.turbine_number * 0.618 % 1)

    def _judge(self, track: Track, reading: Reading, now: Now, changes: BaselineChanges) -> None:
        track.heard = now.watched
        track.count_usual()
        gap = reading.emitted_at - track.at if track.at != NEVER else 0
        record = self._turbines.get(reading.turbine_number)
        _follow_turns(track, reading, record, gap)
        shown = _shown(track, reading)

        def ask() -> Neighbours | None:
            return self._neighbourhood.ask(track, self._tracks, self._turbines, now.watched)

        verdicts = judge(track, shown, gains(gap), ask)
        if track.drift and (residual := lasting_residual(track, ask, is_open=is_residual_open(track))):
            verdicts.append(residual)
        if verdicts or track.open:
            changes.findings += settle(track, reading.emitted_at, verdicts, self._ids)
        if now.watched >= track.save_at and len(changes.records) < MOST_RECORDS:
            track.save_at = now.watched + SAVE_SECONDS
            changes.records.append(track.record())

    def _look_at_links(self, now: Now, findings: list[Finding]) -> None:
        """Find turbines that are connected and silent, and end what was found of those that are gone."""
        silent: list[Track] = []
        for number, record in self._turbines.items():
            if record.link is not Link.STALE and record.link is not Link.OFFLINE:
                continue
            if (track := self._tracks.get(number)) is None:
                continue
            is_silent = record.link is Link.STALE or record.link_reason is LinkReason.SILENT
            if is_silent and track.interval and track.is_learnt:
                silent.append(track)
            if track.open and record.link is Link.OFFLINE:
                findings += leave(track, None if is_silent else now.watched - track.heard)
        if len(silent) > 1 and 2 * len(silent) > len(self._turbines):
            return  # the fault lies elsewhere
        for track in silent:
            findings += silence(track, now.watched - track.heard, self._ids)


def _follow_turns(track: Track, reading: Reading, record: TurbineRecord | None, gap: int) -> None:
    """Note what a reading says of itself: when, of which session, broken or not, and how long its energy took."""
    at = reading.emitted_at
    broken = reading.operational_status is OperationalStatus.BROKEN
    if track.at == NEVER:
        track.first_at = at
    elif broken is not track.broken or (reading.session != track.session and track.session is not None):
        track.settled_from = at + SETTLE_SECONDS * SECOND
        track.drift = 0.0
    if gap:
        counted = reading.sequence if reading.session == track.session else None
        if counted is None:
            track.notice(gap)
        track.interval = track.interval_of(gap, counted)
        track.turn = (track.turn + 1) % TURNS if gap < QUICK else 0
    if reading.session != track.session:
        track.session = reading.session
    track.broken, track.sequence = broken, reading.sequence
    track.judge_after(at)
    track.at = at
    if record is not None and track.turn == 0 and (record.model, record.rated_power_in_kw) != track.model:
        if track.model != UNKNOWN_MODEL:
            track.curve = OwnCurve()  # another machine
        track.model = record.model, record.rated_power_in_kw
        track.curve.model = published_curve(*track.model)


def _shown(track: Track, reading: Reading) -> Shown:
    """What the instruments show; the power only of a turbine that runs."""
    power, current = None, None
    if not track.broken and track.interval and reading.emitted_at >= track.settled_from:
        power = reading.power_output_in_kwh * KW_MICROSECONDS / track.interval
        current = reading.current
    return Shown(reading.wind_speed, power, reading.voltage, current, reading.temperature)
