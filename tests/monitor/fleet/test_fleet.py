"""What the fleet believes of turbines. Times are seconds after START; the clocks are right unless a test says so."""

from dataclasses import replace
from typing import Any

import pytest

from grid.metrics import OperationalStatus
from grid.repair import RepairState
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
    OrderKind,
    Reading,
    StatusReport,
    Told,
    TurbineRecord,
)
from monitor.facts import RepairAnswer as Answer
from monitor.fleet.fleet import Fleet

START = 1_800_000_000 * SECOND
OK, BROKEN = OperationalStatus.OK, OperationalStatus.BROKEN


def at(seconds: float) -> int:
    return START + round(seconds * SECOND)


def now(seconds: float) -> Now:
    return Now(at(seconds), seconds)


def reading(
    seconds: float,
    status: OperationalStatus = OK,
    *,
    session: str | None = "a",
    arrives: float | None = None,
    number: int = 7,
    sequence: int | None = None,
) -> Reading:
    received_at = at(seconds if arrives is None else arrives)
    return Reading(number, at(seconds), 9.5, 1.5, status, 690.0, 100.0, 60.0, session, sequence, received_at)


def online(seconds: float, session: str | None = "a", connection: int | None = 0, **more: Any) -> StatusReport:
    return StatusReport(7, Presence.ONLINE, at(seconds), session=session, connection=connection, **more)


def offline(seconds: float, session: str | None = "a", connection: int | None = 0, **more: Any) -> StatusReport:
    more.setdefault("reason", OfflineReason.LOST)
    return StatusReport(7, Presence.OFFLINE, at(seconds), session=session, connection=connection, **more)


class Watched:
    """A fleet, and the time."""

    def __init__(self, *remembered: TurbineRecord) -> None:
        self.fleet = Fleet(remembered, now=now(0))

    def take(self, seconds: float, *news: News, attentive: tuple[int, ...] = ()) -> list[Told]:
        return self.fleet.take(news, now(seconds), attentive)

    @property
    def record(self) -> TurbineRecord:
        return self.fleet.turbines[7]

    @property
    def stands(self) -> tuple[Link, Health]:
        return self.record.link, self.record.health


@pytest.fixture
def watched() -> Watched:
    """A fleet that knows turbine 7: online in session a, and ok."""
    watched = Watched()
    watched.take(0, online(0), reading(1, arrives=1))
    return watched


def beliefs(told: list[Told]) -> list[tuple[Because, Link, Health]]:
    return [(item.because, item.link, item.health) for item in told if isinstance(item, Belief)]


# --- links


def test_a_turbine_that_nobody_knew_is_registered_at_its_first_message() -> None:
    """Case 29."""
    watched = Watched()
    told = watched.take(3, reading(3, session=None))
    assert beliefs(told) == [(Because.READING, Link.ONLINE, Health.OK)]
    assert watched.record.first_seen_at == at(3)


def test_a_retained_goodbye_registers_a_turbine_as_offline() -> None:
    """Case 22."""
    watched = Watched()
    told = watched.take(1, offline(1, retained=True, reason=OfflineReason.STOPPED))
    assert beliefs(told) == [(Because.LINK, Link.OFFLINE, Health.UNKNOWN)]
    assert watched.record.link_reason is LinkReason.STOPPED


def test_an_answer_registers_a_turbine_too() -> None:
    watched = Watched()
    answer = Answer(7, "x-1", RepairState.DONE, at(1))
    told = watched.take(1, answer)
    assert beliefs(told) == [(Because.LINK, Link.UNKNOWN, Health.UNKNOWN)]
    assert told[-1] is answer


def test_a_birth_tells_the_turbines_type_and_a_bare_one_leaves_it(watched: Watched) -> None:
    watched.take(2, online(2, connection=1, birth=Birth(model="MM92", rated_power_in_kw=2050.0)))
    watched.take(3, online(3, session=None, connection=None))
    assert watched.record.model == "MM92"
    assert watched.record.rated_power_in_kw == 2050.0


