"""What a window tells, case by case; that it is so for all readings is held against SQL elsewhere."""

from dataclasses import replace

import pytest

from grid.times import SECOND
from monitor.facts import QUARTER_SECONDS, Window, WindowMark
from monitor.windows.figures import Columns, Neighbours, compose, compose_areas, figure, gather

NOON = 1_795_262_400 * SECOND


def window(
    seconds: list[float],
    *,
    before: float | None = None,
    after: float | None = None,
    broken: tuple[float, ...] = (),
    following: tuple[float, ...] = (),
    energy: float = 1.0,
) -> Window:
    """Of readings that came so long after noon, with a kWh each."""
    columns = Columns([at(second) for second in seconds], [8.0] * len(seconds), [energy] * len(seconds))
    columns.is_broken = [int(second in broken) for second in seconds]
    beside = Neighbours(None if before is None else at(before), None if after is None else at(after))
    return figure(WindowMark(7, NOON), columns, beside, lambda: {at(second) for second in following}, at=NOON)


def at(second: float) -> int:
    return NOON + round(second * SECOND)


def test_a_minute_without_a_gap_is_covered() -> None:
    found = window([float(second) for second in range(60)], before=-1)
    assert (found.readings, found.interval_seconds, found.covered_seconds, found.broken_seconds) == (60, 1.0, 60.0, 0.0)
    assert (found.expected_readings, found.energy_in_kwh) == (60.0, 60.0)
    assert (found.mean_power_in_kw, found.max_power_in_kw) == (3600.0, 3600.0)


def test_lost_readings_are_time_without_information_and_no_low_power() -> None:
    found = window([0, 1, 2, 3, 30, 31, 32], before=-1)
    assert (found.covered_seconds, found.mean_power_in_kw) == (7.0, 3600.0)


def test_a_turbine_that_slowed_down_speaks_for_all_of_the_time() -> None:
    found = window([0, 1, 2, 3, 30], before=-1, following=(30,))
    assert found.covered_seconds == 31.0


def test_what_is_broken_is_counted_by_the_time_that_it_speaks_for() -> None:
    found = window([0, 1, 2.4], before=-1, broken=(2.4,))
    assert (found.broken_seconds, found.covered_seconds) == (1.4, 3.4)


def test_the_first_reading_ever_speaks_for_one_interval() -> None:
    assert window([0, 10, 20]).covered_seconds == 30.0
    assert window([0, 10, 20], before=-3601).covered_seconds == 30.0


def test_a_lone_reading_learns_its_interval_from_the_next() -> None:
    found = window([30], after=630)
    assert (found.interval_seconds, found.covered_seconds, found.mean_power_in_kw) == (600.0, 600.0, 6.0)


def test_of_a_lone_reading_nothing_is_known_but_itself() -> None:
    found = window([30], before=-7200, after=30 + 3601)
    assert (found.interval_seconds, found.expected_readings, found.covered_seconds) == (None, None, 0.0)
    assert (found.mean_power_in_kw, found.max_power_in_kw, found.energy_in_kwh) == (None, None, 1.0)


def test_readings_that_arrive_all_at_once_are_no_peak_of_power() -> None:
    """Without a time of their own they are a microsecond apart."""
    found = window([0, 1, 2, 2.000001, 4], before=-1)
    assert found.max_power_in_kw == 3600.0


def test_a_standing_turbine_consumes() -> None:
    found = window([0, 1], before=-1, energy=-0.01)
    assert found.max_power_in_kw == found.mean_power_in_kw == pytest.approx(-36.0)


def test_a_longer_window_adds_up_its_parts() -> None:
    first = window([0, 1, 2], before=-1)
    second = replace(window([0, 10], before=-10), start_at=NOON + 60 * SECOND, wind_speed_mean=3.0, revision=2)
    found = compose([first, second], width_seconds=QUARTER_SECONDS, start_at=NOON, at=NOON)
    assert (found.readings, found.covered_seconds, found.energy_in_kwh) == (5, 23.0, 5.0)
    assert found.wind_speed_mean == pytest.approx((3 * 8 + 2 * 3) / 5)
    assert (found.interval_seconds, found.revision) == (1.0, 3)
    assert (found.mean_power_in_kw, found.max_power_in_kw) == (5 * 3600 / 23, 3600.0)


def test_a_longer_window_of_lone_readings_has_no_power() -> None:
    found = compose([window([0])], width_seconds=QUARTER_SECONDS, start_at=NOON, at=NOON)
    assert (found.interval_seconds, found.mean_power_in_kw, found.max_power_in_kw) == (None, None, None)


def test_an_area_has_the_power_of_all_its_turbines() -> None:
    one, other = window([0, 1], before=-1), replace(window([0, 10], before=-10), wind_speed_mean=4.0)
    found = gather("north", [one, other], at=NOON)
    assert (found.turbines, found.readings, found.expected_readings) == (2, 4, 66.0)
    assert (found.mean_power_in_kw, found.max_power_in_kw) == (3960.0, 3960.0)
    assert (found.wind_speed_mean, found.covered_seconds) == (6.0, 22.0)


def test_an_hour_of_an_area_expects_what_its_quarters_do() -> None:
    quarter = gather("", [replace(window([0, 1], before=-1), width_seconds=QUARTER_SECONDS)], at=NOON)
    found = compose_areas([quarter, quarter], width_seconds=3600, start_at=NOON, at=NOON)
    assert (found.expected_readings, found.energy_in_kwh, found.mean_power_in_kw) == (3600.0, 4.0, 3600.0)
