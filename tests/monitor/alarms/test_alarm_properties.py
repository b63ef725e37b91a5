"""Whatever happens in whatever order: one row per condition, nothing forgotten, nobody kept from what still holds."""

from collections import Counter
from dataclasses import replace

from alarm_bell import Bell
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from grid.times import SECOND
from monitor.alarms.rules import RULES, TURBINE_OFFLINE
from monitor.facts import (
    AlarmOrder,
    AlarmOrderKind,
    AlarmState,
    AlarmTurn,
    Finding,
    FindingKind,
    IncidentState,
    Link,
    LinkReason,
)

TURBINES = 12

numbers = st.lists(st.integers(1, TURBINES), min_size=1, max_size=TURBINES, unique=True)
states = st.sampled_from([state for state in IncidentState if state is not IncidentState.CLOSED])


class AlarmsOfAFarm(RuleBasedStateMachine):
    """Links, incidents, the broker, time, people and crashes, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.bell = Bell(TURBINES)
        self.acknowledged: set[tuple[int, int]] = set()
        """Alarms that people acknowledged, with the moment at which each had been raised."""
        self.is_broker_away = False
        self.findings = 0

    @initialize()
    def begin(self) -> None:
        self.bell.take()

    # --- the farm

    @precondition(lambda self: not self.is_broker_away)
    @rule(numbers=numbers, link=st.sampled_from([Link.ONLINE, Link.STALE, Link.OFFLINE]), commit=st.booleans())
    def links_change(self, numbers: list[int], link: Link, commit: bool) -> None:
        reason = LinkReason.LOST if link is Link.OFFLINE else None
        self.bell.link(*numbers, to=link, reason=reason, commit=commit)
        if not commit:  # the batch comes again
            self.bell.take()

    @rule(number=st.integers(1, TURBINES), state=states, failed_visits=st.integers(0, 4))
    def an_incident_changes(self, number: int, state: IncidentState, failed_visits: int) -> None:
        self.bell.incident(number, state, failed_visits=failed_visits)

    @precondition(lambda self: any(one.closed_at is None for one in self.bell.incidents.values()))
    @rule(data=st.data())
    def a_turbine_is_repaired(self, data: st.DataObject) -> None:
        broken = sorted(number for number, one in self.bell.incidents.items() if one.closed_at is None)
        self.bell.incident(data.draw(st.sampled_from(broken)), IncidentState.CLOSED)

    @rule(numbers=numbers, quantity=st.sampled_from(["temperature", "voltage"]))
    def turbines_begin_to_deviate(self, numbers: list[int], quantity: str) -> None:
        known = self.bell.open_findings
        found = [
            Finding(0, number, quantity, FindingKind.DROP, 0, None, 9, 50.0, 9.0, 4.0, "It is low.", lasting=True)
            for number in numbers
            if (number, quantity) not in {(one.turbine_number, one.quantity) for one in known.values()}
        ]
        for finding in found:
            self.findings += 1
            known[self.findings] = replace(finding, finding_id=self.findings)
        self.bell.take(findings=list(known.values())[len(known) - len(found) :])

    @precondition(lambda self: self.bell.open_findings)
    @rule(data=st.data())
    def deviations_end(self, data: st.DataObject) -> None:
        known = self.bell.open_findings
        ended = data.draw(st.lists(st.sampled_from(sorted(known)), min_size=1, unique=True))
        self.bell.take(findings=[replace(known.pop(number), until=1) for number in ended])

    @precondition(lambda self: not self.is_broker_away)
    @rule()
    def the_broker_goes(self) -> None:
        self.bell.lose_broker()
        self.is_broker_away = True

    @precondition(lambda self: self.is_broker_away)
    @rule(numbers=numbers)
    def the_broker_returns(self, numbers: list[int]) -> None:
        self.bell.find_broker()
        self.is_broker_away = False
        self.bell.online(*numbers)

    @rule(seconds=st.sampled_from([1, 10, 30, 60, 300, 1800, 90_000]))
    def time_goes_by(self, seconds: int) -> None:
        if self.is_broker_away:
            self.bell.utc += seconds * SECOND
            self.bell.take()
        else:
            self.bell.wait(seconds)

    @rule()
    def the_monitor_is_killed(self) -> None:
        self.bell.start()
        self.bell.take()

    # --- people

    @precondition(lambda self: self.bell.rows)
    @rule(kind=st.sampled_from(AlarmOrderKind), hours=st.integers(1, 24), is_killed=st.booleans(), data=st.data())
    def somebody_orders(self, kind: AlarmOrderKind, hours: int, is_killed: bool, data: st.DataObject) -> None:
        alarm_id = data.draw(st.sampled_from(sorted(self.bell.rows)))
        order = AlarmOrder(kind, (alarm_id,), "Ann", "seen", self.bell.utc + hours * 3600 * SECOND)
        if is_killed:  # before the commit: the order is refused, and given again
            self.bell.take(orders=[order], commit=False)
        (answer,) = self.bell.take(orders=[order]).answers
        assert answer.accepted
        row = self.bell.rows[alarm_id]
        if kind is AlarmOrderKind.ACKNOWLEDGE and row.announced_at is not None:
            self.acknowledged.add((alarm_id, row.raised_at))

    # --- what must hold

    @invariant()
    def each_condition_has_one_row(self) -> None:
        counts = Counter((row.rule, row.subject) for row in self.bell.rows.values())
        assert not counts or max(counts.values()) == 1

    @invariant()
    def no_acknowledgement_is_lost(self) -> None:
        for row in self.bell.rows.values():
            if (row.alarm_id, row.raised_at) in self.acknowledged:
                assert row.state in (AlarmState.ACKNOWLEDGED, AlarmState.NORMAL), row

    @invariant()
    def what_was_told_is_not_normal_before_somebody_has_seen_it(self) -> None:
        for row in self.bell.rows.values():
            if row.state is AlarmState.NORMAL and row.announced_at is not None:
                assert row.acknowledged_by is not None, row

    @invariant()
    def what_is_active_and_speaks_was_told(self) -> None:
        for row in self.bell.rows.values():
            if row.is_active and row.is_audible and row.state is not AlarmState.ACKNOWLEDGED:
                assert row.announced_at is not None, row

    @invariant()
    def nothing_is_suppressed_but_by_what_holds(self) -> None:
        known = {(row.rule, row.subject): row for row in self.bell.rows.values()}
        for row in self.bell.rows.values():
            assert row.suppressed_by is None or row.is_active
            if row.suppressed_by is not None:
                subject = RULES[row.suppressed_by].subject or f"turbine-{row.turbine_number}"
                inhibitor = known.get((row.suppressed_by, subject))
                is_coming = self.bell.alarms._delays.is_coming((row.suppressed_by, subject))
                assert is_coming or (inhibitor is not None and inhibitor.is_active), row

    @invariant()
    def memory_and_ledger_agree(self) -> None:
        register = self.bell.alarms._register
        assert dict(register.by_id) == self.bell.rows
        assert set(register.open) == {
            (row.rule, row.subject) for row in self.bell.rows.values() if row.state is not AlarmState.NORMAL
        }

    @invariant()
    def the_journal_tells_all_turns(self) -> None:
        """An alarm is active as often as it was raised or held back, less how often it cleared."""
        turns = Counter((turn, rule, subject) for turn, rule, subject in self.bell.journal)
        for row in self.bell.rows.values():
            key = (row.rule, row.subject)
            assert turns[AlarmTurn.CLEARED, *key] <= turns[AlarmTurn.RAISED, *key] + turns[AlarmTurn.HELD_BACK, *key]

    def teardown(self) -> None:
        """In the end all comes back that still holds: nothing stays silent but what people silenced."""
        if self.is_broker_away:
            self.bell.find_broker()
        gone = [number for number, record in self.bell.turbines.items() if record.link is Link.OFFLINE]
        self.bell.online(*(number for number in self.bell.turbines if number not in gone[:2]))
        for number, incident in self.bell.incidents.items():
            if incident.closed_at is None:
                self.bell.incident(number, IncidentState.CLOSED)
        open_findings, self.bell.open_findings = list(self.bell.open_findings.values()), {}
        self.bell.take(findings=[replace(finding, until=1) for finding in open_findings])
        for _ in range(5):
            self.bell.wait(300)
        active = {row.subject for row in self.bell.rows.values() if row.is_active and row.rule == TURBINE_OFFLINE}
        assert active == {f"turbine-{number}" for number in gone[:2]}
        assert all(row.suppressed_by in (None, TURBINE_OFFLINE) for row in self.bell.rows.values())
        self.bell.acknowledge(*self.bell.rows)
        left = {row.subject for row in self.bell.rows.values() if row.state is not AlarmState.NORMAL}
        assert left == active, left


TestAlarmsOfAFarm = AlarmsOfAFarm.TestCase
TestAlarmsOfAFarm.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
