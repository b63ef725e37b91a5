"""Spans of time: sets of them, put together, taken from each other and cut to a period."""

from bisect import bisect_left, bisect_right
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


class TakenTime:
    """Time that is taken bit by bit: each moment once. Taking a span costs little however many are taken already."""

    def __init__(self) -> None:
        self._since: list[int] = []
        self._until: list[int] = []

    def take(self, spans: Sequence[Span]) -> list[Span]:
        """Take spans, which are a union; returns what of them was not taken yet, as a union too."""
        return [free for span in spans for free in self._take(span)]

    def _take(self, span: Span) -> list[Span]:
        """Take one, and join it with those that it overlaps or touches."""
        first, end = bisect_left(self._until, span.since), bisect_right(self._since, span.until)
        free, begin = [], span.since
        for since, until in zip(self._since[first:end], self._until[first:end], strict=True):
            if since > begin:
                free.append(Span(begin, since))
            begin = max(begin, until)
        if begin < span.until:
            free.append(Span(begin, span.until))
        self._since[first:end] = [min([span.since, *self._since[first:end]])]
        self._until[first:end] = [max([span.until, *self._until[first:end]])]
        return free


def clipped(spans: Iterable[Span], period: Span) -> list[Span]:
    """What of the spans lies in the period."""
    cut = (Span(max(span.since, period.since), min(span.until, period.until)) for span in spans)
    return [span for span in cut if span.since < span.until]


def seconds_of(spans: Iterable[Span]) -> float:
    """The length of all of them together."""
    return sum(span.seconds for span in spans)
