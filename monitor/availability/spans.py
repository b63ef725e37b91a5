"""Spans of time: sets of them, put together, taken from each other and cut to a period."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from grid.times import SECOND


class Span(NamedTuple):
    """From a moment up to another, which is not in it; microseconds since 1970."""

    since: int
    until: int

    @property
    def seconds(self) -> float:
        """Its length."""
        return (self.until - self.since) / SECOND


def union(spans: Iterable[Span]) -> list[Span]:
    """The same moments as spans that neither overlap nor touch, oldest first. What has no length is left out."""
    joined: list[Span] = []
    for since, until in sorted(spans):
        if until <= since:
            continue
        if joined and since <= joined[-1].until:
            joined[-1] = Span(joined[-1].since, max(until, joined[-1].until))
        else:
            joined.append(Span(since, until))
    return joined


def without(spans: Sequence[Span], taken: Sequence[Span]) -> list[Span]:
    """What of the spans no span of `taken` holds; both are unions."""
    left: list[Span] = []
    for since, until in spans:
        begin = since
        for other in taken:
            if other.until <= begin:
                continue
            if other.since >= until:
                break
            if other.since > begin:
                left.append(Span(begin, other.since))
            begin = other.until
        if begin < until:
            left.append(Span(begin, until))
    return left


def clipped(spans: Iterable[Span], period: Span) -> list[Span]:
    """What of the spans lies in the period."""
    cut = (Span(max(span.since, period.since), min(span.until, period.until)) for span in spans)
    return [span for span in cut if span.since < span.until]


def seconds_of(spans: Iterable[Span]) -> float:
    """The length of all of them together."""
    return sum(span.seconds for span in spans)
