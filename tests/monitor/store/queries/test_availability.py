"""Availability of a small farm, figured by hand."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from accounts import DAY, HOUR, MIDNIGHT, QUARTER, leave, outage, quarters, turbine

from grid.times import SECOND
from monitor.availability.figures import Availability, By
from monitor.availability.periods import Per
from monitor.facts import Category, Window, controller_of
from monitor.store.queries.availability import TooManyLinesError, Wanted, availability
from monitor.store.reader import LedgerReader

Ask = Callable[..., list[Availability]]
TOMORROW = MIDNIGHT + DAY
MINUTE = 60 * SECOND
WHOLE_DAY = quarters(7, MIDNIGHT, 96)


def minutes(turbine_number: int, since: int, count: int, **fields: Any) -> list[Window]:
    """Minutes one after the other, wholly covered by ok readings, but for `fields`."""
    usual = {"width_seconds": 60, "covered_seconds": 60.0, "energy_in_kwh": 7.0} | fields
    (one,) = quarters(turbine_number, since, 1, **usual)
    return [replace(one, start_at=since + place * MINUTE) for place in range(count)]


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[Callable[..., Ask]]:
    """Makes a farm of what it is given, and asks it about the day unless told otherwise."""
    with ExitStack() as cleanup:

        def make(*left: Any) -> Ask:
            reader = cleanup.enter_context(LedgerReader.open(leave(tmp_path / "data", *left)))

            def ask(since: int = MIDNIGHT, until: int = TOMORROW, *, now: int = TOMORROW + MINUTE, **more: Any) -> Any:
                return availability(reader, Wanted(since, until, **more), now=now)

            return ask

        yield make


def test_a_day_of_ok_readings_is_wholly_available(farm: Callable[..., Ask]) -> None:
    (line,) = farm([turbine(7, region="North")], WHOLE_DAY)()
    assert (line.turbine_number, line.region, line.turbines) == (7, "North", 1)
    assert (line.available_seconds, line.unknown_seconds) == (86_400, 0)
    assert (line.time_availability, line.time_availability_at_least, line.energy_availability) == (1, 1, 1)
    assert (line.energy_in_kwh, line.forced_outages, line.mtbf_hours, line.mttr_hours) == (9600, 0, None, None)


def test_forced_outages_count_by_time_and_by_energy(farm: Callable[..., Ask]) -> None:
    broken = [
        outage(1, 7, MIDNIGHT + 2 * HOUR, MIDNIGHT + 3 * HOUR, lost_energy_in_kwh=300.0),
        outage(2, 7, MIDNIGHT + 10 * HOUR, MIDNIGHT + 13 * HOUR, lost_energy_in_kwh=900.0),
    ]
    (line,) = farm([turbine(7)], WHOLE_DAY, broken)()
    assert (line.forced_outage_seconds, line.available_seconds, line.unknown_seconds) == (4 * 3600, 20 * 3600, 0)
    assert line.time_availability == pytest.approx(20 / 24, abs=1e-6)
    assert line.energy_availability == pytest.approx(9600 / 10_800, abs=1e-6)
    assert (line.forced_outages, line.mtbf_hours, line.mttr_hours) == (2, 10.0, 2.0)


def test_time_without_information_is_left_out_and_shown_beside(farm: Callable[..., Ask]) -> None:
    heard = [*quarters(7, MIDNIGHT, 24), *quarters(7, MIDNIGHT + 12 * HOUR, 48)]
    broken = [outage(1, 7, MIDNIGHT + 14 * HOUR, MIDNIGHT + 17 * HOUR)]
    (line,) = farm([turbine(7)], heard, broken)()
    assert (line.available_seconds, line.forced_outage_seconds, line.unknown_seconds) == (15 * 3600, 3 * 3600, 6 * 3600)
    assert line.time_availability == pytest.approx(15 / 18, abs=1e-6)
    assert line.time_availability_at_least == pytest.approx(15 / 24, abs=1e-6)


def test_an_outage_that_a_controller_reports_is_information_where_readings_are_missing(
    farm: Callable[..., Ask],
) -> None:
    reported = [outage(1, 7, MIDNIGHT + 6 * HOUR, MIDNIGHT + 12 * HOUR)]
    (line,) = farm([turbine(7)], [*quarters(7, MIDNIGHT, 24), *quarters(7, MIDNIGHT + 12 * HOUR, 48)], reported)()
    assert (line.available_seconds, line.forced_outage_seconds, line.unknown_seconds) == (18 * 3600, 6 * 3600, 0)


def test_readings_that_say_broken_and_the_outage_that_they_make_count_once(farm: Callable[..., Ask]) -> None:
    half = {"covered_seconds": 450.0, "broken_seconds": 450.0}
    heard = [*quarters(7, MIDNIGHT, 48), *quarters(7, MIDNIGHT + 12 * HOUR, 48, **half)]
    until = MIDNIGHT + 12 * HOUR
    spans = [until + place * QUARTER for place in range(48)]
    broken = [outage(1, 7, until, TOMORROW)]
    reports = [(controller_of(7), "broken", at, at + QUARTER // 2) for at in spans]
    (line,) = farm([turbine(7)], heard, broken, reports)()
    assert (line.available_seconds, line.forced_outage_seconds, line.unknown_seconds) == (12 * 3600, 6 * 3600, 6 * 3600)


def test_readings_every_ten_minutes_leave_nothing_unknown(farm: Callable[..., Ask]) -> None:
    heard = [
        window
        for place in range(48)
        for window in (
            *quarters(7, MIDNIGHT + 2 * place * QUARTER, 1, covered_seconds=1200.0),
            *quarters(7, MIDNIGHT + (2 * place + 1) * QUARTER, 1, covered_seconds=600.0),
        )
    ]
    broken = [outage(1, 7, MIDNIGHT + 5 * HOUR + 600 * SECOND, MIDNIGHT + 7 * HOUR)]
    (line,) = farm([turbine(7)], heard, broken)()
    assert (line.available_seconds, line.forced_outage_seconds, line.unknown_seconds) == (86_400 - 6600, 6600, 0)


def test_a_turbine_that_appears_at_noon_counts_from_noon(farm: Callable[..., Ask]) -> None:
    ask = farm([turbine(7), turbine(8), turbine(9)], [*WHOLE_DAY, *quarters(8, MIDNIGHT + 12 * HOUR, 48)])
    (line,) = ask(by=By.FARM)
    assert (line.turbines, line.period_seconds, line.unknown_seconds) == (2, 36 * 3600, 0)
    assert [line.turbine_number for line in ask()] == [7, 8]
    assert [line.turbine_number for line in ask(until=MIDNIGHT + 6 * HOUR)] == [7]


def test_the_day_before_has_no_line_of_a_turbine_that_was_not_heard_of(farm: Callable[..., Ask]) -> None:
    lines = farm([turbine(7)], WHOLE_DAY)(since=MIDNIGHT - 2 * DAY, per=Per.DAY)
    assert [(line.since, line.until) for line in lines] == [(MIDNIGHT, TOMORROW)]


def test_a_turbine_that_went_silent_goes_on_being_counted(farm: Callable[..., Ask]) -> None:
    (line,) = farm([turbine(7)], quarters(7, MIDNIGHT, 24))()
    assert (line.available_seconds, line.unknown_seconds, line.time_availability) == (6 * 3600, 18 * 3600, 1)


def test_an_outage_that_goes_on_lasts_until_the_turbine_was_heard_last(farm: Callable[..., Ask]) -> None:
    heard_at = MIDNIGHT + 18 * HOUR
    broken = [outage(1, 7, MIDNIGHT + 12 * HOUR, MIDNIGHT + 13 * HOUR, ongoing=True)]
    (line,) = farm([turbine(7, emitted_at=heard_at)], quarters(7, MIDNIGHT, 72), broken)()
    assert (line.forced_outage_seconds, line.available_seconds, line.unknown_seconds) == (6 * 3600, 12 * 3600, 6 * 3600)
    assert (line.forced_outages, line.restored, line.mttr_hours) == (1, 0, None)


def test_an_outage_belongs_to_each_day_with_its_share(farm: Callable[..., Ask]) -> None:
    heard = quarters(7, MIDNIGHT - DAY, 192)
    broken = [outage(1, 7, MIDNIGHT - 3 * HOUR, MIDNIGHT + HOUR, lost_energy_in_kwh=400.0)]
    before, after = farm([turbine(7)], heard, broken)(since=MIDNIGHT - DAY, per=Per.DAY)
    assert (before.forced_outage_seconds, after.forced_outage_seconds) == (3 * 3600, 3600)
    assert (before.lost_energy_in_kwh, after.lost_energy_in_kwh) == (300, 100)
    assert (before.forced_outages, before.restored, after.forced_outages, after.restored) == (1, 0, 0, 1)
    assert after.mttr_hours == 4


@pytest.mark.parametrize("per", Per)
def test_what_the_periods_say_adds_up_to_the_whole(farm: Callable[..., Ask], per: Per) -> None:
    heard = [*quarters(7, MIDNIGHT - 20 * DAY, 900), *quarters(7, MIDNIGHT - 8 * DAY, 600)]
    broken = [
        outage(1, 7, MIDNIGHT - 19 * DAY - HOUR, MIDNIGHT - 18 * DAY, lost_energy_in_kwh=77.0),
        outage(2, 7, MIDNIGHT - 5 * DAY + 7 * SECOND, MIDNIGHT - 4 * DAY, lost_energy_in_kwh=5.0),
    ]
    ask = farm([turbine(7)], heard, broken)
    (whole,) = ask(since=MIDNIGHT - 40 * DAY, until=MIDNIGHT)
    lines = ask(since=MIDNIGHT - 40 * DAY, until=MIDNIGHT, per=per)
    for name in ("period_seconds", "available_seconds", "forced_outage_seconds", "unknown_seconds", "energy_in_kwh"):
        assert sum(getattr(line, name) for line in lines) == pytest.approx(getattr(whole, name)), name
    assert sum(line.lost_energy_in_kwh for line in lines) == pytest.approx(82)
    assert sum(line.forced_outages for line in lines) == whole.forced_outages == 2


def test_maintenance_is_neither_available_nor_an_outage(farm: Callable[..., Ask]) -> None:
    planned = [outage(1, 7, MIDNIGHT, MIDNIGHT + 6 * HOUR, category=Category.SCHEDULED_MAINTENANCE)]
    (line,) = farm([turbine(7)], WHOLE_DAY, planned)()
    assert (line.maintenance_seconds, line.available_seconds, line.time_availability) == (6 * 3600, 18 * 3600, 1)
    assert (line.forced_outages, line.mttr_hours) == (0, None)


def test_partial_performance_loses_energy_and_no_time(farm: Callable[..., Ask]) -> None:
    weak = [
        outage(1, 7, MIDNIGHT, MIDNIGHT + 6 * HOUR, category=Category.PARTIAL_PERFORMANCE, lost_energy_in_kwh=2400.0)
    ]
    (line,) = farm([turbine(7)], WHOLE_DAY, weak)()
    assert (line.available_seconds, line.time_availability) == (86_400, 1)
    assert line.energy_availability == 0.8


def test_a_loss_that_nothing_tells_is_counted_as_unknown(farm: Callable[..., Ask]) -> None:
    (line,) = farm([turbine(7)], WHOLE_DAY, [outage(1, 7, MIDNIGHT, MIDNIGHT + HOUR)])()
    assert (line.lost_energy_in_kwh, line.losses_unknown) == (0, 1)
    assert (line.energy_availability, line.energy_availability_at_most) == (None, 1)


def test_where_a_loss_is_unknown_the_others_are_a_bound(farm: Callable[..., Ask]) -> None:
    known = outage(1, 7, MIDNIGHT, MIDNIGHT + HOUR, lost_energy_in_kwh=1200.0)
    ask = farm([turbine(7)], WHOLE_DAY, [known, outage(2, 7, MIDNIGHT + 9 * HOUR, MIDNIGHT + 10 * HOUR)])
    (line,) = ask()
    assert (line.lost_energy_in_kwh, line.energy_availability) == (1200, None)
    assert line.energy_availability_at_most == pytest.approx(line.energy_in_kwh / (line.energy_in_kwh + 1200), abs=1e-6)


def test_regions_add_up_their_turbines(farm: Callable[..., Ask]) -> None:
    turbines = [turbine(7, region="North"), turbine(8, region="South"), turbine(9, region="North"), turbine(10)]
    heard = [window for number in (7, 8, 9, 10) for window in quarters(number, MIDNIGHT, 96)]
    broken = [outage(1, 9, MIDNIGHT, MIDNIGHT + 12 * HOUR)]
    ask = farm(turbines, heard, broken)
    lines = ask(by=By.REGION)
    assert [(line.region, line.turbines, line.time_availability) for line in lines] == [
        ("North", 2, 0.75),
        ("South", 1, 1.0),
        (None, 1, 1.0),
    ]
    assert [line.mtbf_hours for line in lines] == [36.0, None, None]
    (farm_line,) = ask(by=By.FARM)
    assert (farm_line.turbines, farm_line.time_availability) == (4, 0.875)
    assert [line.turbine_number for line in ask(region="North")] == [7, 9]
    assert [line.turbine_number for line in ask(turbine_number=8)] == [8]


def test_more_lines_than_an_answer_holds_are_refused(farm: Callable[..., Ask]) -> None:
    ask = farm([turbine(number) for number in range(1, 101)], [])
    with pytest.raises(TooManyLinesError, match="20,100 lines"):
        ask(since=TOMORROW - 201 * DAY, per=Per.DAY)


def test_what_lies_ahead_has_no_line(farm: Callable[..., Ask]) -> None:
    assert farm([turbine(7)], WHOLE_DAY)(since=TOMORROW, until=TOMORROW + DAY) == []


def test_two_minutes_after_its_first_reading_a_turbine_has_figures(farm: Callable[..., Ask]) -> None:
    noon = MIDNIGHT + 12 * HOUR + 4 * MINUTE
    broken = [outage(1, 7, noon + 90 * SECOND, noon + 2 * MINUTE, ongoing=True)]
    first = minutes(7, noon, 1)
    second = minutes(7, noon + MINUTE, 1, broken_seconds=30.0)
    now = noon + 2 * MINUTE + 20 * SECOND
    (line,) = farm([turbine(7, emitted_at=now)], [*first, *second], broken)(until=now, now=now)
    assert (line.since, line.until) == (MIDNIGHT, noon + 2 * MINUTE)
    assert (line.period_seconds, line.unknown_seconds, line.energy_in_kwh) == (120, 0, 14)
    assert (line.available_seconds, line.forced_outage_seconds) == (90, 30)


def test_the_quarter_hour_that_goes_on_is_told_by_its_minutes_alone(farm: Callable[..., Ask]) -> None:
    """Its own window, where a late reading had it figured early, would count them twice."""
    three = MIDNIGHT + 3 * HOUR
    heard = [*quarters(7, MIDNIGHT, 13), *minutes(7, three, 5)]
    now = three + 6 * MINUTE
    (line,) = farm([turbine(7)], heard)(until=now, now=now)
    assert (line.period_seconds, line.available_seconds) == (3 * 3600 + 300, 3 * 3600 + 300)
    assert line.energy_in_kwh == 12 * 100 + 5 * 7


def test_a_turbine_counts_from_the_minute_of_its_first_reading(farm: Callable[..., Ask]) -> None:
    heard = [*quarters(7, MIDNIGHT, 1, covered_seconds=300.0), *quarters(7, MIDNIGHT + QUARTER, 95)]
    (line,) = farm([turbine(7)], [*heard, *minutes(7, MIDNIGHT + 10 * MINUTE, 5)])()
    assert (line.period_seconds, line.unknown_seconds) == (86_400 - 600, 0)
