"""The alarms at a glance: who waits, what stands, and how they come."""

from alarm_bell import NOON, Bell

from grid.times import SECOND
from monitor.alarms.rates import Raised
from monitor.alarms.summary import summary_of
from monitor.facts import AlarmOrderKind, Severity


def test_the_summary_tells_who_waits_and_what_stands() -> None:
    bell = Bell()
    bell.take()
    bell.lose_broker()
    bell.find_broker()
    bell.online(*bell.turbines)
    bell.wait(10)
    bell.offline(7)
    bell.wait(60)
    alarms = list(bell.rows.values())
    raised = [(alarm.announced_at or 0, alarm.alarm_id) for alarm in alarms]
    summary = summary_of(alarms, raised, bell.utc + 24 * 3600 * SECOND + 1)
    assert (summary.unacknowledged, summary.active, summary.highest) == (2, 1, Severity.CRITICAL)
    assert summary.waiting_by_severity[Severity.MEDIUM] == 1
    assert summary.standing == [2]
    assert len(summary.per_ten_minutes) in (36, 37)
    assert summary.flood is None


def test_what_is_out_of_service_does_not_stand() -> None:
    bell = Bell()
    bell.take()
    bell.offline(7)
    bell.wait(60)
    bell.order(AlarmOrderKind.TAKE_OUT_OF_SERVICE, bell.alarm("turbine_offline", "turbine-7").alarm_id)
    assert summary_of(list(bell.rows.values()), [], bell.utc + 25 * 3600 * SECOND).standing == []


def test_alarms_of_a_clock_that_was_set_back_are_no_flood() -> None:
    raised = [Raised(NOON + (3600 + second) * SECOND, 1) for second in range(20)]
    summary = summary_of([], raised, raised[0].at - 3600 * SECOND)
    assert (summary.flood, summary.chattering, summary.per_ten_minutes[-1].raised) == (None, [], 0)
