"""When a person is told, what a person may do about it, and what survives a crash."""

from dataclasses import replace

import pytest
from alarm_bell import Bell

from grid.times import SECOND
from monitor.alarms.rules import (
    BOOKS_UNBALANCED,
    BROKER_LOST,
    DATABASE_REFUSED,
    DEAD_LETTERS,
    ENGINEERS_SHORT,
    MANY_DEVIATING,
    MANY_OFFLINE,
    NOTIFICATIONS_FAILING,
    READINGS_MISSING,
    REPAIR_REFUSED,
    REPAIR_WITHOUT_EFFECT,
    RULES,
    TEXT_FILES_BEHIND,
    TURBINE_BROKEN,
    TURBINE_DEVIATING,
    TURBINE_OFFLINE,
    TURBINE_SILENT,
    page_of,
)
from monitor.alarms.settings import AlarmSettings
from monitor.facts import (
    AlarmOrder,
    AlarmOrderKind,
    AlarmRefusal,
    AlarmState,
    AlarmTurn,
    Finding,
    FindingKind,
    IncidentState,
    Link,
    LinkReason,
    Severity,
)

T7 = "turbine-7"
HOUR = 3600 * SECOND


@pytest.fixture
def bell() -> Bell:
    bell = Bell()
    bell.take()
    return bell


def offline_for_long(bell: Bell, number: int = 7) -> int:
    """Raise the alarm of an offline turbine; returns its number."""
    bell.offline(number)
    bell.wait(60)
    return bell.alarm(TURBINE_OFFLINE, f"turbine-{number}").alarm_id


class TestDelays:
    def test_a_turbine_that_reconnects_in_time_is_no_alarm(self, bell: Bell) -> None:
        bell.offline(7)
        bell.wait(59)
        bell.online(7)
        bell.wait(600)
        assert bell.rows == {}

    def test_a_turbine_that_stays_away_is_one_alarm(self, bell: Bell) -> None:
        bell.offline(7)
        bell.wait(59)
        assert bell.raised() == []
        bell.wait(1)
        bell.wait(600)
        assert bell.raised() == [(TURBINE_OFFLINE, T7)]
        alarm = bell.alarm(TURBINE_OFFLINE, T7)
        assert (alarm.state, alarm.severity, alarm.region) == (AlarmState.UNACKNOWLEDGED, Severity.MEDIUM, "north")
        assert alarm.sentence == "Turbine 7 is offline: the broker lost it."

    def test_a_link_that_flickers_is_one_alarm(self, bell: Bell) -> None:
        offline_for_long(bell)
        for _ in range(5):
            bell.online(7)
            bell.wait(29)
            bell.offline(7)
            bell.wait(10)
        alarm = bell.alarm(TURBINE_OFFLINE, T7)
        assert (alarm.state, alarm.occurrences) == (AlarmState.UNACKNOWLEDGED, 1)

    def test_time_in_which_nobody_watched_does_not_count(self, bell: Bell) -> None:
        bell.offline(7)
        bell.utc += HOUR
        bell.take()
        assert bell.rows == {}

    def test_a_delay_begins_anew_after_a_crash(self, bell: Bell) -> None:
        bell.offline(7)
        bell.wait(59)
        bell.start()
        bell.take()
        bell.wait(59)
        assert bell.rows == {}
        bell.wait(1)
        assert bell.raised() == [(TURBINE_OFFLINE, T7)]