@pytest.mark.parametrize(
    ("said", "believed"),
    [(OfflineReason.STOPPED, LinkReason.STOPPED), (OfflineReason.LOST, LinkReason.LOST), (None, None)],
)
def test_a_clean_stop_and_a_crash_differ_in_the_reason_only(
    watched: Watched, said: OfflineReason | None, believed: LinkReason | None
) -> None:
    """Case 17. The time is that of receipt: a will was written in advance."""
    told = watched.take(9, offline(9, reason=said, at=at(-500)))
    assert beliefs(told) == [(Because.LINK, Link.OFFLINE, Health.UNKNOWN)]
    assert (watched.record.link_reason, watched.record.link_since) == (believed, at(9))


def test_the_will_of_an_older_session_is_ignored_and_counted(watched: Watched) -> None:
    """Case 15."""
    watched.take(5, online(5, session="b"), reading(6, session="b"))
    assert watched.take(9, offline(9, session="a")) == []
    assert watched.record.link is Link.ONLINE
    assert watched.fleet.ignored == {"old_session_status": 1}


def test_the_will_of_an_earlier_connection_is_ignored_and_counted(watched: Watched) -> None:
    """Case 15, at a take-over."""
    watched.take(5, online(5, connection=1))
    assert watched.take(9, offline(9, connection=0)) == []
    assert watched.record.link is Link.ONLINE
    assert watched.fleet.ignored == {"old_connection_status": 1}


def test_a_bare_offline_always_counts(watched: Watched) -> None:
    watched.take(5, offline(5, session=None, connection=None))
    assert watched.record.link is Link.OFFLINE


def test_a_birth_that_is_repeated_late_does_not_bring_a_turbine_back(watched: Watched) -> None:
    watched.take(5, offline(5))
    watched.take(6, online(6))
    assert watched.record.link is Link.OFFLINE
    assert watched.fleet.ignored == {"repeated_status": 1}


def test_a_birth_of_an_older_session_that_is_repeated_late_is_ignored(watched: Watched) -> None:
    watched.take(5, online(5, session="b"))
    watched.take(6, online(6, session="a"))
    assert watched.record.session == "b"
    assert watched.fleet.ignored == {"old_session_status": 1}


def test_health_is_unknown_in_a_new_session_until_its_first_reading(watched: Watched) -> None:
    """Case 12."""
    told = watched.take(5, online(5, session="b"))
    assert beliefs(told) == [(Because.LINK, Link.ONLINE, Health.UNKNOWN)]
    assert beliefs(watched.take(6, reading(6, BROKEN, session="b"))) == [(Because.READING, Link.ONLINE, Health.BROKEN)]
    assert watched.record.health_since == at(6)


def test_health_is_unknown_when_the_same_session_is_back_after_it_was_offline(watched: Watched) -> None:
    watched.take(5, offline(5))
    assert beliefs(watched.take(6, online(6, connection=1))) == [(Because.LINK, Link.ONLINE, Health.UNKNOWN)]


def test_a_new_connection_of_an_online_turbine_keeps_its_health(watched: Watched) -> None:
    assert watched.take(5, online(5, connection=1)) == []
    assert watched.stands == (Link.ONLINE, Health.OK)
    assert watched.record.connection == 1


# --- the broker goes and comes


def test_a_lost_broker_makes_links_unknown_and_nothing_offline(watched: Watched) -> None:
    """Case 19."""
    assert watched.take(5, BrokerLost()) == [BrokerLost()]
    assert watched.stands == (Link.UNKNOWN, Health.OK)


def test_a_retained_birth_gives_the_link_back_and_leaves_the_health(watched: Watched) -> None:
    """Case 22."""
    watched.take(5, BrokerLost(), BrokerFound())
    told = watched.take(6, online(6, retained=True))
    assert beliefs(told) == [(Because.LINK, Link.ONLINE, Health.OK)]


def test_a_retained_birth_that_says_nothing_new_changes_nothing(watched: Watched) -> None:
    assert watched.take(6, online(6, retained=True)) == []


@pytest.mark.parametrize("birth", [online(6, connection=1, retained=True), online(6, session="b", retained=True)])
def test_a_turbine_that_reconnected_or_restarted_meanwhile_has_no_health(watched: Watched, birth: StatusReport) -> None:
    watched.take(5, BrokerLost(), BrokerFound())
    assert beliefs(watched.take(6, birth)) == [(Because.LINK, Link.ONLINE, Health.UNKNOWN)]


