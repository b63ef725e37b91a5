"""Who is told of which alarm, when, how often, and in which message."""

from dataclasses import dataclass, field, replace
from datetime import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.times import SECOND
from monitor.facts import (
    Alarm,
    AlarmChanges,
    AlarmState,
    Delivery,
    Notification,
    NotificationTest,
    Now,
    Receipt,
    RememberedKnowledge,
    Severity,
    Telling,
)
from monitor.notifications.notifications import Notifications
from monitor.notifications.plan import RETRY_SECONDS, Hours, Plan, Recipient, Route

NOON = 1_795_262_400 * SECOND  # 2026-11-21 12:00 UTC
HOUR = 3600.0
ROUTE = Route("all", ("crew",), group_wait_seconds=30.0, repeat_seconds=HOUR)


def alarm(number: int = 7, *, severity: Severity = Severity.HIGH, rule: str = "turbine_broken") -> Alarm:
    sentence = f"turbine {number} is broken."
    state = AlarmState.UNACKNOWLEDGED
    return Alarm(number, rule, f"turbine-{number}", number, "north", severity, state, sentence, NOON, NOON)


def plan(*routes: Route, quiet: Hours | None = None, receivers: tuple[str, ...] = ("crew",)) -> Plan:
    recipients = {name: Recipient(name, quiet) for name in receivers}
    return Plan(recipients, routes or (ROUTE,), page_url="http://farm.example")


@dataclass
class Tables:
    """What the ledger would keep."""

    notifications: dict[int, Notification] = field(default_factory=dict)
    tellings: dict[tuple[str, int], Telling] = field(default_factory=dict)
    alarms: dict[int, Alarm] = field(default_factory=dict)

    def remembered(self) -> RememberedKnowledge:
        told = {alarm_id for _, alarm_id in self.tellings}
        ended = {one.receiver: one for one in self.notifications.values() if one.ended_at is not None}
        waiting = [one for one in self.notifications.values() if one.delivery is Delivery.WAITING]
        return RememberedKnowledge(
            alarms=list(self.alarms.values()),
            notifications=[*waiting, *ended.values()],
            tellings=list(self.tellings.values()),
            told_alarms=[alarm for alarm_id, alarm in self.alarms.items() if alarm_id in told],
            next_notification_id=1 + max(self.notifications, default=0),
        )


class Desk:
    """The decider, its tables, and a receiver that takes everything, or nothing."""

    def __init__(self, settings: Plan) -> None:
        self.plan = settings
        self.tables = Tables()
        self.at = 0.0
        self.error: str | None = None
        self.received: list[tuple[float, Notification]] = []
        self._receipts: list[Receipt] = []
        self.start()

    def start(self) -> None:
        """Begin anew with what the tables have, as after a crash."""
        self.decider = Notifications(self.tables.remembered(), now=self._now(), plan=self.plan)

    def step(self, *alarms: Alarm, after: float = 0.0, tests: tuple[NotificationTest, ...] = ()) -> list[str]:
        """A batch with these alarms, and what it has sent: titles."""
        self.at += after
        self.tables.alarms.update({one.alarm_id: one for one in alarms})
        receipts, self._receipts = self._receipts, []
        changes = self.decider.take(AlarmChanges(alarms=list(alarms)), receipts, tests, self._now())
        self.tables.notifications.update({one.notification_id: one for one in changes.notifications})
        self.tables.tellings.update({(one.receiver, one.alarm_id): one for one in changes.tellings})
        for key in changes.forgotten:
            self.tables.tellings.pop(key, None)
        for one in changes.due:
            self._receipts.append(Receipt(one.notification_id, self.error))
            if self.error is None:
                self.received.append((self.at, one))
        return [one.title for one in changes.due]

    def wait(self, seconds: float) -> list[str]:
        """Let time go by, a second at a time; returns the titles of what was sent."""
        return [title for _ in range(round(seconds)) for title in self.step(after=1.0)]

    def _now(self) -> Now:
        return Now(NOON + round(self.at * SECOND), self.at)


