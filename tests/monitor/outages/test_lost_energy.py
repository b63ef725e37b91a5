"""Lost energy: what the wind would have made of an outage, less what was made."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.power_curve import curve_for, mm92
from grid.times import SECOND
from monitor.facts import Category, LostEnergyBy, LostEnergyUnknown
from monitor.outages.lost_energy import (
    ENOUGH_BINS,
    LearntCurve,
    Lost,
    Neighbours,
    Output,
    beside,
    bins,
    lost_by_curve,
    lost_by_neighbours,
    overlap_seconds,
)
from monitor.outages.merging import Span

HOUR = 3600 * SECOND
CURVE = LearntCurve((0.0, 4.0, 12.0), (0.0, 0.0, 800.0))
BY = LostEnergyBy.OWN_CURVE


def hours(since: float, until: float) -> Span:
    return Span(round(since * HOUR), round(until * HOUR))


def test_an_hour_without_power_in_wind_loses_what_the_curve_says() -> None:
    outputs = [Output(hours(0, 1), 8.0, 0.0), Output(hours(1, 2), 8.0, 400.0)]
    assert lost_by_curve([hours(0, 1)], outputs, CURVE, BY) == Lost(400.0, BY)


def test_a_window_that_an_outage_touches_tells_all_that_it_lacks() -> None:
    """Half an hour at nothing and half an hour as the curve says: 200 kW on average, and 200 kWh are missing."""
    outputs = [Output(hours(0, 1), 8.0, 200.0)]
    assert lost_by_curve([hours(0, 0.5)], outputs, CURVE, BY) == Lost(200.0, BY)


def test_no_more_is_lost_than_the_wind_would_have_made() -> None:
    """A turbine below its curve all the time was down for a minute: the rest of what it lacks is not the outage's."""
    outputs = [Output(hours(0, 1), 8.0, 100.0)]
    assert lost_by_curve([hours(0, 1 / 60)], outputs, CURVE, BY, is_bounded=True) == Lost(400 / 60, BY)
    consuming = [Output(hours(0, 1), 8.0, -10.0)]
    assert lost_by_curve([hours(0, 1)], consuming, CURVE, BY, is_bounded=True) == Lost(410.0, BY)


def test_what_no_window_tells_of_is_taken_to_be_as_the_rest() -> None:
    outputs = [Output(hours(0, 1), 8.0, 0.0)]
    assert lost_by_curve([hours(0, 2)], outputs, CURVE, BY) == Lost(800.0, BY)
    assert lost_by_curve([hours(0, 2.1)], outputs, CURVE, BY) is None


def test_nobody_loses_less_than_nothing() -> None:
    assert lost_by_curve([hours(0, 1)], [Output(hours(0, 1), 8.0, 500.0)], CURVE, BY) == Lost(0.0, BY)


def test_below_cut_in_nothing_is_lost() -> None:
    standing = [Output(hours(0, 1), 1.0, 0.0)]
    assert lost_by_curve([hours(0, 1)], standing, mm92(), LostEnergyBy.MODEL_CURVE) == Lost(
        0.0, LostEnergyBy.MODEL_CURVE
    )


def test_a_curve_is_learnt_from_enough_full_bins_only() -> None:
    bins = [(wind_speed / 2, 10.0 * wind_speed, 3) for wind_speed in range(ENOUGH_BINS)]
    assert LearntCurve.of(bins) is not None
    assert LearntCurve.of(bins[1:]) is None
    assert LearntCurve.of([*bins[1:], (30.0, 1.0, 2)]) is None


@given(st.floats(0, 40))
def test_a_learnt_curve_stays_between_its_bins(wind_speed: float) -> None:
    assert 0.0 <= CURVE.power(wind_speed) <= 800.0


def test_the_curve_of_a_known_model_is_found_by_its_name() -> None:
    assert curve_for(" mm92", None) is curve_for("MM92", 2050.0) is mm92()
    assert curve_for("MM92", 3000.0) is None
    assert curve_for("V90", 2000.0) is None
    assert curve_for(None, 2050.0) is None


def test_neighbours_tell_what_a_stopped_turbine_would_have_made() -> None:
    made = [Output(hours(0, 1), 8.0, 50.0)]
    lost = lost_by_neighbours([hours(0, 2)], made, Neighbours(300.0, 7200.0), Category.FORCED_OUTAGE)
    assert lost == Lost(550.0, LostEnergyBy.NEIGHBOURS)


@pytest.mark.parametrize(
    ("neighbours", "category", "why"),
    [
        (Neighbours(300.0, 7200.0), Category.INFORMATION_UNAVAILABLE, LostEnergyUnknown.NO_INFORMATION),
        (Neighbours(300.0, 60.0), Category.FORCED_OUTAGE, LostEnergyUnknown.NO_CURVE),
        (None, Category.FORCED_OUTAGE, LostEnergyUnknown.NO_CURVE),
    ],
)
def test_what_nobody_can_tell_is_not_guessed(
    neighbours: Neighbours | None, category: Category, why: LostEnergyUnknown
) -> None:
    assert lost_by_neighbours([hours(0, 2)], [], neighbours, category) == Lost(None, unknown=why)


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_an_overlap_is_symmetric_and_never_negative(a: int, b: int, c: int, d: int) -> None:
    one, other = Span(a, a + b), Span(c, c + d)
    assert overlap_seconds(one, [other]) == overlap_seconds(other, [one])
    assert 0 <= overlap_seconds(one, [other]) <= b / SECOND


def test_bins_are_centred_on_multiples_of_half_a_metre_per_second() -> None:
    outputs = [Output(hours(0, 1), wind_speed, 100.0) for wind_speed in (7.74, 7.75, 8.24, 8.25)]
    assert [(round(wind_speed, 3), held) for wind_speed, _, held in bins(outputs)] == [(7.74, 1), (7.995, 2), (8.25, 1)]


def test_nothing_is_learnt_from_the_time_of_outages() -> None:
    outputs = [Output(hours(hour, hour + 1), 8.0, 100.0) for hour in range(8)]
    kept = beside(outputs, [hours(0, 1), hours(2.5, 2.6), hours(4.2, 6.0)])
    assert [output.span.from_at // HOUR for output in kept] == [1, 3, 6, 7]
