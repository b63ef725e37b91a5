"""Routes, hours, quiet hours and digests."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.times import SECOND, from_datetime
from monitor.facts import Alarm, AlarmState, Severity
from monitor.notifications.plan import RETRY_SECONDS, Hours, Plan, Recipient, Route, retry_at

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = Hours(time(22), time(6))
DAY = Hours(time(7), time(18))


def alarm(severity: Severity = Severity.HIGH, *, region: str | None = "north", rule: str = "turbine_broken") -> Alarm:
    return Alarm(1, rule, "turbine-7", 7, region, severity, AlarmState.UNACKNOWLEDGED, "turbine 7 is broken", 0, 0)


def plan(*routes: Route, quiet: Hours | None = None) -> Plan:
    return Plan({"crew": Recipient("crew", quiet)}, routes, BERLIN, "Europe/Berlin")


def at(text: str) -> int:
    """A moment in Berlin's time."""
    return from_datetime(datetime.fromisoformat(text).replace(tzinfo=BERLIN))


def told_at(settings: Plan, moment: str, severity: Severity = Severity.HIGH) -> str | None:
    found = settings.moment("crew", alarm(severity), at(moment))
    return None if found is None else f"{settings.local(found.at):%Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("route", "goes"),
    [
        (Route("r", ("crew",)), True),
        (Route("r", ("crew",), severities=frozenset({Severity.LOW})), False),
        (Route("r", ("crew",), regions=frozenset({"north", "west"})), True),
        (Route("r", ("crew",), regions=frozenset({"west"})), False),
        (Route("r", ("crew",), rules=frozenset({"turbine_offline"})), False),
    ],
)
def test_a_route_takes_alarms_by_severity_region_and_rule(route: Route, *, goes: bool) -> None:
    assert route.takes(alarm()) is goes


def test_an_alarm_of_no_region_concerns_every_region() -> None:
    assert Route("r", ("crew",), regions=frozenset({"west"})).takes(alarm(region=None))


def test_what_comes_outside_of_a_routes_hours_waits_for_their_begin() -> None:
    by_day = plan(Route("by day", ("crew",), hours=DAY))
    assert told_at(by_day, "2026-11-20T12:00") == "2026-11-20 12:00"
    assert told_at(by_day, "2026-11-20T18:00") == "2026-11-21 07:00"
    assert told_at(by_day, "2026-11-20T03:00") == "2026-11-20 07:00"


def test_on_a_weekend_a_route_for_weekdays_waits_for_monday() -> None:
    weekdays = Hours(time(7), time(18), frozenset(range(5)))
    assert told_at(plan(Route("r", ("crew",), hours=weekdays)), "2026-11-21T12:00") == "2026-11-23 07:00"


def test_hours_over_midnight_belong_to_the_day_on_which_they_begin() -> None:
    friday_night = Hours(time(22), time(6), frozenset({4}))
    assert friday_night.include(datetime(2026, 11, 21, 5, 59, tzinfo=BERLIN))
    assert not friday_night.include(datetime(2026, 11, 21, 23, 0, tzinfo=BERLIN))


def test_in_quiet_hours_only_what_is_critical_is_told() -> None:
    quiet = plan(Route("r", ("crew",)), quiet=NIGHT)
    assert told_at(quiet, "2026-11-20T23:30") == "2026-11-21 06:00"
    assert told_at(quiet, "2026-11-20T23:30", Severity.CRITICAL) == "2026-11-20 23:30"


def test_a_digest_waits_for_its_time_of_day_by_the_clock_on_the_wall() -> None:
    digest = plan(Route("r", ("crew",), digest=(time(7),)), quiet=Hours(time(22), time(8)))
    assert told_at(digest, "2026-10-24T09:00") == "2026-10-25 07:00"  # summer time ends in that night
    assert told_at(digest, "2026-10-24T07:00") == "2026-10-24 07:00"


def test_the_first_route_that_holds_at_that_hour_counts() -> None:
    shifts = plan(Route("day", ("crew",), hours=DAY), Route("night", ("crew",), hours=Hours(time(18), time(7))))
    found = [shifts.moment("crew", alarm(), at(moment)) for moment in ("2026-11-20T12:00", "2026-11-20T20:00")]
    assert [moment and moment.route.name for moment in found] == ["day", "night"]


def test_no_route_means_never() -> None:
    assert told_at(plan(Route("r", ("crew",), severities=frozenset({Severity.LOW}))), "2026-11-20T12:00") is None


clocks = st.times().map(lambda clock: clock.replace(second=0, microsecond=0, tzinfo=None))


@given(
    begin=clocks,
    end=clocks,
    quiet_begin=clocks,
    quiet_end=clocks,
    now=st.integers(at("2026-01-01T00:00"), at("2027-01-01T00:00")),
)
def test_a_message_never_comes_early_and_in_hours_that_are_allowed_where_there_are_any(
    begin: time, end: time, quiet_begin: time, quiet_end: time, now: int
) -> None:
    settings = plan(Route("r", ("crew",), hours=Hours(begin, end)), quiet=Hours(quiet_begin, quiet_end))
    found = settings.moment("crew", alarm(), now)
    assert found is not None
    assert found.at >= now
    assert found.at == now or settings.permits(found.route, "crew", Severity.HIGH, found.at)


def test_attempts_come_less_and_less_often_and_end() -> None:
    pauses = [(retry_at(attempts, 0) or 0) / SECOND for attempts in range(1, len(RETRY_SECONDS) + 1)]
    assert pauses == sorted(pauses)
    assert retry_at(len(RETRY_SECONDS) + 1, 0) is None