class TestLife:
    def test_what_is_over_waits_until_somebody_has_seen_it(self, bell: Bell) -> None:
        number = offline_for_long(bell)
        bell.online(7)
        bell.wait(30)
        assert bell.rows[number].state is AlarmState.CLEARED
        assert bell.acknowledge(number).changed == 1
        assert (bell.rows[number].state, bell.rows[number].acknowledged_by) == (AlarmState.NORMAL, "Ann")

    def test_what_was_acknowledged_is_normal_when_it_is_over(self, bell: Bell) -> None:
        number = offline_for_long(bell)
        bell.acknowledge(number)
        assert bell.rows[number].state is AlarmState.ACKNOWLEDGED
        bell.online(7)
        bell.wait(30)
        assert bell.rows[number].state is AlarmState.NORMAL

    def test_what_comes_again_before_anybody_saw_it_is_counted(self, bell: Bell) -> None:
        number = offline_for_long(bell)
        bell.online(7)
        bell.wait(30)
        assert offline_for_long(bell) == number
        assert (bell.rows[number].state, bell.rows[number].occurrences) == (AlarmState.UNACKNOWLEDGED, 2)

    def test_an_acknowledgement_is_for_one_time_only(self, bell: Bell) -> None:
        number = offline_for_long(bell)
        bell.acknowledge(number)
        bell.online(7)
        bell.wait(30)
        assert offline_for_long(bell) == number
        alarm = bell.rows[number]
        assert (alarm.state, alarm.acknowledged_by, alarm.occurrences) == (AlarmState.UNACKNOWLEDGED, None, 1)

    def test_an_acknowledgement_survives_a_crash(self, bell: Bell) -> None:
        number = offline_for_long(bell)
        bell.acknowledge(number)
        bell.start()
        bell.take()
        bell.wait(600)
        assert bell.rows[number].state is AlarmState.ACKNOWLEDGED
        assert bell.raised() == [(TURBINE_OFFLINE, T7)]

    def test_what_ended_during_a_crash_is_over_after_it(self, bell: Bell) -> None:
        number = offline_for_long(bell)
        bell.turbines[7].link = Link.ONLINE
        bell.start()
        bell.take()
        bell.wait(30)
        assert bell.rows[number].state is AlarmState.CLEARED

    def test_every_turn_is_in_the_journal_with_who_and_comment(self, bell: Bell) -> None:
        number = offline_for_long(bell)
        order = AlarmOrder(AlarmOrderKind.ACKNOWLEDGE, (number,), "Ann", "on my way")
        (entry,) = bell.take(orders=[order]).journal
        assert (entry.turn, entry.by, entry.comment) == (AlarmTurn.ACKNOWLEDGED, "Ann", "on my way")
        assert bell.rows[number].comment == "on my way"


class TestOrders:
    def test_all_that_wait_are_acknowledged_at_once(self, bell: Bell) -> None:
        offline_for_long(bell, 7)
        offline_for_long(bell, 8)
        answer = bell.acknowledge()
        assert (answer.sentence, bell.alarms.counts().unacknowledged) == ("2 alarms are acknowledged", 0)

    def test_an_order_that_comes_twice_is_accepted_twice(self, bell: Bell) -> None:
        number = offline_for_long(bell)
        assert [bell.acknowledge(number).changed, bell.acknowledge(number).changed] == [1, 0]

    def test_nothing_is_done_where_one_alarm_is_unknown(self, bell: Bell) -> None:
        number = offline_for_long(bell)
        answer = bell.acknowledge(number, 99)
        assert (answer.accepted, answer.refusal) == (False, AlarmRefusal.UNKNOWN_ALARM)
        assert bell.rows[number].state is AlarmState.UNACKNOWLEDGED

    @pytest.mark.parametrize("hours", [None, -1, 0, 25])
    def test_a_shelving_ends_within_a_day(self, bell: Bell, hours: int | None) -> None:
        number = offline_for_long(bell)
        until = None if hours is None else bell.utc + hours * HOUR
        answer = bell.order(AlarmOrderKind.SHELVE, number, until=until)
        assert answer.refusal is AlarmRefusal.NOT_POSSIBLE

    def test_only_to_acknowledge_is_meant_for_all(self, bell: Bell) -> None:
        offline_for_long(bell)
        assert bell.order(AlarmOrderKind.TAKE_OUT_OF_SERVICE).refusal is AlarmRefusal.NOT_POSSIBLE

    def test_a_comment_needs_words(self, bell: Bell) -> None:
        number = offline_for_long(bell)
        assert not bell.order(AlarmOrderKind.COMMENT, number).accepted
        assert bell.order(AlarmOrderKind.COMMENT, number, comment="a fox at the cable").accepted
        assert bell.rows[number].comment == "a fox at the cable"