def test_an_alarm_is_told_once_after_its_groups_wait() -> None:
    desk = Desk(plan())
    desk.step(alarm())
    assert desk.wait(29) == []
    assert desk.wait(300) == ["HIGH: turbine 7 is broken"]


def test_a_message_says_what_where_since_when_what_to_do_and_where_to_look() -> None:
    decider = Notifications(
        RememberedKnowledge(),
        now=Now(NOON, 0.0),
        plan=plan(replace(ROUTE, group_wait_seconds=0)),
        guidance={"turbine_broken": "see whether an engineer is on the way"},
    )
    changes = decider.take(AlarmChanges(alarms=[alarm()]), [], [], Now(NOON, 0.0))
    assert changes.notifications[0].body == (
        "turbine 7 is broken (north).\n"
        "Since 2026-11-21 12:00 (UTC), high.\n"
        "What to do: see whether an engineer is on the way\n"
        "http://farm.example/turbines/7\n"
        "\n"
        "All alarms: http://farm.example/alarms"
    )


def test_alarms_that_come_together_are_one_message_for_each_group() -> None:
    desk = Desk(plan())
    desk.step(*map(alarm, range(1, 101)), alarm(200, rule="turbine_offline"))
    assert desk.wait(60) == ["100 alarms in north: 100 high", "HIGH: turbine 200 is broken"]
    assert "And 80 more." in desk.received[0][1].body


def test_an_alarm_is_repeated_until_somebody_acknowledges_it() -> None:
    desk = Desk(plan())
    desk.step(alarm())
    assert desk.wait(2 * HOUR + 60) == ["HIGH: turbine 7 is broken", *["HIGH, still: turbine 7 is broken"] * 2]
    desk.step(replace(alarm(), state=AlarmState.ACKNOWLEDGED))
    assert desk.wait(2 * HOUR) == []


def test_who_was_told_of_an_alarm_is_told_that_it_is_over() -> None:
    desk = Desk(plan())
    desk.step(alarm())
    desk.wait(60)
    desk.step(replace(alarm(), state=AlarmState.CLEARED, cleared_at=NOON + 60 * SECOND))
    assert desk.wait(2 * HOUR) == ["Cleared: turbine 7 is broken"]


def test_what_is_over_before_anybody_was_told_is_told_to_nobody() -> None:
    desk = Desk(plan())
    desk.step(alarm())
    desk.step(replace(alarm(), state=AlarmState.CLEARED), after=10)
    desk.step(replace(alarm(), state=AlarmState.NORMAL), after=10)
    assert desk.wait(HOUR) == []
    assert desk.tables.tellings == {}


@pytest.mark.parametrize(
    "silenced",
    [
        replace(alarm(), suppressed_by="broker_lost"),
        replace(alarm(), shelved_until=NOON, shelved_by="Ann"),
        replace(alarm(), out_of_service_by="Ann"),
    ],
)
def test_a_silenced_alarm_is_told_to_nobody_and_told_when_it_speaks_again(silenced: Alarm) -> None:
    desk = Desk(plan())
    desk.step(alarm())
    desk.step(silenced, after=10)
    assert desk.wait(HOUR) == []
    desk.step(alarm())
    assert desk.wait(60) == ["HIGH: turbine 7 is broken"]


def test_an_alarm_that_comes_and_goes_is_not_told_each_time() -> None:
    desk = Desk(plan())
    desk.step(alarm())
    desk.wait(60)
    for _ in range(50):
        desk.step(replace(alarm(), state=AlarmState.CLEARED), after=5)
        desk.step(alarm(), after=5)
    assert [title for at, one in desk.received if at < HOUR for title in [one.title]] == ["HIGH: turbine 7 is broken"]


def test_an_alarm_that_comes_and_goes_while_its_message_waits_is_told() -> None:
    desk = Desk(plan())
    told: list[str] = []
    for flicker in range(1, 61):
        desk.at += 0.3
        raised = replace(alarm(), raised_at=NOON + round(desk.at * SECOND), occurrences=flicker)
        told += desk.step(raised)
        told += desk.step(replace(raised, state=AlarmState.CLEARED), after=0.2)
        told += desk.step(after=0.3)
    assert told == ["HIGH: turbine 7 is broken"]
    assert "it comes and goes, 38 times by now" in desk.received[0][1].body
    assert desk.wait(60) == ["Cleared: turbine 7 is broken"]


