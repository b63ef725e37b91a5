"""How a time is divided."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.times import SECOND, from_datetime
from monitor.availability.periods import QUARTER, Per, figured, periods, place_of
from monitor.availability.spans import Span


def at(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> int:
    return from_datetime(datetime(year, month, day, hour, minute, tzinfo=UTC))


def test_a_time_is_widened_to_whole_quarter_hours() -> None:
    asked = (at(2026, 11, 21, 10, 7), at(2026, 11, 21, 11, 16))
    assert figured(*asked, at(2026, 12, 1)) == Span(at(2026, 11, 21, 10, 0), at(2026, 11, 21, 11, 30))


def test_the_quarter_hour_that_goes_on_counts_up_to_the_last_minute_that_is_figured() -> None:
    early, late = at(2026, 11, 21, 11, 14) + 19 * SECOND, at(2026, 11, 21, 11, 14) + 20 * SECOND
    assert figured(at(2026, 11, 21), early, early).until == at(2026, 11, 21, 11, 13)
    assert figured(at(2026, 11, 21), late, late).until == at(2026, 11, 21, 11, 14)


def test_what_lies_ahead_has_no_period() -> None:
    now = at(2026, 11, 21, 11, 14)
    assert periods(figured(now + QUARTER, now + 86_400 * SECOND, now), Per.DAY) == []


def test_days_end_at_midnight_and_the_first_and_last_may_be_shorter() -> None:
    over = Span(at(2026, 11, 20, 18), at(2026, 11, 22, 6))
    borders = [at(2026, 11, 20, 18), at(2026, 11, 21), at(2026, 11, 22), at(2026, 11, 22, 6)]
    assert periods(over, Per.DAY) == [Span(*pair) for pair in pairwise(borders)]


def test_months_go_on_after_december() -> None:
    over = Span(at(2026, 11, 15), at(2027, 2, 1))
    assert [period.since for period in periods(over, Per.MONTH)] == [at(2026, 11, 15), at(2026, 12, 1), at(2027, 1, 1)]


@given(st.integers(0, 10**5), st.integers(1, 10**5), st.sampled_from(Per))
def test_periods_follow_each_other_without_a_gap(first: int, count: int, per: Per) -> None:
    over = Span(first * QUARTER, (first + count) * QUARTER)
    cut = periods(over, per)
    assert (cut[0].since, cut[-1].until) == over
    assert all(before.until == after.since for before, after in pairwise(cut))
    assert all(period.since < period.until for period in cut)


@pytest.mark.parametrize("per", Per)
def test_each_moment_has_its_place(per: Per) -> None:
    cut = periods(Span(at(2026, 10, 30), at(2026, 12, 2)), per)
    for place, period in enumerate(cut):
        assert place_of(period.since, cut) == place_of(period.until - 1, cut) == place