class TestSilence:
    def test_a_shelved_alarm_returns_by_itself(self, bell: Bell) -> None:
        number = offline_for_long(bell)
        bell.acknowledge(number)
        bell.order(AlarmOrderKind.SHELVE, number, until=bell.utc + HOUR)
        bell.online(7)
        bell.wait(30)
        offline_for_long(bell)
        assert len(bell.raised()) == 1
        bell.wait(3600)
        assert bell.raised() == [(TURBINE_OFFLINE, T7)] * 2
        assert bell.rows[number].shelved_until is None

    def test_the_end_of_a_shelving_is_not_forgotten_in_a_crash(self, bell: Bell) -> None:
        number = offline_for_long(bell)
        bell.order(AlarmOrderKind.SHELVE, number, until=bell.utc + HOUR)
        bell.utc += HOUR
        bell.start()
        bell.take()
        assert bell.rows[number].shelved_until is None

    def test_what_came_and_went_in_silence_needs_nobody(self, bell: Bell) -> None:
        number = offline_for_long(bell)
        bell.acknowledge(number)
        bell.order(AlarmOrderKind.TAKE_OUT_OF_SERVICE, number)
        for _ in range(2):
            bell.online(7)
            bell.wait(30)
            assert bell.rows[number].state is AlarmState.NORMAL
            offline_for_long(bell)
        assert len(bell.raised()) == 1
        bell.order(AlarmOrderKind.PUT_IN_SERVICE, number)
        assert len(bell.raised()) == 2

    def test_a_silent_alarm_is_counted_as_silenced(self, bell: Bell) -> None:
        number = offline_for_long(bell)
        bell.order(AlarmOrderKind.SHELVE, number, until=bell.utc + HOUR)
        counts = bell.alarms.counts()
        assert (counts.unacknowledged, counts.active, counts.highest, counts.silenced) == (0, 0, None, 1)


class TestSuppression:
    def test_an_offline_turbine_speaks_for_its_repair(self, bell: Bell) -> None:
        offline_for_long(bell)
        bell.incident(7, IncidentState.OFFLINE)
        bell.wait(1800)
        alarm = bell.alarm(TURBINE_BROKEN, T7)
        assert (alarm.suppressed_by, alarm.is_active, bell.raised()) == (
            TURBINE_OFFLINE,
            True,
            [(TURBINE_OFFLINE, T7)],
        )
        bell.online(7)
        bell.wait(30)
        assert bell.raised()[1:] == [(TURBINE_BROKEN, T7)]

    def test_an_alarm_is_not_raised_while_another_is_about_to_speak_for_it(self, bell: Bell) -> None:
        bell.incident(7, IncidentState.VISITED)
        bell.wait(1790)
        bell.offline(7)
        bell.wait(10)
        assert bell.alarm(TURBINE_BROKEN, T7).suppressed_by == TURBINE_OFFLINE
        bell.online(7)
        assert bell.raised() == [(TURBINE_BROKEN, T7)]

    def test_the_broker_speaks_for_all_turbines(self, bell: Bell) -> None:
        number = offline_for_long(bell)
        bell.lose_broker()
        assert bell.raised()[1:] == [(BROKER_LOST, "broker")]
        assert bell.rows[number].suppressed_by == BROKER_LOST
        counts = bell.alarms.counts()
        assert (counts.unacknowledged, counts.active, counts.highest) == (1, 1, Severity.CRITICAL)
        bell.find_broker()
        bell.wait(10)
        assert bell.rows[number].suppressed_by is None

    def test_a_broker_restart_is_one_alarm_that_clears_by_itself(self) -> None:
        bell = Bell(turbines=1000)
        bell.take()
        bell.lose_broker()
        bell.utc += 30 * SECOND
        bell.take()
        bell.find_broker()
        bell.online(*bell.turbines)
        bell.wait(600)
        assert bell.raised() == [(BROKER_LOST, "broker")]
        assert bell.alarm(BROKER_LOST, "broker").state is AlarmState.CLEARED
        assert len(bell.rows) == 1

    def test_turbines_that_are_not_heard_after_a_restart_are_told(self, bell: Bell) -> None:
        bell.lose_broker()
        bell.find_broker()
        bell.online(*(number for number in bell.turbines if number != 7))
        bell.wait(299)
        assert not bell.has(TURBINE_SILENT, T7)
        bell.wait(1)
        assert bell.raised()[1:] == [(TURBINE_SILENT, T7)]

    def test_many_offline_turbines_are_one_alarm(self) -> None:
        bell = Bell(turbines=1000)
        bell.take()
        for first in range(1, 1000, 100):
            bell.offline(*range(first, first + 100))
            bell.wait(1)
        bell.wait(600)
        assert bell.raised() == [(MANY_OFFLINE, "farm")]
        assert bell.alarms.counts().suppressed == 1000
        bell.online(*range(1, 997))
        bell.wait(60)
        bell.wait(30)
        assert bell.raised()[1:] == [(TURBINE_OFFLINE, f"turbine-{number}") for number in range(997, 1001)]
        states = {row.state for row in bell.rows.values() if row.turbine_number and row.turbine_number < 997}
        assert states == {AlarmState.NORMAL}

    def test_many_silent_turbines_are_one_alarm_too(self) -> None:
        bell = Bell(turbines=50)
        bell.take()
        bell.link(*bell.turbines, to=Link.STALE)
        bell.wait(60)
        bell.wait(60)
        assert bell.raised() == [(MANY_OFFLINE, "farm")]

    def test_many_stay_one_alarm_over_a_crash_and_a_loss_of_the_broker(self) -> None:
        bell = Bell(turbines=50)
        bell.take()
        bell.offline(*bell.turbines)
        bell.wait(20)
        bell.wait(40)
        bell.start()
        bell.lose_broker()
        bell.find_broker()
        bell.offline(*bell.turbines)
        bell.wait(60)
        bell.wait(600)
        assert bell.raised() == [(MANY_OFFLINE, "farm"), (BROKER_LOST, "broker")]

    def test_turbines_that_went_long_ago_are_not_many_after_a_start(self, bell: Bell) -> None:
        for number in range(1, 8):
            offline_for_long(bell, number)
            bell.wait(300)
        bell.start()
        bell.lose_broker()
        bell.find_broker()
        bell.offline(*range(1, 8))
        bell.online(8, 9, 10)
        bell.wait(600)
        assert bell.raised()[7:] == [(BROKER_LOST, "broker")]

    def test_turbines_that_go_one_by_one_are_many_alarms(self, bell: Bell) -> None:
        for number in range(1, 8):
            offline_for_long(bell, number)
            bell.wait(300)
        assert len(bell.raised()) == 7

    def test_a_restart_of_the_whole_farm_within_seconds_is_no_alarm(self, bell: Bell) -> None:
        bell.offline(*bell.turbines)
        bell.wait(15)
        bell.online(*bell.turbines)
        bell.wait(600)
        assert bell.rows == {}