def test_what_clears_before_its_message_went_out_is_told_to_nobody() -> None:
    desk = Desk(plan())
    desk.step(alarm())
    desk.step(replace(alarm(), state=AlarmState.CLEARED), after=10)
    assert desk.wait(HOUR) == []
    assert desk.tables.tellings == {}


def test_a_clock_that_is_set_back_delays_nothing() -> None:
    desk = Desk(plan())
    desk.step(alarm())
    desk.at -= HOUR
    assert desk.wait(31) == ["HIGH: turbine 7 is broken"]
    desk.error = "it answered 500"
    assert desk.step(tests=(NotificationTest("crew", "Ann"),)) == ["Test of crew"]
    desk.step(alarm(8, rule="turbine_offline"))
    assert desk.wait(35) == ["HIGH: turbine 8 is broken"]
    desk.at -= HOUR
    assert desk.wait(10) == ["HIGH: turbine 8 is broken"]


def test_a_receiver_that_works_again_gets_at_once_what_waited_for_it() -> None:
    desk = Desk(plan(replace(ROUTE, group_wait_seconds=0)))
    desk.error = "it answered 500"
    desk.step(alarm(1))
    desk.wait(300)
    desk.error = None
    assert desk.step(alarm(2)) == ["HIGH: turbine 2 is broken"]
    assert desk.wait(2) == ["HIGH: turbine 1 is broken"]


def test_quiet_hours_hold_back_all_but_what_is_critical() -> None:
    desk = Desk(plan(ROUTE, quiet=Hours(time(11), time(13))))
    desk.step(alarm(1), alarm(2, severity=Severity.CRITICAL))
    assert desk.wait(HOUR - 60) == ["CRITICAL: turbine 2 is broken"]
    assert desk.wait(120) == ["HIGH: turbine 1 is broken", "CRITICAL, still: turbine 2 is broken"]


def test_a_digest_tells_all_at_its_time_also_what_is_over() -> None:
    desk = Desk(plan(Route("morning", ("crew",), digest=(time(13),), repeat_seconds=None)))
    desk.step(alarm(1), alarm(2), alarm(3))
    desk.step(replace(alarm(2), state=AlarmState.CLEARED), after=60)
    desk.step(replace(alarm(3), state=AlarmState.ACKNOWLEDGED), after=60)
    assert desk.wait(24 * HOUR) == ["2 alarms in north: 1 high, 1 cleared"]


def test_each_receiver_is_told_and_a_failing_one_delays_nobody() -> None:
    desk = Desk(plan(Route("all", ("crew", "desk"), group_wait_seconds=0), receivers=("crew", "desk")))
    assert desk.step(alarm(1)) == ["HIGH: turbine 1 is broken"] * 2
    assert sorted(one.receiver for _, one in desk.received) == ["crew", "desk"]


def test_a_receiver_gets_its_messages_one_after_the_other() -> None:
    desk = Desk(plan(Route("all", ("crew",), group_wait_seconds=0)))
    test = NotificationTest("crew", "Ann")
    assert desk.step(tests=(test, test)) == ["Test of crew"]
    assert desk.step() == ["Test of crew"]
    assert desk.step() == []


def test_a_message_is_tried_again_later_and_later_then_given_up_in_sight() -> None:
    desk = Desk(plan(Route("all", ("crew",), group_wait_seconds=0, repeat_seconds=None)))
    desk.error = "it answered 500"
    desk.step(alarm())
    assert desk.decider.failing is None
    assert len(desk.wait(sum(RETRY_SECONDS) + 60)) == len(RETRY_SECONDS)
    (given_up,) = desk.tables.notifications.values()
    assert (given_up.delivery, given_up.attempts) == (Delivery.FAILED, len(RETRY_SECONDS) + 1)
    for _ in range(2):
        assert desk.decider.failing == "messages do not reach crew (it answered 500)"
        desk.start()


