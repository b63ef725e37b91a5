"""The farm at a glance."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from grid.times import SECOND
from monitor.console.known import farm_view, mean_power_in_kw
from monitor.console.standing import Standing, in_words
from monitor.console.view import FarmView
from monitor.facts import Health, Incident, IncidentCause, IncidentState, Link, TurbineRecord, Visit, VisitState


def test_turbines_are_sorted_worst_first(farm: Callable[..., FarmView]) -> None:
    assert [row.turbine_number for row in farm(6).rows] == [2, 5, 4, 1, 3, 6]


def test_the_totals_count_turbines_engineers_and_the_waiting_line(farm: Callable[..., FarmView], now: int) -> None:
    totals = farm(6).totals
    assert totals.turbines == 6
    assert totals.by_standing == (
        (Standing.WAITING, 1),
        (Standing.VISITED, 1),
        (Standing.OFFLINE, 1),
        (Standing.OK, 3),
    )
    assert (totals.engineers, totals.engineers_out, totals.engineers_free) == (1, 1, 0)
    assert (totals.waiting, totals.longest_wait_since) == (1, now - 40 * SECOND)


def test_a_refused_visit_is_counted_apart_from_those_that_wait_and_before_them(
    turbine: TurbineRecord, now: int
) -> None:
    broken = [replace(turbine, turbine_number=number, health=Health.BROKEN) for number in (1, 2)]
    states = (IncidentState.WAITING, IncidentState.REFUSED)
    incidents = [
        Incident(number, number, IncidentCause.BROKEN, state, now) for number, state in enumerate(states, start=1)
    ]
    view = farm_view(now, broken, incidents, [], [], engineers=3)
    assert view.totals.by_standing == ((Standing.REFUSED, 1), (Standing.WAITING, 1))
    assert [row.turbine_number for row in view.rows] == [2, 1]


def test_the_waiting_line_is_first_come_first_served(turbine: TurbineRecord, now: int) -> None:
    broken = [replace(turbine, turbine_number=number, health=Health.BROKEN) for number in (1, 2, 3)]
    incidents = [
        Incident(number, number, IncidentCause.BROKEN, IncidentState.WAITING, now - number * 10 * SECOND)
        for number in (1, 2, 3)
    ]
    view = farm_view(now, broken, incidents, [], [], engineers=0)
    assert [(row.turbine_number, in_words(row.why, now)) for row in view.rows] == [
        (3, "1st in line for 30 s"),
        (2, "2nd in line for 20 s"),
        (1, "3rd in line for 10 s"),
    ]


def test_free_engineers_are_never_below_zero(turbine: TurbineRecord, now: int) -> None:
    visits = [
        Visit(number, f"f3a-{number}", number, number, number, None, VisitState.SENT, now) for number in (1, 2, 3)
    ]
    totals = farm_view(now, [turbine], [], visits, [], engineers=1).totals
    assert (totals.engineers_out, totals.engineers_free) == (3, 0)


def test_mean_power_is_energy_over_the_interval(turbine: TurbineRecord) -> None:
    ten_minutes = replace(turbine, power_output_in_kwh=150.0, interval_seconds=600.0)
    assert mean_power_in_kw(ten_minutes) == pytest.approx(900.0)


@pytest.mark.parametrize("interval", [None, 0.0, 0.001, 0.099])
def test_without_an_interval_the_power_is_not_known(turbine: TurbineRecord, interval: float | None) -> None:
    assert mean_power_in_kw(replace(turbine, interval_seconds=interval)) is None


@pytest.mark.parametrize("energy", [1e12, -1e12, 1e5])
def test_a_power_that_no_turbine_has_is_not_shown(turbine: TurbineRecord, energy: float) -> None:
    assert mean_power_in_kw(replace(turbine, power_output_in_kwh=energy, interval_seconds=1.0)) is None


def test_only_a_connected_turbine_has_time_online(turbine: TurbineRecord, now: int) -> None:
    gone = replace(turbine, turbine_number=8, link=Link.OFFLINE)
    online, offline = sorted(
        farm_view(now, [turbine, gone], [], [], [], engineers=3).rows, key=lambda row: row.turbine_number
    )
    assert (online.online_since, offline.online_since) == (now - 3600 * SECOND, None)


def test_a_farm_without_turbines_is_a_view_too(now: int) -> None:
    view = farm_view(now, [], [], [], [], engineers=3)
    assert view.rows == ()
    assert (view.totals.engineers_free, view.totals.longest_wait_since) == (3, None)


def test_a_row_says_what_the_turbine_says_of_itself(turbine: TurbineRecord, now: int) -> None:
    born = replace(turbine, model="MM92", serial="91234", region="north", rated_power_in_kw=2050.0)
    (row,) = farm_view(now, [born], [], [], [], engineers=1).rows
    assert (row.model, row.serial, row.region, row.rated_power_in_kw) == ("MM92", "91234", "north", 2050.0)
