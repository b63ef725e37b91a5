"""Sets of moments as spans, against sets of moments."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from grid.times import SECOND
from monitor.availability.spans import Span, TakenTime, clipped, seconds_of, union

SPANS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 12)).map(lambda pair: Span(pair[0], sum(pair))))


def moments(spans: list[Span]) -> set[int]:
    return {moment for span in spans for moment in range(span.since, span.until)}


@given(SPANS)
def test_a_union_holds_the_same_moments_each_once(spans: list[Span]) -> None:
    found = union(spans)
    assert moments(found) == moments(spans)
    assert round(seconds_of(found) * SECOND) == len(moments(spans))
    assert all(before.until < after.since for before, after in pairwise(found))


@given(st.lists(SPANS, max_size=6))
def test_each_moment_is_taken_once(turns: list[list[Span]]) -> None:
    taken, gone = TakenTime(), set[int]()
    for spans in turns:
        free = taken.take(union(spans))
        assert moments(free) == moments(spans) - gone
        assert round(seconds_of(free) * SECOND) == len(moments(free))
        gone |= moments(spans)


@given(SPANS, st.integers(0, 40), st.integers(1, 20))
def test_a_period_cuts_what_lies_outside_of_it(spans: list[Span], since: int, length: int) -> None:
    period = Span(since, since + length)
    assert moments(clipped(spans, period)) == moments(spans) & moments([period])
