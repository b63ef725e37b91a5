"""How reports become outages: the union of what was reported, joined where it lies within the tolerance.

Two levels, so that any order of arrival gives the same. Spans are the union of all reports, with a tolerance of
nothing; outages are spans that lie no further apart than the tolerance. Neither asks when a report came.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from grid.times import SECOND


class Span(NamedTuple):
    """Something was out from a time until another, both included; a moment where they are the same."""

    from_at: int
    until_at: int

    @property
    def is_moment(self) -> bool:
        """Whether it has no length."""
        return self.from_at == self.until_at


@dataclass(frozen=True, slots=True)
class Extent:
    """From when until when an outage is known to be, and how long of that something was out."""

    started_at: int
    ended_at: int
    down_seconds: float


def union(spans: Iterable[Span]) -> list[Span]:
    """Spans that neither touch nor overlap, in order, and cover what the given ones do."""
    joined: list[Span] = []
    for span in sorted(spans):
        if joined and span.from_at <= joined[-1].until_at:
            joined[-1] = Span(joined[-1].from_at, max(joined[-1].until_at, span.until_at))
        else:
            joined.append(span)
    return joined


def without(spans: Iterable[Span], cut: Span) -> list[Span]:
    """The spans without what lies between both ends of a time; its ends stay where they belong to one."""
    left: list[Span] = []
    for span in spans:
        if span.until_at <= cut.from_at or span.from_at >= cut.until_at:
            left.append(span)
            continue
        if span.from_at <= cut.from_at:
            left.append(Span(span.from_at, cut.from_at))
        if span.until_at >= cut.until_at:
            left.append(Span(cut.until_at, span.until_at))
    return left


def down(spans: Sequence[Span], tolerance: int) -> list[Span]:
    """The time in which something was out, of spans as `union` gives them; `tolerance` is in microseconds.

    Spans count as they are. A gap within the tolerance beside a mere moment counts too: moments are told every so
    often while something is out. A pause between two spans does not: both say that it was over.
    """
    beside_moments = [
        Span(before.until_at, after.from_at)
        for before, after in pairwise(spans)
        if (before.is_moment or after.is_moment) and after.from_at - before.until_at <= tolerance
    ]
    return union([*spans, *beside_moments])


def down_microseconds(spans: Sequence[Span], tolerance: int) -> int:
    """How long `down` is."""
    return sum(span.until_at - span.from_at for span in down(spans, tolerance))


def lasting(spans: Iterable[Span], since: int | None) -> list[Span]:
    """The spans, where something goes on since a time: out from then until the last that is known."""
    known = list(spans)
    if since is None:
        return union(known)
    last = max((span.until_at for span in known), default=since)
    return union([*known, Span(since, max(since, last))])


def outages_of(spans: Sequence[Span], tolerance: int) -> list[Extent]:
    """The outages that spans make up, as `union` gives them, in order; `tolerance` is in microseconds."""
    found: list[list[Span]] = []
    for span in spans:
        if found and span.from_at - found[-1][-1].until_at <= tolerance:
            found[-1].append(span)
        else:
            found.append([span])
    return [Extent(held[0].from_at, held[-1].until_at, down_microseconds(held, tolerance) / SECOND) for held in found]