def test_a_reading_is_proof_of_life_when_the_broker_has_lost_its_statuses(watched: Watched) -> None:
    """Case 21."""
    watched.take(5, BrokerLost(), BrokerFound())
    told = watched.take(6, reading(6, BROKEN))
    assert beliefs(told) == [(Because.READING, Link.ONLINE, Health.BROKEN)]


def test_a_reading_of_a_new_session_must_be_younger_than_the_loss_of_the_broker(watched: Watched) -> None:
    """Case 21: a late reading of an older session must not end what is known of the present one."""
    watched.take(5, BrokerLost(), BrokerFound())
    assert watched.take(6, reading(6, BROKEN, session="b")) == []
    told = watched.take(11, reading(11, BROKEN, session="b"))
    assert beliefs(told) == [(Because.READING, Link.ONLINE, Health.BROKEN)]
    assert watched.record.session == "b"


def test_an_end_that_nobody_watched_is_believed_after_a_silence(watched: Watched) -> None:
    """A retained offline may be the late will that replaced the birth of a running turbine."""
    watched.take(5, BrokerLost(), BrokerFound())
    assert watched.take(6, offline(6, session="b", retained=True)) == []
    assert watched.record.link is Link.UNKNOWN
    told = watched.take(22, *[])
    assert beliefs(told) == [(Because.LINK, Link.OFFLINE, Health.UNKNOWN)]
    assert watched.record.session == "b"


def test_a_reading_refutes_an_end_that_nobody_watched(watched: Watched) -> None:
    watched.take(5, BrokerLost(), BrokerFound(), offline(5, session="b", retained=True), reading(6))
    watched.take(22, reading(21), reading(22))
    assert watched.stands == (Link.ONLINE, Health.OK)


def test_late_readings_of_that_ended_session_do_not_refute_it(watched: Watched) -> None:
    watched.take(5, BrokerLost(), BrokerFound(), offline(5, session="b", retained=True))
    watched.take(6, reading(4, session="b", arrives=6))
    assert watched.record.link is Link.UNKNOWN


# --- the newest reading


def test_only_changes_are_told_unless_somebody_attends(watched: Watched) -> None:
    assert watched.take(2, reading(2), reading(3)) == []
    assert len(watched.take(4, reading(4), reading(5), attentive=(7,))) == 2
    assert beliefs(watched.take(6, reading(6, BROKEN), reading(7, BROKEN), reading(8))) == [
        (Because.READING, Link.ONLINE, Health.BROKEN),
        (Because.READING, Link.ONLINE, Health.OK),
    ]


def test_a_late_broken_reading_is_history_only(watched: Watched) -> None:
    """Case 14."""
    watched.take(5, reading(5))
    assert watched.take(6, reading(4, BROKEN, arrives=6), attentive=(7,)) == []
    assert watched.stands == (Link.ONLINE, Health.OK)
    assert watched.fleet.ignored == {"late_reading": 1}


def test_a_repeated_reading_changes_nothing(watched: Watched) -> None:
    watched.take(5, reading(5, BROKEN))
    assert watched.take(6, reading(5, BROKEN, arrives=6), attentive=(7,)) == []


def test_the_record_holds_the_newest_reading(watched: Watched) -> None:
    watched.take(5, reading(5)._replace(wind_speed=12.5), reading(4)._replace(wind_speed=3.0))
    assert (watched.record.wind_speed, watched.record.emitted_at) == (12.5, at(5))


def test_a_reading_of_a_dead_session_does_not_bring_it_back(watched: Watched) -> None:
    """Case 16."""
    watched.take(5, offline(5))
    assert watched.take(6, reading(4.5, arrives=6)) == []
    assert watched.record.link is Link.OFFLINE
    assert watched.fleet.ignored == {"dead_session_reading": 1}


def test_a_reading_of_an_older_session_is_history_only(watched: Watched) -> None:
    watched.take(5, online(5, session="b"))
    assert watched.take(6, reading(4, BROKEN, session="a", arrives=6)) == []
    assert watched.fleet.ignored == {"dead_session_reading": 1}


