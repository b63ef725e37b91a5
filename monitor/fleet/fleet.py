"""What is believed of every turbine: its link, its health and its newest reading, judged from the news in order."""

import heapq
from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import chain

from grid.metrics import OperationalStatus
from grid.status import OfflineReason, Presence
from grid.times import SECOND
from monitor.facts import (
    Because,
    Belief,
    Birth,
    BrokerFound,
    BrokerLost,
    Health,
    Link,
    LinkReason,
    News,
    Now,
    Order,
    Reading,
    RepairAnswer,
    StatusReport,
    Told,
    TurbineRecord,
)
from monitor.fleet.objections import (
    LATE,
    is_rumour,
    objection_to_birth,
    objection_to_end,
    objection_to_reading,
)
from monitor.fleet.track import NEVER, Track

REMEMBERED_SESSIONS = 4
"""How many ended sessions are known of each turbine, to tell their late messages."""

LONGEST_LOOK_SECONDS = 60.0
"""An online turbine is looked at at least this often, so that a shorter interval soon counts."""

_HEALTH = {OperationalStatus.OK: Health.OK, OperationalStatus.BROKEN: Health.BROKEN}
_BIRTH_FIELDS = tuple(field.name for field in fields(Birth))
_STATUS = {health: status for status, health in _HEALTH.items()}
_REASON = {OfflineReason.STOPPED: LinkReason.STOPPED, OfflineReason.LOST: LinkReason.LOST}


@dataclass(frozen=True, slots=True)
class FleetSettings:
    """When a connected turbine is too silent, in watched seconds, and how far a clock may be off."""

    stale_after_seconds: float = 15.0
    """At least so long: a turbine that sends less often has `stale_after_intervals` of its own."""
    stale_after_intervals: float = 3.0
    silent_offline_after_seconds: float = 300.0
    """Stale for so long, a turbine is treated as offline: keep-alives hide a dead sensor."""
    clock_tolerance_seconds: float = 5.0
    settle_seconds: float = 1.0
    """For so long after the broker was found, what arrives may have waited there."""


