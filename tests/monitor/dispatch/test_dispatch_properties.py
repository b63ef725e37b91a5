"""The proof of the dispatch: turbines, a bad network and a monitor that dies, at random, against what must always hold.

The world is simulated with the real fleet and the real dispatcher; only the broker, the store and the turbines are
played here, by the contract. Then faults are planted, and each must be found.
"""

import copy
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

import monitor.fleet.objections
from grid.metrics import OperationalStatus
from grid.repair import RepairState
from grid.status import OfflineReason, Presence
from grid.times import SECOND
from monitor.dispatch.board import Board
from monitor.dispatch.dispatcher import Dispatcher
from monitor.dispatch.step import Step
from monitor.facts import (
    Action,
    BrokerFound,
    BrokerLost,
    Command,
    Decisions,
    Health,
    Hold,
    Incident,
    IncidentCause,
    IncidentState,
    Link,
    LinkReason,
    News,
    Now,
    Order,
    OrderKind,
    Reading,
    Release,
    Remembered,
    RepairAnswer,
    StatusReport,
    TurbineRecord,
    Visit,
    VisitState,
)
from monitor.fleet.fleet import Fleet

TURBINES = 4
MUTE = 3
"""The number of a turbine that obeys, and never answers."""
ENGINEERS = 2
REPAIR_SECONDS = 3.0
HEALED_WITHIN_SECONDS = 1500
"""The longest pause after visits without effect, the longest visit, and some."""
THOROUGH = os.environ.get("GRID_HYPOTHESIS_PROFILE") == "thorough"

turbine_numbers = st.integers(1, TURBINES)


@dataclass
class Turbine:
    """A turbine by the contract, with a clock that is right."""

    number: int
    starts: int = 0
    connection: int = 0
    alive: bool = False
    broken: bool = False
    botches: bool = False
    """Its next repair has no effect."""
    refuses: bool = False
    """It rejects all orders."""
    repair: Command | None = None
    repaired_at: float = 0.0
    answered: dict[str, list[RepairAnswer]] = field(default_factory=dict)
    ends: set[tuple[str, int]] = field(default_factory=set)
    """The connections that ended, each with its session, by a crash, a stop or a loss."""

    @property
    def session(self) -> str:
        return f"{self.number}-{self.starts}"

    def status(self, presence: Presence, reason: OfflineReason | None = None) -> StatusReport:
        return StatusReport(self.number, presence, 0, reason=reason, session=self.session, connection=self.connection)


@dataclass
class Ledger:
    """The committed rows, copied in and copied out."""

    turbines: dict[int, TurbineRecord] = field(default_factory=dict)
    incidents: dict[int, Incident] = field(default_factory=dict)
    visits: dict[int, Visit] = field(default_factory=dict)
    holds: dict[int, Hold] = field(default_factory=dict)
    outbox: list[Command] = field(default_factory=list)
    last_received_at: int | None = None

    def commit(self, turbines: list[TurbineRecord], decisions: Decisions) -> None:
        for record in turbines:
            self.turbines[record.turbine_number] = copy.copy(record)
        for incident in decisions.incidents:
            self.incidents[incident.incident_id] = copy.copy(incident)
        for visit in decisions.visits:
            self.visits[visit.visit_id] = copy.copy(visit)
        for hold in decisions.holds:
            self.holds[hold.turbine_number] = hold
        for number in decisions.holds_ended:
            del self.holds[number]
        self.outbox = [command for command in self.outbox if command.dispatch_id not in decisions.withdrawn]
        self.outbox += [command for command in decisions.commands if command.dispatch_id not in decisions.withdrawn]

    def load(self) -> Remembered:
        return Remembered(
            ledger_id="farm",
            turbines=[copy.copy(record) for record in self.turbines.values()],
            incidents=[copy.copy(incident) for incident in self.open_incidents()],
            visits=[copy.copy(visit) for visit in self.open_visits()],
            holds=list(self.holds.values()),
            next_incident_id=max(self.incidents, default=0) + 1,
            next_visit_id=max(self.visits, default=0) + 1,
            last_received_at=self.last_received_at,
        )

    def open_incidents(self) -> list[Incident]:
        return [incident for incident in self.incidents.values() if incident.state is not IncidentState.CLOSED]

    def open_visits(self) -> list[Visit]:
        ended = (VisitState.VERIFIED, VisitState.RELEASED)
        return [visit for visit in self.visits.values() if visit.state not in ended]