def test_a_reading_emitted_well_after_the_loss_is_proof_of_life(watched: Watched) -> None:
    watched.take(5, offline(5))
    watched.take(9.9, reading(9.9))
    assert watched.record.link is Link.OFFLINE
    assert beliefs(watched.take(10.1, reading(10.1))) == [(Because.READING, Link.ONLINE, Health.OK)]


def test_a_clock_that_runs_ahead_does_not_prove_life(watched: Watched) -> None:
    watched.take(4, reading(64, arrives=4))
    watched.take(5, offline(5))
    watched.take(6, reading(64.5, arrives=6))
    assert watched.record.link is Link.OFFLINE


def test_a_plain_turbine_is_back_with_its_first_reading_after_the_loss() -> None:
    watched = Watched()
    watched.take(1, reading(1, session=None), offline(5, session=None, connection=None))
    watched.take(6, reading(4, session=None, arrives=6))
    assert watched.record.link is Link.OFFLINE
    watched.take(6, reading(6, session=None))
    assert watched.stands == (Link.ONLINE, Health.OK)


def test_a_plain_turbine_that_names_its_session_in_readings_may_start_anew() -> None:
    watched = Watched()
    watched.take(1, reading(1, session="a"))
    told = watched.take(5, reading(5, session="b"), reading(4, BROKEN, session="a"))
    assert len(told) == 1
    assert watched.record.session == "b"


# --- clocks


def test_a_clock_that_a_reboot_has_reset_does_not_freeze_the_belief(watched: Watched) -> None:
    """Case 23."""
    watched.take(10, online(10, session="b"))
    told = watched.take(11, reading(-5000, BROKEN, session="b", arrives=11))
    assert beliefs(told) == [(Because.READING, Link.ONLINE, Health.BROKEN)]
    told = watched.take(12, reading(-4999, OK, session="b", arrives=12))
    assert beliefs(told) == [(Because.READING, Link.ONLINE, Health.OK)]


def test_a_reading_from_far_in_the_future_does_not_freeze_the_belief(watched: Watched) -> None:
    """Case 23."""
    watched.take(10, reading(250, arrives=10))
    assert watched.record.clock_skew_seconds == 240.0
    told = watched.take(11, reading(11, BROKEN))
    assert beliefs(told) == [(Because.READING, Link.ONLINE, Health.BROKEN)]
    assert watched.record.clock_skew_seconds == 0.0


def test_skew_is_measured_by_the_readings_that_were_least_delayed(watched: Watched) -> None:
    watched.take(30, reading(20, arrives=30), reading(21, arrives=21.5), reading(22, arrives=31))
    assert watched.record.clock_skew_seconds == 0.0
    watched = Watched()
    watched.take(30, reading(20, arrives=30), reading(21, arrives=21.5), reading(22, arrives=31))
    assert watched.record.clock_skew_seconds == -0.5


def test_the_interval_is_the_smaller_of_the_last_two_gaps(watched: Watched) -> None:
    watched.take(30, reading(3), reading(5), reading(30))
    assert watched.record.interval_seconds == 2.0


def test_a_turbine_that_counts_may_report_unevenly(watched: Watched) -> None:
    """Its energy is that of the last gap: four seconds' energy is not that of the tenth of a second before."""
    watched.take(30, reading(25.9, sequence=4), reading(26, sequence=5), reading(30, sequence=6))
    assert watched.record.interval_seconds == 4.0
    watched.take(31, reading(31, sequence=7))
    assert watched.record.interval_seconds == 1.0


def test_a_gap_in_the_count_is_no_interval(watched: Watched) -> None:
    watched.take(30, reading(25, sequence=4), reading(26, sequence=5), reading(30, sequence=7))
    assert watched.record.interval_seconds == 1.0
    watched.take(40, reading(40, sequence=9))
    assert watched.record.interval_seconds == 4.0


# --- silence