def test_a_receiver_that_takes_messages_again_is_well() -> None:
    desk = Desk(plan())
    desk.error = "it answered 500"
    desk.step(tests=(NotificationTest("crew", "Ann"),))
    desk.step()
    assert desk.decider.failing == "messages do not reach crew (it answered 500)"
    desk.error = None
    desk.step(tests=(NotificationTest("crew", "Ann"),))
    desk.step()
    assert desk.decider.failing is None


def test_a_test_is_tried_once_also_after_a_crash() -> None:
    desk = Desk(plan())
    desk.error = "it answered 500"
    assert desk.step(tests=(NotificationTest("crew", "Ann"),)) == ["Test of crew"]
    desk.start()
    desk.step()
    assert [one.delivery for one in desk.tables.notifications.values()] == [Delivery.FAILED]


def test_a_test_of_an_unknown_receiver_is_refused_with_those_that_are_known() -> None:
    decider = Notifications(RememberedKnowledge(), now=Now(NOON, 0.0), plan=plan())
    (answer,) = decider.take(AlarmChanges(), [], [NotificationTest("boss", "Ann")], Now(NOON, 0.0)).answers
    assert (answer.accepted, answer.sentence) == (False, "there is no receiver boss: crew")


def test_without_a_plan_nothing_is_decided() -> None:
    decider = Notifications(RememberedKnowledge(), now=Now(NOON, 0.0))
    changes = decider.take(AlarmChanges(alarms=[alarm()]), [], [], Now(NOON, 0.0))
    assert changes == type(changes)()


def test_what_waits_for_a_receiver_that_is_set_no_more_is_given_up() -> None:
    desk = Desk(plan(Route("all", ("crew",), group_wait_seconds=0)))
    desk.error = "it answered 500"
    desk.step(alarm())
    desk.step()
    desk.plan = plan(Route("all", ("desk",), group_wait_seconds=0), receivers=("desk",))
    desk.start()
    desk.step()
    given_up = desk.tables.notifications[1]
    assert (given_up.delivery, given_up.error) == (Delivery.FAILED, "no receiver of this name is set any more")


def test_an_alarm_that_stood_before_anybody_was_to_be_notified_is_told() -> None:
    desk = Desk(plan())
    desk.tables.alarms[7] = alarm()
    desk.start()
    assert desk.wait(60) == ["HIGH: turbine 7 is broken"]


ALARM_STATES = st.sampled_from(list(AlarmState))


@given(
    steps=st.lists(st.tuples(st.integers(1, 3), ALARM_STATES, st.booleans(), st.integers(0, 200)), max_size=30),
    crashes=st.sets(st.integers(0, 29)),
)
def test_crashes_change_nothing_in_what_people_are_told(
    steps: list[tuple[int, AlarmState, bool, int]], crashes: set[int]
) -> None:
    """A crash before a batch loses the decider and what was handed over but not answered."""
    told = []
    for crashing in (set[int](), crashes):
        desk = Desk(plan())
        for number, (turbine, state, suppressed, seconds) in enumerate(steps):
            changed = replace(alarm(turbine), state=state, suppressed_by="broker_lost" if suppressed else None)
            desk.step(changed)
            desk.wait(seconds)
            if number in crashing:
                desk.start()
        desk.wait(60)
        told.append([(one.receiver, one.title, one.created_at) for one in desk.tables.notifications.values()])
    assert told[0] == told[1]


@given(steps=st.lists(st.tuples(st.integers(1, 3), ALARM_STATES, st.integers(0, 400)), max_size=40))
def test_nobody_is_told_twice_of_the_same_within_the_repeat_interval(
    steps: list[tuple[int, AlarmState, int]],
) -> None:
    desk = Desk(plan(replace(ROUTE, group_by=("rule",), tells_cleared=False)))
    for turbine, state, seconds in steps:
        desk.step(replace(alarm(turbine), state=state))
        desk.wait(seconds)
        desk.step()
    for turbine in (1, 2, 3):
        # Acknowledged and cleared it is a new alarm when it comes again.
        told = [at for at, one in desk.received if f"turbine {turbine} is" in one.body]
        if AlarmState.NORMAL not in [state for number, state, _ in steps if number == turbine]:
            assert all(later - earlier >= HOUR for earlier, later in pairwise(told))
