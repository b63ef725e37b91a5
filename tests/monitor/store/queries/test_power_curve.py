from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.metrics import OperationalStatus
from grid.times import SECOND
from monitor.facts import Changes, Reading
from monitor.store.queries.averages import Average
from monitor.store.queries.power_curve import bins, power_curve
from monitor.store.reader import LedgerReader


def an_average(wind_speed: float, power: float | None, readings: int = 600) -> Average:
    return Average(0, readings, wind_speed, wind_speed, wind_speed, 1.0, power, 0.0)


def test_averages_within_a_quarter_of_a_metre_of_a_half_are_one_bin() -> None:
    found = bins([an_average(wind, wind * 100) for wind in (7.74, 7.75, 8.0, 8.24, 8.25)])
    assert [(each.centre, each.averages) for each in found] == [(7.5, 1), (8.0, 3), (8.5, 1)]
    assert found[1].wind_speed == pytest.approx((7.75 + 8.0 + 8.24) / 3)
    assert found[1].mean_power_in_kw == pytest.approx((775 + 800 + 824) / 3)
    assert found[1].readings == 1800


def test_an_average_without_power_is_in_no_bin() -> None:
    assert bins([an_average(8.0, None)]) == []


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(-100, 10_000)), max_size=50))
def test_every_average_is_in_the_one_bin_around_its_wind(averages: list[tuple[float, float]]) -> None:
    found = bins([an_average(wind, power) for wind, power in averages])
    assert sum(each.averages for each in found) == len(averages)
    assert all(abs(each.wind_speed - each.centre) <= 0.250001 for each in found)
    assert all(one.centre < other.centre for one, other in pairwise(found))


def test_a_curve_is_measured_from_the_readings_of_a_working_turbine(
    stored: Callable[[Changes], LedgerReader], reading: Callable[..., Reading], noon: int
) -> None:
    calm = [reading(second=second, wind_speed=5.0, power_output_in_kwh=0.1) for second in range(600)]
    windy = [reading(second=second, wind_speed=10.0, power_output_in_kwh=0.5) for second in range(600, 1200)]
    broken = [
        reading(second=second, wind_speed=10.0, power_output_in_kwh=0, operational_status=OperationalStatus.BROKEN)
        for second in range(1200, 1800)
    ]
    reader = stored(Changes(readings=calm + windy + broken))
    curve = power_curve(reader, 7, noon, noon + 1800 * SECOND, averaging=600 * SECOND)
    assert [(each.centre, each.mean_power_in_kw, each.readings) for each in curve.bins] == [
        (5.0, 360.0, 600),
        (10.0, 1800.0, 600),
    ]