class TestRepairs:
    def test_a_broken_turbine_is_an_alarm_when_its_repair_takes_too_long(self, bell: Bell) -> None:
        bell.incident(7)
        bell.incident(7, IncidentState.VISITED)
        bell.wait(1799)
        assert bell.rows == {}
        bell.wait(1)
        assert bell.raised() == [(TURBINE_BROKEN, T7)]

    def test_a_repaired_turbine_is_none(self, bell: Bell) -> None:
        bell.incident(7, IncidentState.VISITED)
        bell.wait(1000)
        bell.incident(7, IncidentState.CLOSED)
        bell.wait(1000)
        assert bell.rows == {}

    def test_an_old_incident_is_not_young_again_after_a_crash(self, bell: Bell) -> None:
        bell.incident(7, IncidentState.VISITED)
        bell.wait(1700)
        bell.start()
        bell.take()
        bell.wait(100)
        assert bell.raised() == [(TURBINE_BROKEN, T7)]

    def test_a_refused_repair_is_told_at_once_and_speaks_for_the_rest(self, bell: Bell) -> None:
        bell.incident(7, IncidentState.REFUSED)
        bell.wait(1800)
        assert bell.raised() == [(REPAIR_REFUSED, T7)]

    def test_the_third_visit_without_effect_is_told(self, bell: Bell) -> None:
        bell.incident(7, IncidentState.COOLING_DOWN, failed_visits=2)
        assert bell.rows == {}
        bell.incident(7, IncidentState.COOLING_DOWN, failed_visits=3)
        assert bell.raised() == [(REPAIR_WITHOUT_EFFECT, T7)]

    def test_a_turbine_that_a_person_holds_is_cared_for(self, bell: Bell) -> None:
        bell.incident(7, IncidentState.REFUSED)
        bell.incident(7, IncidentState.HELD)
        bell.wait(3600)
        assert bell.alarm(REPAIR_REFUSED, T7).state is AlarmState.CLEARED
        assert bell.raised() == [(REPAIR_REFUSED, T7)]

    def test_a_long_wait_for_an_engineer_is_one_alarm(self) -> None:
        bell = Bell(settings=AlarmSettings(broken_after_seconds=86_400))
        bell.take()
        for number in range(1, 5):
            bell.incident(number)
        bell.wait(899)
        assert bell.rows == {}
        bell.wait(1)
        assert bell.raised() == [(ENGINEERS_SHORT, "engineers")]
        assert bell.alarm(ENGINEERS_SHORT, "engineers").sentence.startswith("4 turbines wait for an engineer")
        for number in range(1, 5):
            bell.incident(number, IncidentState.VISITED)
        bell.wait(60)
        assert bell.alarm(ENGINEERS_SHORT, "engineers").state is AlarmState.CLEARED

    def test_engineers_are_short_after_a_crash_as_before_it(self) -> None:
        bell = Bell(settings=AlarmSettings(broken_after_seconds=86_400))
        bell.incident(7)
        bell.wait(900)
        bell.start()
        bell.wait(60)
        bell.wait(60)
        assert bell.alarm(ENGINEERS_SHORT, "engineers").is_active
        bell.incident(7, IncidentState.VISITED)
        bell.wait(60)
        assert not bell.alarm(ENGINEERS_SHORT, "engineers").is_active


