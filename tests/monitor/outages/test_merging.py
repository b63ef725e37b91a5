"""Reports become outages by one rule, whatever the order in which they come."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from grid.times import SECOND
from monitor.outages.merging import Extent, Span, down, lasting, outages_of, union

MINUTE = 60 * SECOND
TOLERANCE = 12 * MINUTE

spans = st.builds(
    lambda at, length: Span(at, at + length), st.integers(0, 300), st.sampled_from([0, 0, 0, 1, 5, 13, 40])
)


def moments(*minutes: int) -> list[Span]:
    return [Span(minute * MINUTE, minute * MINUTE) for minute in minutes]


def extents(*reported: Span) -> list[tuple[int, int]]:
    found = outages_of(union(reported), TOLERANCE)
    return [(extent.started_at // MINUTE, extent.ended_at // MINUTE) for extent in found]


def test_reports_within_twelve_minutes_of_each_other_are_one_outage() -> None:
    assert extents(*moments(600, 610, 620)) == [(600, 620)]


def test_a_report_twenty_minutes_later_begins_another_outage() -> None:
    assert extents(*moments(600, 610, 620, 640)) == [(600, 620), (640, 640)]


def test_a_late_report_between_two_outages_joins_them() -> None:
    assert extents(*moments(600, 610, 620, 640, 630)) == [(600, 640)]


def test_exactly_the_tolerance_still_joins() -> None:
    assert extents(*moments(0, 12)) == [(0, 12)]
    assert extents(Span(0, 0), Span(12 * MINUTE + 1, 12 * MINUTE + 1)) == [(0, 0), (12, 12)]


def test_a_gap_beside_a_moment_is_down_time_and_a_pause_between_spans_is_not() -> None:
    told_by_moments = union(moments(0, 10, 20))
    told_by_spans = [Span(0, 5 * MINUTE), Span(10 * MINUTE, 20 * MINUTE)]
    assert outages_of(told_by_moments, TOLERANCE) == [Extent(0, 20 * MINUTE, 1200.0)]
    assert outages_of(told_by_spans, TOLERANCE) == [Extent(0, 20 * MINUTE, 900.0)]


def test_what_goes_on_lasts_until_the_last_that_is_known() -> None:
    known = [Span(0, 0), Span(50 * MINUTE, 60 * MINUTE)]
    assert lasting(known, 10 * MINUTE) == [Span(0, 0), Span(10 * MINUTE, 60 * MINUTE)]
    assert lasting(known, None) == known
    assert lasting([], 10 * MINUTE) == [Span(10 * MINUTE, 10 * MINUTE)]


@given(st.lists(spans, max_size=30), st.randoms())
def test_neither_order_nor_repetition_matters(reported: list[Span], random: Random) -> None:
    again = [*reported, *reported[::2]]
    random.shuffle(again)
    assert union(again) == union(reported)


@given(st.lists(spans, min_size=1, max_size=30), st.integers(0, 20))
def test_outages_are_what_a_walk_over_sorted_reports_finds(reported: list[Span], tolerance: int) -> None:
    walked: list[tuple[int, int]] = []
    for span in sorted(reported):
        if walked and span.from_at <= walked[-1][1] + tolerance:
            walked[-1] = (walked[-1][0], max(walked[-1][1], span.until_at))
        else:
            walked.append((span.from_at, span.until_at))
    found = outages_of(union(reported), tolerance)
    assert [(extent.started_at, extent.ended_at) for extent in found] == walked


@given(st.lists(spans, max_size=30), st.integers(0, 20))
def test_down_time_lies_within_the_outages_and_holds_every_report(reported: list[Span], tolerance: int) -> None:
    out = down(union(reported), tolerance)
    for span in reported:
        assert any(held.from_at <= span.from_at and span.until_at <= held.until_at for held in out)
    lengths = sum(extent.ended_at - extent.started_at for extent in outages_of(union(reported), tolerance))
    assert sum(span.until_at - span.from_at for span in out) <= lengths