def test_a_silent_turbine_is_stale_then_offline(watched: Watched) -> None:
    """Case 18."""
    assert watched.take(14) == []
    assert beliefs(watched.take(16)) == [(Because.LINK, Link.STALE, Health.OK)]
    assert watched.take(315) == []
    assert beliefs(watched.take(317)) == [(Because.LINK, Link.OFFLINE, Health.UNKNOWN)]
    assert watched.record.link_reason is LinkReason.SILENT


def test_a_turbine_that_reports_seldom_may_be_silent_for_three_of_its_intervals(watched: Watched) -> None:
    watched.take(11, reading(11))
    watched.take(21, reading(21))
    watched.take(50)
    assert watched.record.link is Link.ONLINE
    watched.take(52)
    assert watched.stands == (Link.STALE, Health.OK)


def test_a_shorter_interval_soon_counts(watched: Watched) -> None:
    watched.take(601, reading(601))
    watched.take(1201, reading(1201))
    for second in range(1202, 1210):
        watched.take(second, reading(second))
    for second in range(1210, 1280):
        watched.take(second)
    assert watched.record.link is Link.STALE


def test_a_reading_ends_the_silence(watched: Watched) -> None:
    watched.take(20)
    assert beliefs(watched.take(21, reading(21))) == [(Because.READING, Link.ONLINE, Health.OK)]
    watched.take(340)
    watched.take(341)
    assert watched.record.link is Link.STALE, "the silence is counted anew"


def test_any_newest_reading_brings_a_silent_turbine_back(watched: Watched) -> None:
    watched.take(20)
    watched.take(330)
    assert watched.record.link is Link.OFFLINE
    watched.take(331, reading(15, arrives=331))
    assert watched.stands == (Link.ONLINE, Health.OK)


def test_silence_is_not_counted_while_nobody_watches(watched: Watched) -> None:
    """Case 19: the time watched stands still."""
    watched.take(5, BrokerLost())
    watched.fleet.take([BrokerFound(), online(5000, retained=True)], Now(at(5000), 6.0))
    watched.fleet.take([], Now(at(5012), 18.0))
    assert watched.record.link is Link.ONLINE


# --- the store


def test_changed_records_are_drained_once(watched: Watched) -> None:
    assert [record.turbine_number for record in watched.fleet.drain_changed()] == [7]
    assert watched.fleet.drain_changed() == []
    watched.take(2, reading(2), reading(3))
    assert watched.fleet.drain_changed() == []
    assert [record.emitted_at for record in watched.fleet.drain_newer()] == [at(3)]
    watched.take(4, reading(2.5, arrives=4))
    assert (watched.fleet.drain_changed(), watched.fleet.drain_newer()) == ([], [])


def test_a_record_with_a_changed_belief_is_drained_as_that_alone(watched: Watched) -> None:
    watched.fleet.drain_changed()
    watched.take(2, reading(2), reading(3, BROKEN), reading(4, BROKEN))
    assert [record.emitted_at for record in watched.fleet.drain_changed()] == [at(4)]
    assert watched.fleet.drain_newer() == []


def test_a_fleet_goes_on_from_its_records(watched: Watched) -> None:
    """After a failed commit: links are believed, news that was undone is taken again."""
    again = Watched(replace(watched.record))
    assert again.take(2, reading(1, arrives=2), attentive=(7,)) == []
    assert beliefs(again.take(3, reading(3, BROKEN))) == [(Because.READING, Link.ONLINE, Health.BROKEN)]
    assert again.take(4, offline(4, session="0")) == []
    again.take(30)
    assert again.record.link is Link.STALE


def test_orders_and_the_brokers_return_pass_through_in_order(watched: Watched) -> None:
    order = Order(OrderKind.HOLD, 99, "Ada")
    told = watched.take(5, order, reading(5, BROKEN), BrokerFound())
    assert told[0] is order
    assert isinstance(told[1], Belief)
    assert told[2] == BrokerFound()
    assert 99 not in watched.fleet.turbines, "an order makes no turbine"


def test_a_turbine_that_is_read_back_late_in_the_run_was_not_silent_until_then(watched: Watched) -> None:
    """As after a commit that failed: the memory is new, the watched time is not."""
    [record] = watched.fleet.drain_changed()
    fleet = Fleet([record], now=now(1000))
    assert fleet.take([], now(1001)) == []
    assert fleet.turbines[7].link is Link.ONLINE
    assert beliefs(fleet.take([], now(1017))) == [(Because.LINK, Link.STALE, Health.OK)]