class Farm:
    """Turbines, broker and monitor in one small world, in which anything may go wrong and nothing is random."""

    def __init__(self) -> None:
        self.utc, self.watched = 1_800_000_000 * SECOND, 0.0
        self.turbines = {number: Turbine(number) for number in range(1, TURBINES + 1)}
        self.retained: dict[int, StatusReport] = {}
        self.to_monitor: list[News] = []
        self.to_turbines: list[Command] = []
        self.arrived: set[str] = set()
        self.executed: Counter[str] = Counter()
        self.heard: dict[tuple[int, str], Reading] = {}
        """The newest reading of each session that the monitor heard while it believed that the session lasted."""
        self.connected = False
        self.found_at = 0.0
        self.healed_at: int | None = None
        self.commit_fails = self.dies_before_publish = False
        self.failed = False
        """Whether a check failed: then there is nothing left to heal."""
        self.ledger = Ledger()
        self.start_monitor()

    @property
    def now(self) -> Now:
        return Now(self.utc, self.watched)

    # --- the monitor

    def recall(self) -> None:
        self.fleet = Fleet(self.ledger.load().turbines, now=self.now)
        self.dispatcher = Dispatcher(self.ledger.load(), engineers=ENGINEERS, now=self.now)

    def start_monitor(self) -> None:
        self.connected = False
        self.recall()
        self.decide([BrokerLost()])
        self.to_turbines += self.ledger.outbox
        self.ledger.outbox = []
        self.find_broker()

    def find_broker(self) -> None:
        self.connected, self.found_at = True, self.watched
        self.decide([BrokerFound()])
        # What is retained is sent anew on each subscription.
        self.to_monitor = [news for news in self.to_monitor if not isinstance(news, StatusReport) or not news.retained]
        self.to_monitor += [replace(status, retained=True) for status in self.retained.values()]

    def lose_broker(self) -> None:
        self.connected = False
        self.decide([BrokerLost()])

    def decide(self, news: list[News]) -> None:
        """What the monitor does with a batch: decide, commit, publish; if the commit fails, read back and try again."""
        self.failed = True
        if self.commit_fails:
            self.commit_fails = False
            self.dispatcher.decide(self.fleet.take(news, self.now, self.dispatcher.attentive), self.now)
            self.recall()
        online = self.online()
        told = self.fleet.take(news, self.now, self.dispatcher.attentive)
        decisions = self.dispatcher.decide(told, self.now)
        self.note_heard(news)
        self.check_ends(online)
        self.check_order_of_news()
        self.ledger.commit([*self.fleet.drain_changed(), *self.fleet.drain_newer()], decisions)
        if news:
            self.ledger.last_received_at = self.utc
        self.check(decisions)
        self.failed = False
        if self.dies_before_publish:
            self.dies_before_publish = False
            self.start_monitor()
            return
        self.to_turbines += self.ledger.outbox
        self.ledger.outbox = []

    # --- the network

    def stamp(self, news: News) -> News:
        """The message as it arrives now."""
        if isinstance(news, Reading):
            return news._replace(received_at=self.utc)
        if isinstance(news, StatusReport | RepairAnswer):
            return replace(news, received_at=self.utc)
        return news

    def deliver(self, index: int, *, keep: bool = False) -> None:
        """Let a message arrive: any, but nothing before a birth or goodbye that its turbine published earlier.

        Readings may be late, by a turbine's outbox or by a repeat; a will comes from the broker, whenever it likes.
        """
        index %= len(self.to_monitor)
        message = self.to_monitor[index]
        if isinstance(message, Reading | StatusReport) and not self.is_will(message):
            message = next((news for news in self.to_monitor[:index] if self.is_status_of(message, news)), message)
        if not keep:
            self.to_monitor.remove(message)
        self.decide([self.stamp(message)])

    def is_will(self, news: News) -> bool:
        return isinstance(news, StatusReport) and news.reason is OfflineReason.LOST and not news.retained

    def is_status_of(self, message: Reading | StatusReport, news: News) -> bool:
        mine = isinstance(news, StatusReport) and news.turbine_number == message.turbine_number
        return mine and not self.is_will(news)

    def deliver_all(self, *, wills: bool = True) -> None:
        """Let all messages arrive; a will may take longer than all others."""
        for message in [news for news in self.to_monitor if wills or not self.is_will(news)]:
            if self.connected and message in self.to_monitor:
                self.deliver(self.to_monitor.index(message))

    def deliver_command(self, index: int, *, keep: bool = False) -> None:
        command = self.to_turbines[index % len(self.to_turbines)]
        if not keep:
            self.to_turbines.remove(command)
        turbine = self.turbines[command.turbine_number]
        if turbine.alive:
            self.arrived.add(command.dispatch_id)
            self.obey(turbine, command)

    # --- the turbines

    def publish_status(self, report: StatusReport) -> None:
        self.retained[report.turbine_number] = report
        self.to_monitor.append(report)

    def start(self, turbine: Turbine) -> None:
        turbine.starts += 1
        turbine.connection, turbine.alive, turbine.repair = 0, True, None
        turbine.answered.clear()
        self.publish_status(turbine.status(Presence.ONLINE))

    def end(self, turbine: Turbine, reason: OfflineReason) -> None:
        turbine.alive, turbine.repair = False, None
        turbine.ends.add((turbine.session, turbine.connection))
        self.publish_status(turbine.status(Presence.OFFLINE, reason))

    def restart(self, turbine: Turbine, *, will_first: bool) -> None:
        """A crash and a new start; a will that comes late replaces the new birth as what the broker retains."""
        will = turbine.status(Presence.OFFLINE, OfflineReason.LOST)
        turbine.ends.add((turbine.session, turbine.connection))
        if will_first:
            self.publish_status(will)
        self.start(turbine)
        if not will_first:
            self.publish_status(will)

    def reconnect(self, turbine: Turbine, *, will_first: bool) -> None:
        """The connection breaks and comes back at once: the will may reach the broker before or after the birth."""
        will = turbine.status(Presence.OFFLINE, OfflineReason.LOST)
        turbine.ends.add((turbine.session, turbine.connection))
        turbine.connection += 1
        birth = turbine.status(Presence.ONLINE)
        for report in (will, birth) if will_first else (birth, will):
            self.publish_status(report)

    def report(self, turbine: Turbine) -> None:
        self.utc += 1
        status = OperationalStatus.BROKEN if turbine.broken else OperationalStatus.OK
        self.to_monitor.append(
            Reading(turbine.number, self.utc, 9.0, 1.0, status, None, None, None, turbine.session, None, self.utc)
        )

    def obey(self, turbine: Turbine, command: Command) -> None:
        if command.dispatch_id in turbine.answered:
            self.answer(turbine, *turbine.answered[command.dispatch_id][-1:])
            return
        if command.session != turbine.session:
            self.answer(turbine, self.result(command, RepairState.REJECTED, "other session"))
        elif turbine.refuses:
            self.answer(turbine, self.result(command, RepairState.REJECTED, "no access"))
        elif turbine.repair is not None:
            self.answer(turbine, self.result(command, RepairState.REJECTED, "busy"))
        else:
            self.executed[command.dispatch_id] += 1
            turbine.repair, turbine.repaired_at = command, self.watched + REPAIR_SECONDS
            self.answer(turbine, self.result(command, RepairState.ACCEPTED))

    def result(self, command: Command, result: RepairState, reason: str | None = None) -> RepairAnswer:
        return RepairAnswer(command.turbine_number, command.dispatch_id, result, 0, reason)

    def answer(self, turbine: Turbine, result: RepairAnswer) -> None:
        turbine.answered.setdefault(result.dispatch_id, []).append(result)
        if turbine.number != MUTE:
            self.to_monitor.append(result)

    def pass_time(self, seconds: float) -> None:
        self.utc += round(seconds * SECOND)
        if self.connected:
            self.watched += seconds
        for turbine in self.turbines.values():
            if turbine.repair is not None and self.watched >= turbine.repaired_at:
                command, turbine.repair = turbine.repair, None
                turbine.broken, turbine.botches = turbine.broken and turbine.botches, False
                self.answer(turbine, self.result(command, RepairState.DONE))
        self.decide([])

    # --- what must always hold

    def note_heard(self, news: list[News]) -> None:
        for reading in news:
            if not isinstance(reading, Reading):
                continue
            record = self.fleet.turbines[reading.turbine_number]
            if record.session != reading.session or record.link not in (Link.ONLINE, Link.STALE):
                continue
            key = (reading.turbine_number, reading.session or "")
            if key not in self.heard or reading.emitted_at > self.heard[key].emitted_at:
                self.heard[key] = reading

    def check_order_of_news(self) -> None:
        """A belief stands on the newest reading of its session that was heard."""
        for number, record in self.fleet.turbines.items():
            if record.link in (Link.ONLINE, Link.STALE) and record.health is not Health.UNKNOWN:
                newest = self.heard.get((number, record.session or ""))
                assert newest is not None, f"turbine {number} is believed by a reading of an earlier session"
                assert record.emitted_at is not None
                assert record.emitted_at >= newest.emitted_at, f"turbine {number} is believed by an old reading"
                assert record.health.value == record.operational_status

    def online(self) -> dict[int, tuple[str | None, int | None]]:
        rows = self.fleet.turbines.values()
        return {row.turbine_number: (row.session, row.connection) for row in rows if row.link is Link.ONLINE}

    def check_ends(self, online: dict[int, tuple[str | None, int | None]]) -> None:
        for number, (session, connection) in online.items():
            record = self.fleet.turbines[number]
            if record.link is Link.OFFLINE and record.link_reason is not LinkReason.SILENT:
                ends = [end for end in self.turbines[number].ends if connection in (None, end[1])]
                assert session in [end[0] for end in ends], "a turbine that never left is taken for offline"

    def check(self, decisions: Decisions) -> None:
        self.check_pool()
        self.check_visits()
        self.check_nobody_idles()
        self.check_dispatches(decisions)
        for visit in decisions.visits:
            self.check_release(visit)
        repeated = [number for number, times in self.executed.items() if times > 1]
        assert not repeated, "a dispatch is executed once"

    def check_pool(self) -> None:
        visits = self.ledger.open_visits()
        assert self.dispatcher.engineers_free + len(visits) == ENGINEERS, "the pool is conserved"
        assert len({visit.engineer for visit in visits}) == len(visits), "an engineer is at one turbine"
        assert len({visit.turbine_number for visit in visits}) == len(visits), "a turbine has one engineer"
        ids = [visit.dispatch_id for visit in self.ledger.visits.values()]
        assert len(set(ids)) == len(ids), "a dispatch id is used once"

    def check_visits(self) -> None:
        incidents = {incident.turbine_number: incident for incident in self.ledger.open_incidents()}
        assert len(incidents) == len(self.ledger.open_incidents()), "a turbine has one open incident"
        for visit in self.ledger.open_visits():
            incident = incidents[visit.turbine_number]
            assert incident.incident_id == visit.incident_id
            assert incident.state is IncidentState.VISITED
            assert self.fleet.turbines[visit.turbine_number].link is not Link.OFFLINE, "nobody is where nobody answers"
        visited = [incident for incident in incidents.values() if incident.state is IncidentState.VISITED]
        assert len(visited) == len(self.ledger.open_visits())

    def check_nobody_idles(self) -> None:
        if self.watched < self.found_at + 1 or not self.connected or not self.dispatcher.engineers_free:
            return
        for incident in self.ledger.open_incidents():
            record = self.fleet.turbines[incident.turbine_number]
            is_broken = record.link is Link.ONLINE and record.health is Health.BROKEN
            assert not (is_broken and incident.state is IncidentState.WAITING), "an engineer idles while work is ready"

    def check_dispatches(self, decisions: Decisions) -> None:
        for event in decisions.events:
            assert event.sentence.isprintable()
            if event.action is not Action.ENGINEER_DISPATCHED:
                continue
            visit = next(visit for visit in decisions.visits if visit.visit_id == event.visit_id)
            record = self.fleet.turbines[visit.turbine_number]
            assert record.link is Link.ONLINE
            assert visit.session == record.session
            if self.ledger.incidents[visit.incident_id].cause is IncidentCause.BROKEN:
                newest = self.heard.get((visit.turbine_number, visit.session or ""))
                assert newest is not None, "an engineer is sent by what was known of an earlier session"
                assert newest.operational_status is OperationalStatus.BROKEN

    def check_release(self, visit: Visit) -> None:
        if visit.release is Release.OFFLINE:
            silent = self.fleet.turbines[visit.turbine_number].link_reason is LinkReason.SILENT
            ended = visit.session in [session for session, _ in self.turbines[visit.turbine_number].ends]
            last_word = self.retained[visit.turbine_number]
            rumoured = last_word.presence is Presence.OFFLINE and last_word.session != visit.session
            assert ended or silent or rumoured, "an engineer is called back from a turbine that never left"
        if visit.release is Release.NO_EFFECT and self.healed_at is not None:
            assert visit.dispatch_id in self.arrived or visit.sent_at < self.healed_at - 300 * SECOND, (
                "a lost order must be repeated in time"
            )

    # --- the end

    def heal(self) -> None:
        """All is well from now on, but nothing is repaired by itself: then everything must be."""
        self.commit_fails = self.dies_before_publish = False
        if not self.connected:
            self.find_broker()
        self.healed_at = self.utc
        for number in list(self.ledger.holds):
            self.decide([Order(OrderKind.RELEASE, number, "tester")])
        for turbine in self.turbines.values():
            turbine.botches = turbine.refuses = False
            if not turbine.alive:
                self.start(turbine)
        for _ in range(HEALED_WITHIN_SECONDS // 5):
            self.live_well()
            if self.is_well():
                return
        raise AssertionError(f"not healed: {self.ledger.open_incidents()} {self.ledger.open_visits()}")

    def live_well(self) -> None:
        """Five seconds in which everything arrives, and people see to what was refused."""
        self.deliver_all()
        while self.to_turbines:
            self.deliver_command(0)
        self.pass_time(5.0)
        for turbine in self.turbines.values():
            self.report(turbine)
        self.deliver_all()
        for incident in self.ledger.open_incidents():
            if incident.state is IncidentState.REFUSED:
                self.decide([Order(OrderKind.REPAIR, incident.turbine_number, "tester")])

    def is_well(self) -> bool:
        broken = any(turbine.broken for turbine in self.turbines.values())
        return not broken and not self.ledger.open_incidents() and self.dispatcher.engineers_free == ENGINEERS


class DispatchMachine(RuleBasedStateMachine):
    """Lets Hypothesis play fate in the farm."""

    def __init__(self) -> None:
        super().__init__()
        self.farm = Farm()
        for turbine in self.farm.turbines.values():
            self.farm.start(turbine)
        self.farm.deliver_all()

    @rule(number=turbine_numbers, botches=st.booleans(), heard=st.booleans())
    def a_turbine_breaks(self, number: int, *, botches: bool, heard: bool) -> None:
        turbine = self.farm.turbines[number]
        turbine.broken, turbine.botches = True, botches
        if turbine.alive:
            self.farm.report(turbine)
        if heard:
            self.farm.deliver_all(wills=False)

    @rule(number=turbine_numbers)
    def a_turbine_heals_by_itself(self, number: int) -> None:
        self.farm.turbines[number].broken = False

    @rule(number=turbine_numbers, refuses=st.booleans())
    def a_turbine_changes_its_mind_about_orders(self, number: int, *, refuses: bool) -> None:
        self.farm.turbines[number].refuses = refuses

    @rule()
    def all_report(self) -> None:
        for turbine in self.farm.turbines.values():
            if turbine.alive:
                self.farm.report(turbine)

    @rule(number=turbine_numbers, reason=st.sampled_from(OfflineReason))
    def a_turbine_ends(self, number: int, reason: OfflineReason) -> None:
        if self.farm.turbines[number].alive:
            self.farm.end(self.farm.turbines[number], reason)

    @rule(number=turbine_numbers)
    def a_turbine_starts(self, number: int) -> None:
        if not self.farm.turbines[number].alive:
            self.farm.start(self.farm.turbines[number])

    @rule(number=turbine_numbers, will_first=st.booleans())
    def a_connection_breaks(self, number: int, *, will_first: bool) -> None:
        if self.farm.turbines[number].alive:
            self.farm.reconnect(self.farm.turbines[number], will_first=will_first)

    @precondition(lambda self: self.farm.connected and self.farm.to_monitor)
    @rule(index=st.integers(0, 30), keep=st.booleans())
    def a_message_arrives(self, index: int, *, keep: bool) -> None:
        self.farm.deliver(index, keep=keep)

    @rule(number=turbine_numbers, will_first=st.booleans())
    def a_turbine_is_killed_and_starts_again(self, number: int, *, will_first: bool) -> None:
        turbine = self.farm.turbines[number]
        if turbine.alive:
            self.farm.restart(turbine, will_first=will_first)

    @rule(wills=st.booleans())
    def all_messages_arrive(self, *, wills: bool) -> None:
        self.farm.deliver_all(wills=wills)

    @rule(index=st.integers(0, 30))
    def a_message_is_lost(self, index: int) -> None:
        # Not a status: the broker retains it, and sends it again to whoever missed it.
        losable = [news for news in self.farm.to_monitor if isinstance(news, Reading | RepairAnswer)]
        if losable:
            self.farm.to_monitor.remove(losable[index % len(losable)])

    @precondition(lambda self: self.farm.to_turbines)
    @rule(index=st.integers(0, 30), keep=st.booleans())
    def an_order_arrives(self, index: int, *, keep: bool) -> None:
        self.farm.deliver_command(index, keep=keep)

    @rule(seconds=st.sampled_from([0.0, 5.0]))
    def all_orders_arrive(self, seconds: float) -> None:
        while self.farm.to_turbines:
            self.farm.deliver_command(0)
        self.farm.pass_time(seconds)

    @precondition(lambda self: self.farm.to_turbines)
    @rule()
    def all_orders_are_lost(self) -> None:
        self.farm.to_turbines.clear()

    @rule(seconds=st.sampled_from([0.5, 1.0, 5.0, 20.0, 70.0]))
    def time_passes(self, seconds: float) -> None:
        self.farm.pass_time(seconds)

    @rule()
    def the_monitor_is_killed(self) -> None:
        self.farm.start_monitor()

    @rule()
    def the_next_commit_fails(self) -> None:
        self.farm.commit_fails = True

    @rule()
    def the_monitor_will_die_before_it_publishes(self) -> None:
        self.farm.dies_before_publish = True

    @rule()
    def the_broker_goes_or_comes(self) -> None:
        if self.farm.connected:
            self.farm.lose_broker()
        else:
            self.farm.find_broker()

    @rule(number=turbine_numbers, kind=st.sampled_from(OrderKind))
    def a_person_orders(self, number: int, kind: OrderKind) -> None:
        self.farm.decide([Order(kind, number, "tester", "a reason")])

    @invariant()
    def the_pool_is_conserved(self) -> None:
        self.farm.check_pool()

    def teardown(self) -> None:
        if not self.farm.failed:
            self.farm.heal()


def play(machine: type[RuleBasedStateMachine], *, examples: int, steps: int = 60, shrink: bool = True) -> None:
    """Run the machine, the same way each time."""
    phases = [Phase.generate, Phase.shrink] if shrink else [Phase.generate]
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            derandomize=not THOROUGH,
            database=None,
            deadline=None,
            phases=phases,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_whatever_happens_the_invariants_hold_and_all_is_repaired_in_the_end() -> None:
    play(DispatchMachine, examples=5000 if THOROUGH else 1000)


# --- planted faults: a proof that misses them proves nothing


def no_order_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor.fleet.objections, "is_newest", lambda *_: True)