class Fleet:
    """Judges the news: what is the newest, whose session is it of, and who is silent.

    Deadlines run by `Now.watched`. `ignored` counts, by reason, the news that changed no belief; the caller empties
    it. A `BrokerLost` is told once and stands for all turbines: every link is unknown from then on.
    """

    def __init__(
        self, remembered: Iterable[TurbineRecord] = (), *, now: Now, settings: FleetSettings = FleetSettings()
    ) -> None:
        """Continue with the records that the store has; links are believed until a `BrokerLost`."""
        self._settings = settings
        self._tolerance = round(settings.clock_tolerance_seconds * SECOND)
        self._tracks: dict[int, Track] = {}
        self._records: dict[int, TurbineRecord] = {}
        self._changed: dict[int, Track] = {}
        self._newer: dict[int, Track] = {}
        """What has a newer reading, and is believed to be what it was."""
        self._looks: list[tuple[float, int]] = []
        self._next_look = now.watched
        self._settled_at = now.watched
        self.ignored: Counter[str] = Counter()
        for record in remembered:
            self._remember(record, now)

    @property
    def turbines(self) -> Mapping[int, TurbineRecord]:
        """Every turbine ever heard of, by its number, up to date."""
        for track in chain(self._newer.values(), self._changed.values()):
            track.settle()
        return self._records

    @property
    def records(self) -> Mapping[int, TurbineRecord]:
        """The same without the newest readings of this batch: links, health and births are up to date."""
        return self._records

    def drain_changed(self) -> list[TurbineRecord]:
        """The records of which a belief changed since the last call, each once."""
        changed, self._changed = self._changed, {}
        for number in changed:
            self._newer.pop(number, None)
        return [track.settle() for track in changed.values()]

    def drain_newer(self) -> list[TurbineRecord]:
        """The other records that changed since the last call: nothing but their newest reading, as nearly always."""
        newer, self._newer = self._newer, {}
        return [track.settle() for track in newer.values()]

    def take(self, news: Sequence[News], now: Now, attentive: Container[int] = ()) -> list[Told]:
        """Judge the news in order of arrival, then silence; return what the dispatcher needs to know.

        `attentive` holds the turbines of which every newest reading is told, not only what changes a belief.
        """
        told: list[Told] = []
        tracks, newer, watched = self._tracks, self._newer, now.watched
        for item in news:
            if type(item) is not Reading:
                self._take_other(item, now, told)
                continue
            # Nearly all readings are newer and say what the one before said: this branch must cost next to nothing.
            number, emitted_at, _, _, status, _, _, _, session, _, received_at = item
            track = tracks.get(number)
            if (
                track is not None
                and emitted_at > track.emitted_at
                and status == track.expected
                and session == track.speaks
                and number not in attentive
            ):
                track.gap_before = track.gap
                track.gap = emitted_at - track.emitted_at
                track.emitted_at = emitted_at
                track.before, track.newest = track.newest, item
                track.heard = watched
                lead = emitted_at - received_at
                if track.lead is None or lead > track.lead:
                    track.lead = lead
                newer[number] = track
            else:
                self._take_reading(item, now, told, attended=number in attentive)
        self._judge_silence(now, told)
        return told

    # --- registering

    def _remember(self, record: TurbineRecord, now: Now) -> None:
        track = self._register(record)
        track.emitted_at = NEVER if record.emitted_at is None else record.emitted_at
        track.gap = round((record.interval_seconds or 0) * SECOND)
        if record.clock_skew_seconds is not None:
            track.lead_before = round(record.clock_skew_seconds * SECOND)
        # Only a status carries a connection: with one, the session was told and not guessed from a reading.
        track.session_told = record.connection is not None
        self._expect(track, speaks=record.session)
        track.heard = now.watched  # how long it was silent before, nobody watched
        if record.link in (Link.ONLINE, Link.STALE):
            self._watch(track, now)

    def _register(self, record: TurbineRecord) -> Track:
        track = self._tracks[record.turbine_number] = Track(record)
        self._records[record.turbine_number] = record
        return track

    def _track(self, turbine_number: int, first_seen_at: int) -> Track:
        track = self._tracks.get(turbine_number)
        if track is None:
            track = self._register(TurbineRecord(turbine_number, first_seen_at))
            self._changed[turbine_number] = track
        return track

    # --- readings

    def _take_reading(self, reading: Reading, now: Now, told: list[Told], *, attended: bool) -> None:
        track = self._track(reading.turbine_number, reading.received_at)
        objection = objection_to_reading(track, reading, self._tolerance)
        if objection is not None:
            self.ignored[objection] += 1
            if objection == LATE and track.record.link is Link.ONLINE:
                track.heard = now.watched  # old news, but news: the turbine is not silent
            return
        before = _belief_fields(track.record)
        self._note_times(track, reading)
        self._adopt_session(track, reading.session)
        if track.record.link is not Link.ONLINE:
            self._come_online(track, now, reading.received_at)
        self._set_health(track, _HEALTH[reading.operational_status], reading.emitted_at)
        track.before, track.newest = track.newest, reading
        track.heard = now.watched
        track.unheard = False
        self._expect(track, speaks=reading.session)
        if attended or _belief_fields(track.record) != before:
            told.append(_belief(track, Because.READING, reading.received_at))

    def _note_times(self, track: Track, reading: Reading) -> None:
        lead = reading.emitted_at - reading.received_at
        if reading.emitted_at <= track.emitted_at:  # its clock was set: what was measured by the old one is void
            track.lead_before, track.lead = None, lead
        else:
            if track.emitted_at != NEVER:
                track.gap_before, track.gap = track.gap, reading.emitted_at - track.emitted_at
            track.lead = lead if track.lead is None else max(track.lead, lead)
        track.emitted_at = reading.emitted_at
        self._changed[reading.turbine_number] = track

    def _adopt_session(self, track: Track, session: str | None) -> None:
        record = track.record
        if session is None or session == record.session:
            return
        record.session, record.connection = session, None
        record.health, record.health_since = Health.UNKNOWN, None
        track.session_told = False

    def _set_health(self, track: Track, health: Health, since: int | None) -> None:
        if track.record.health is not health:
            track.record.health, track.record.health_since = health, since

    # --- births, goodbyes and wills

    def _take_other(self, item: News, now: Now, told: list[Told]) -> None:
        match item:
            case StatusReport():
                self._take_status(item, now, told)
            case RepairAnswer():
                if item.turbine_number not in self._tracks:
                    track = self._track(item.turbine_number, item.received_at)
                    told.append(_belief(track, Because.LINK, item.received_at))
                told.append(item)
            case BrokerLost():
                self._lose_all_links(now)
                told.append(item)
            case BrokerFound():
                self._settled_at = now.watched + self._settings.settle_seconds
                told.append(item)
            case Order():
                told.append(item)

    def _take_status(self, report: StatusReport, now: Now, told: list[Told]) -> None:
        track = self._track(report.turbine_number, report.received_at)
        is_birth = report.presence is Presence.ONLINE
        objection = objection_to_birth(track, report) if is_birth else objection_to_end(track, report)
        if objection is not None:
            self.ignored[objection] += 1
            return
        before = _belief_fields(track.record)
        if is_birth:
            self._believe_birth(track, report, now)
        elif is_rumour(track, report, settled=now.watched >= self._settled_at):
            self._doubt(track, report, now)
        else:
            self._believe_end(track, report)
        self._expect(track, speaks=track.speaks)
        self._changed[report.turbine_number] = track
        if _belief_fields(track.record) != before:
            told.append(_belief(track, Because.LINK, report.received_at))

    def _doubt(self, track: Track, rumour: StatusReport, now: Now) -> None:
        """Wait for a sign of life, or for a silence."""
        track.rumour = rumour
        if track.record.link is not Link.UNKNOWN:
            self._forget_link(track, now)
        self._watch(track, now)

    def _forget_link(self, track: Track, now: Now) -> None:
        record = track.record
        record.link, record.link_reason, record.link_since = Link.UNKNOWN, None, now.utc

    def _believe_birth(self, track: Track, report: StatusReport, now: Now) -> None:
        record = track.record
        _note_birth(record, report.birth)
        is_same_session = report.session in (None, record.session)
        is_same_connection = is_same_session and report.connection == record.connection
        # While a turbine is online, a new connection is a reconnect: the session, and so the health, goes on.
        was_there = record.link in (Link.ONLINE, Link.STALE) or (record.link is Link.UNKNOWN and is_same_connection)
        if not (is_same_session and was_there):
            self._set_health(track, Health.UNKNOWN, None)
        if not is_same_session or record.link is Link.OFFLINE:
            self._begin_session(track, report.session)
        record.connection = report.connection
        track.session_told = report.session is not None
        if record.link is not Link.ONLINE:
            self._come_online(track, now, report.received_at)

    def _begin_session(self, track: Track, session: str | None) -> None:
        record = track.record
        if session == record.session:
            return
        track.unheard = session not in (*track.ended, track.speaks)
        if track.session_told and record.session is not None:
            track.ended = (*(ended for ended in track.ended if ended != session), record.session)[-REMEMBERED_SESSIONS:]
        record.session = session

    def _believe_end(self, track: Track, report: StatusReport) -> None:
        record = track.record
        if report.session is not None:
            self._adopt_session(track, report.session)
            track.session_told = True
        if report.connection is not None:
            record.connection = report.connection
        track.rumour = None
        record.link, record.link_since = Link.OFFLINE, report.received_at
        record.link_reason = None if report.reason is None else _REASON[report.reason]
        # What it was is of no use to anybody who might send an engineer when it is back.
        self._set_health(track, Health.UNKNOWN, None)

    # --- links and silence

    def _expect(self, track: Track, *, speaks: str | None) -> None:
        """Say which reading would change nothing, so that `take` needs no second look at it."""
        record = track.record
        track.speaks = speaks
        track.expected = _STATUS.get(record.health) if record.link is Link.ONLINE and not track.unheard else None

    def _come_online(self, track: Track, now: Now, since: int) -> None:
        record = track.record
        record.link, record.link_reason, record.link_since = Link.ONLINE, None, since
        track.heard = now.watched
        track.rumour = None
        self._watch(track, now)

    def _lose_all_links(self, now: Now) -> None:
        for number, track in self._tracks.items():
            track.session_told, track.rumour = False, None
            if track.record.link is not Link.UNKNOWN:
                self._forget_link(track, now)
                self._expect(track, speaks=track.speaks)
                self._changed[number] = track

    def _watch(self, track: Track, now: Now) -> None:
        """Look at the turbine when it may have become silent; what was planned before is void."""
        if track.record.link is Link.UNKNOWN:
            due = now.watched + self._patience(track)
        elif track.record.link is Link.ONLINE:
            due = min(track.heard + self._patience(track), now.watched + LONGEST_LOOK_SECONDS)
        else:
            due = now.watched + self._settings.silent_offline_after_seconds
        track.look_at = due
        heapq.heappush(self._looks, (due, track.record.turbine_number))

    def _patience(self, track: Track) -> float:
        """How long the turbine may be silent, in watched seconds."""
        in_intervals = self._settings.stale_after_intervals * track.interval / SECOND
        return max(in_intervals, self._settings.stale_after_seconds)

    def _judge_silence(self, now: Now, told: list[Told]) -> None:
        if now.watched < self._next_look:
            return
        self._next_look = now.watched + 1.0
        looks = self._looks
        while looks and looks[0][0] <= now.watched:
            due, number = heapq.heappop(looks)
            track = self._tracks[number]
            if track.look_at == due:
                self._look_at(track, now, told)

    def _look_at(self, track: Track, now: Now, told: list[Told]) -> None:
        record = track.record
        track.look()
        track.look_at = None
        if record.link is Link.ONLINE and track.heard + self._patience(track) > now.watched:
            self._watch(track, now)
        elif record.link is Link.ONLINE:
            self._fall_silent(track, Link.STALE, None, now, told)
            self._watch(track, now)
        elif record.link is Link.STALE:
            self._set_health(track, Health.UNKNOWN, None)
            self._fall_silent(track, Link.OFFLINE, LinkReason.SILENT, now, told)
        elif record.link is Link.UNKNOWN and track.rumour is not None:
            self._believe_end(track, track.rumour)
            self._tell_link(track, told, now.utc)

    def _fall_silent(self, track: Track, link: Link, reason: LinkReason | None, now: Now, told: list[Told]) -> None:
        record = track.record
        record.link, record.link_reason, record.link_since = link, reason, now.utc
        self._tell_link(track, told, now.utc)

    def _tell_link(self, track: Track, told: list[Told], at: int) -> None:
        self._expect(track, speaks=track.speaks)
        self._changed[track.record.turbine_number] = track
        told.append(_belief(track, Because.LINK, at))


def _belief_fields(record: TurbineRecord) -> tuple[Link, LinkReason | None, str | None, Health]:
    return record.link, record.link_reason, record.session, record.health


def _belief(track: Track, because: Because, received_at: int) -> Belief:
    record = track.record
    return Belief(
        turbine_number=record.turbine_number,
        because=because,
        link=record.link,
        link_reason=record.link_reason,
        session=record.session,
        health=record.health,
        emitted_at=None if track.emitted_at == NEVER else track.emitted_at,
        received_at=received_at,
    )


def _note_birth(record: TurbineRecord, birth: Birth) -> None:
    """Take what the birth tells; what it leaves out stays as it was."""
    for name in _BIRTH_FIELDS:
        value = getattr(birth, name)
        if value is not None:
            setattr(record, name, value)