def test_a_loss_told_while_nobody_watched_is_believed_after_a_silence_only(watched: Watched) -> None:
    """A broker that is stopped says so of all its turbines, and tells us when it is back."""
    watched.take(5, BrokerLost())
    watched.take(8, BrokerFound(), offline(8, retained=True))
    assert watched.record.link is Link.UNKNOWN
    watched.take(9, online(9, connection=1))
    watched.take(10, reading(10))
    assert watched.stands == (Link.ONLINE, Health.OK)

    watched.take(11, BrokerLost())
    watched.take(12, BrokerFound(), offline(12, connection=1))
    assert watched.stands == (Link.UNKNOWN, Health.OK)
    assert beliefs(watched.take(60)) == [(Because.LINK, Link.OFFLINE, Health.UNKNOWN)]
    assert watched.record.link_reason is LinkReason.LOST


def test_a_goodbye_told_while_nobody_watched_is_believed_at_once(watched: Watched) -> None:
    watched.take(5, BrokerLost())
    watched.take(8, BrokerFound(), offline(8, retained=True, reason=OfflineReason.STOPPED))
    assert watched.record.link is Link.OFFLINE


def test_a_clock_that_is_set_back_in_mid_session_does_not_freeze_the_belief() -> None:
    """Case 23: the sequence tells what is newer."""
    watched = Watched()
    watched.take(0, online(0))
    watched.take(10, reading(10)._replace(sequence=1))
    watched.fleet.drain_changed()
    watched.take(11, reading(-3600, BROKEN, arrives=11)._replace(sequence=2))
    assert watched.stands == (Link.ONLINE, Health.BROKEN)
    watched.take(12, reading(5, arrives=12)._replace(sequence=0))
    assert watched.stands == (Link.ONLINE, Health.BROKEN), "an earlier reading that comes late is history"


def test_a_session_that_is_kept_over_a_restart_does_not_freeze_the_belief() -> None:
    """Nobody should count from 0 again under an old name; but who does, and is broken, still needs an engineer."""
    watched = Watched()
    watched.take(0, reading(0)._replace(sequence=5000))
    watched.take(60, reading(60, BROKEN)._replace(sequence=0))
    assert watched.stands == (Link.ONLINE, Health.BROKEN)
    watched.take(61, reading(61)._replace(sequence=1))
    assert watched.stands == (Link.ONLINE, Health.OK)


def test_an_earlier_reading_from_before_the_clock_was_corrected_is_history() -> None:
    watched = Watched()
    watched.take(0, reading(200, arrives=0)._replace(sequence=8))
    watched.take(2, reading(2, BROKEN)._replace(sequence=10))
    watched.take(3, reading(201, arrives=3)._replace(sequence=9))
    assert watched.stands == (Link.ONLINE, Health.BROKEN)


def test_a_clock_that_ran_ahead_and_was_corrected_is_believed() -> None:
    """Case 23."""
    watched = Watched()
    watched.take(0, reading(240, session=None, arrives=0))
    watched.take(10, reading(4, BROKEN, session=None, arrives=10))
    assert watched.record.health is Health.BROKEN


def test_a_turbine_that_sends_old_news_is_not_silent(watched: Watched) -> None:
    for second in range(2, 60, 5):
        watched.take(second, reading(-3600 + second, arrives=second))
    assert watched.record.link is Link.ONLINE


def test_a_loss_that_waited_at_the_broker_behind_a_birth_is_doubted_too(watched: Watched) -> None:
    watched.take(5, BrokerLost())
    watched.take(8, BrokerFound(), online(8, connection=1), offline(8, connection=1))
    assert watched.stands == (Link.UNKNOWN, Health.UNKNOWN)
    watched.take(9, online(9, connection=2), reading(9))
    assert watched.stands == (Link.ONLINE, Health.OK)
    watched.take(10, offline(10, connection=2))
    assert watched.stands == (Link.OFFLINE, Health.UNKNOWN)