def an_old_sessions_will_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor.fleet.objections, "is_end_of_another_session", lambda *_: False)


def an_old_connections_will_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor.fleet.objections, "is_end_of_earlier_connection", lambda *_: False)


def offline_keeps_the_engineer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Dispatcher, "_part", lambda *_: None)


def no_repeat_of_a_lost_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Dispatcher, "_repeat", lambda *_: None)


def dispatch_on_stale_health(monkeypatch: pytest.MonkeyPatch) -> None:
    believed = Fleet._set_health

    def keep(self: Fleet, track: Any, health: Health, since: int | None) -> None:
        if health is not Health.UNKNOWN:
            believed(self, track, health, since)

    monkeypatch.setattr(Fleet, "_set_health", keep)


def the_id_is_the_incidents(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Board, "_dispatch_id", lambda _self, incident, _visit_id: f"farm-{incident.incident_id}")


def a_release_counts_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    engineers: dict[str, int] = {}
    take_answer, send_engineer = Dispatcher._take_answer, Board.send_engineer

    def send(self: Board, step: Step, incident: Incident, session: str | None) -> Visit:
        visit = send_engineer(self, step, incident, session)
        engineers[visit.dispatch_id] = visit.engineer
        return visit

    def take(self: Dispatcher, answer: RepairAnswer, step: Step) -> None:
        if answer.dispatch_id not in self._board.by_dispatch_id and answer.dispatch_id in engineers:
            self._board.pool._out.discard(engineers[answer.dispatch_id])
        take_answer(self, answer, step)

    monkeypatch.setattr(Board, "send_engineer", send)
    monkeypatch.setattr(Dispatcher, "_take_answer", take)


FAULTS: dict[Callable[[pytest.MonkeyPatch], None], str] = {
    no_order_check: "is believed by an old reading",
    an_old_sessions_will_is_accepted: "taken for offline",
    an_old_connections_will_is_accepted: "taken for offline",
    offline_keeps_the_engineer: "nobody is where nobody answers",
    no_repeat_of_a_lost_order: "a lost order must be repeated",
    dispatch_on_stale_health: "an earlier session",
    the_id_is_the_incidents: "a dispatch id is used once",
    a_release_counts_twice: "the pool is conserved",
}
"""And what gives each away."""


@pytest.mark.parametrize(("plant", "given_away_by"), FAULTS.items(), ids=[plant.__name__ for plant in FAULTS])
def test_a_planted_fault_is_found(
    plant: Callable[[pytest.MonkeyPatch], None], given_away_by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    with pytest.raises(AssertionError, match=given_away_by):
        play(DispatchMachine, examples=1500, shrink=False)