class TestTheMonitorItself:
    @pytest.mark.parametrize(
        ("trouble", "rule"),
        [
            ({"broker_away_seconds": 0.5}, BROKER_LOST),
            ({"store_refused_seconds": 5.0, "store_error": "the disk is full"}, DATABASE_REFUSED),
            ({"text_files_behind": True}, TEXT_FILES_BEHIND),
            ({"unbalanced_readings": 3}, BOOKS_UNBALANCED),
        ],
    )
    def test_its_own_troubles_are_alarms(self, bell: Bell, trouble: dict[str, object], rule: str) -> None:
        well = bell.troubles
        bell.troubles = replace(well, **trouble)  # type: ignore[arg-type]
        bell.take()
        bell.wait(60)
        assert bell.raised() == [(rule, RULES[rule].subject)]
        bell.troubles = well
        bell.take()
        bell.wait(60)
        assert [row.state for row in bell.rows.values()] == [AlarmState.CLEARED]

    def test_the_first_connection_may_take_a_while(self) -> None:
        bell = Bell()
        bell.troubles = replace(bell.troubles, was_connected=False, broker_away_seconds=14.0)
        bell.take()
        assert bell.rows == {}
        bell.troubles = replace(bell.troubles, broker_away_seconds=15.0)
        bell.take()
        assert bell.raised() == [(BROKER_LOST, "broker")]

    def test_a_few_dead_letters_are_none(self, bell: Bell) -> None:
        for _ in range(100):
            bell.troubles = replace(bell.troubles, dead_letters=1)
            bell.wait(6)
        assert bell.rows == {}

    def test_dead_letters_in_numbers_are_one_alarm(self, bell: Bell) -> None:
        bell.troubles = replace(bell.troubles, dead_letters=10)
        for _ in range(200):
            bell.wait(6)
        assert bell.raised() == [(DEAD_LETTERS, "monitor")]
        bell.troubles = replace(bell.troubles, dead_letters=0)
        for _ in range(25):
            bell.wait(60)
        assert bell.alarm(DEAD_LETTERS, "monitor").state is AlarmState.CLEARED

    def test_dead_letters_in_numbers_are_so_after_a_crash(self, bell: Bell) -> None:
        bell.troubles = replace(bell.troubles, dead_letters=100)
        bell.wait(6)
        bell.troubles = replace(bell.troubles, dead_letters=6)
        bell.start()
        for _ in range(20):
            bell.wait(60)
        assert bell.alarm(DEAD_LETTERS, "monitor").is_active

    def test_people_who_can_not_be_notified_are_told_on_the_page(self, bell: Bell) -> None:
        bell.failing = "mail does not take messages"
        bell.take()
        assert bell.alarm(NOTIFICATIONS_FAILING, "monitor").sentence == (
            "Notifications fail: mail does not take messages."
        )


