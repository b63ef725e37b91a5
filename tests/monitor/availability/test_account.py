"""The account of a period: every second in one sort of time, and what follows from the sums."""

import pytest
from accounts import MIDNIGHT, outage
from hypothesis import given
from hypothesis import strategies as st

from grid.times import SECOND
from monitor.availability.account import Account, Told, account_of
from monitor.availability.down_time import PRIORITY, Failure, down_times, failures
from monitor.availability.spans import Span, clipped, seconds_of, union
from monitor.facts import Category, Outage

HOURS = 3600 * SECOND
DAY = Span(MIDNIGHT, MIDNIGHT + 24 * HOURS)
SPANS = st.tuples(st.integers(-5, 25), st.integers(0, 10)).map(
    lambda pair: Span(MIDNIGHT + pair[0] * HOURS, MIDNIGHT + sum(pair) * HOURS)
)


@st.composite
def outages(draw: st.DrawFn) -> list[Outage]:
    """Outages of any category, overlapping or not, each with a lost kWh per hour."""
    found = draw(st.lists(st.tuples(SPANS, st.sampled_from(PRIORITY)), max_size=8))
    return [
        outage(number, 7, *span, category=category, lost_energy_in_kwh=span.seconds / 3600)
        for number, (span, category) in enumerate(found, start=1)
    ]


def account(found: list[Outage], told: Told, period: Span = DAY) -> Account:
    down = down_times([(each, [Span(each.started_at, each.ended_at)]) for each in found])
    return account_of(period, told, down, failures(found))


@given(outages(), st.floats(0, 100_000), st.floats(0, 100_000))
def test_every_second_is_in_one_sort_of_time(found: list[Outage], covered: float, covered_down: float) -> None:
    line = account(found, Told(covered, covered_down, 100.0)).figures(DAY)
    sorts = [line.available_seconds, line.forced_outage_seconds, line.maintenance_seconds, line.out_of_scope_seconds]
    assert sum(sorts) + line.unknown_seconds == pytest.approx(86_400)
    assert min(*sorts, line.unknown_seconds) >= 0
    for ratio in (line.time_availability, line.time_availability_at_least, line.energy_availability):
        assert ratio is None or 0 <= ratio <= 1


@given(outages())
def test_a_forced_outage_has_all_of_its_time(found: list[Outage]) -> None:
    spans = [Span(each.started_at, each.ended_at) for each in found if each.category is Category.FORCED_OUTAGE]
    line = account(found, Told(0.0, 0.0, 0.0)).figures(DAY)
    assert line.forced_outage_seconds == pytest.approx(seconds_of(clipped(union(spans), DAY)))


@given(outages())
def test_an_hour_of_outages_loses_its_energy_once(found: list[Outage]) -> None:
    """Each outage loses a kWh an hour, so what is lost is no more than the hours in which there was any."""
    line = account(found, Told(0.0, 0.0, 0.0)).figures(DAY)
    spans = union(Span(each.started_at, each.ended_at) for each in found)
    assert line.lost_energy_in_kwh <= seconds_of(clipped(spans, DAY)) / 3600 + 1e-6


@given(outages(), st.integers(1, 23))
def test_two_parts_of_a_period_add_up(found: list[Outage], hour: int) -> None:
    border = MIDNIGHT + hour * HOURS
    parts = [account(found, Told(0.0, 0.0, 5.0), part) for part in (Span(DAY.since, border), Span(border, DAY.until))]
    whole = account(found, Told(0.0, 0.0, 10.0))
    both = Account()
    for part in parts:
        both.add(part)
    assert both.lost_energy_in_kwh == pytest.approx(whole.lost_energy_in_kwh)
    assert both.unknown_seconds == pytest.approx(whole.unknown_seconds)
    assert (both.forced_outages, both.restored) == (whole.forced_outages, whole.restored)
    assert list(both.down_seconds.values()) == pytest.approx(list(whole.down_seconds.values()))


@given(outages())
def test_failures_never_overlap(found: list[Outage]) -> None:
    ended = [failure.restored_at or failure.began_at for failure in failures(found)]
    began = [failure.began_at for failure in failures(found)]
    assert all(before < after for before, after in zip(ended, began[1:], strict=False))


def test_without_anything_known_there_is_no_figure() -> None:
    line = Account().figures(DAY)
    assert (line.time_availability, line.energy_availability, line.mtbf_hours, line.mttr_hours) == (None,) * 4


def test_a_turbine_that_only_consumed_made_nothing_of_what_it_could() -> None:
    line = Account(energy_in_kwh=-5.0, lost_energy_in_kwh=100.0).figures(DAY)
    assert line.energy_availability == 0


def test_an_outage_of_a_moment_is_a_failure_without_time() -> None:
    moment = outage(1, 7, MIDNIGHT, MIDNIGHT)
    line = account([moment], Told(86_400.0, 0.0, 1.0)).figures(DAY)
    assert (line.forced_outages, line.forced_outage_seconds, line.mttr_hours) == (1, 0, 0)
    assert failures([moment]) == [Failure(MIDNIGHT, MIDNIGHT)]