class TestReadings:
    def test_a_gap_that_is_not_filled_is_an_alarm_until_it_is_old_news(self, bell: Bell) -> None:
        bell.wait(60)
        bell.missing = {7: 12}
        bell.wait(60)
        bell.wait(899)
        assert bell.rows == {}
        bell.wait(60)
        assert bell.raised() == [(READINGS_MISSING, T7)]
        bell.wait(3600)
        bell.wait(60)
        assert bell.alarm(READINGS_MISSING, T7).state is AlarmState.CLEARED

    def test_a_gap_of_which_an_alarm_tells_is_known_after_a_crash(self, bell: Bell) -> None:
        bell.wait(60)
        bell.missing = {7: 12}
        bell.wait(60)
        bell.wait(960)
        bell.start()
        bell.wait(60)
        bell.wait(60)
        assert bell.alarm(READINGS_MISSING, T7).is_active
        bell.missing = {}
        bell.wait(60)
        bell.wait(60)
        assert not bell.alarm(READINGS_MISSING, T7).is_active

    def test_a_gap_that_is_filled_in_time_is_none(self, bell: Bell) -> None:
        bell.wait(60)
        bell.missing = {7: 12}
        bell.wait(60)
        bell.missing = {}
        bell.wait(60)
        bell.wait(3600)
        assert bell.rows == {}

    def test_each_quantity_deviates_for_itself(self, bell: Bell) -> None:
        hot = Finding(1, 7, "temperature", FindingKind.FROZEN, 0, None, 9, 50.0, 50.0, 4.0, "It is frozen.", True)
        weak = replace(hot, finding_id=2, quantity="power", kind=FindingKind.RESIDUAL)
        bell.take(findings=[hot, weak])
        bell.wait(60)
        assert [subject for _, subject in bell.raised()] == [f"{T7}/temperature", f"{T7}/power"]
        bell.take(findings=[replace(hot, until=1)])
        assert bell.alarm(TURBINE_DEVIATING, f"{T7}/temperature").state is AlarmState.CLEARED

    def test_many_turbines_that_begin_to_deviate_together_are_one_alarm(self, bell: Bell) -> None:
        hot = Finding(1, 1, "temperature", FindingKind.SPIKE, 0, None, 9, 50.0, 70.0, 4.0, "It is hot.", lasting=True)
        found = [replace(hot, finding_id=number, turbine_number=number) for number in range(1, 9)]
        bell.take(findings=found)
        bell.wait(20)
        bell.wait(40)
        assert bell.raised() == [(MANY_DEVIATING, "farm")]
        bell.take(findings=[replace(finding, until=1) for finding in found[:5]])
        bell.wait(60)
        assert bell.raised()[1:] == [(TURBINE_DEVIATING, f"turbine-{number}/temperature") for number in (6, 7, 8)]

    def test_a_lone_spike_is_only_noted(self, bell: Bell) -> None:
        spike = Finding(1, 7, "voltage", FindingKind.SPIKE, 0, 1, 1, 690.0, 900.0, 9.0, "It jumped.", lasting=False)
        bell.take(findings=[spike])
        assert bell.rows == {}

    def test_an_open_finding_is_known_after_a_crash(self, bell: Bell) -> None:
        hot = Finding(1, 7, "temperature", FindingKind.FROZEN, 0, None, 9, 50.0, 50.0, 4.0, "It is frozen.", True)
        bell.open_findings[1] = hot
        bell.take(findings=[hot])
        bell.wait(60)
        bell.start()
        bell.take()
        bell.wait(10)
        assert bell.alarm(TURBINE_DEVIATING, f"{T7}/temperature").is_active
        bell.take(findings=[replace(hot, until=1)])
        assert not bell.alarm(TURBINE_DEVIATING, f"{T7}/temperature").is_active


class TestTheTable:
    def test_whoever_inhibits_comes_first(self) -> None:
        order = list(RULES)
        for rule in RULES.values():
            assert all(order.index(name) < order.index(rule.name) for name in rule.inhibited_by)

    def test_few_rules_are_urgent(self) -> None:
        critical = [rule for rule in RULES.values() if rule.severity is Severity.CRITICAL]
        assert {rule.name for rule in critical} == {BROKER_LOST, MANY_OFFLINE}

    def test_every_rule_says_where_to_look(self) -> None:
        assert page_of(TURBINE_OFFLINE, 7) == "/turbines/7"
        assert page_of("of_another_version", None) == "/alarms"

    def test_a_rule_of_another_version_is_cleared(self) -> None:
        bell = Bell()
        bell.take()
        number = offline_for_long(bell)
        bell.rows[number] = replace(bell.rows[number], rule="meteor_near")
        bell.start()
        bell.take()
        assert bell.rows[number].state is AlarmState.CLEARED

    def test_a_goodbye_is_told_in_its_words(self, bell: Bell) -> None:
        bell.link(7, to=Link.OFFLINE, reason=LinkReason.STOPPED)
        bell.wait(60)
        assert bell.alarm(TURBINE_OFFLINE, T7).sentence == "Turbine 7 is offline: it said goodbye."
