"""The time that outages take from a turbine: each moment counts once, for one outage."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from monitor.availability.spans import Span, TakenTime, clipped, seconds_of, union
from monitor.facts import Category, Outage

PRIORITY = (
    Category.FORCED_OUTAGE,
    Category.SCHEDULED_MAINTENANCE,
    Category.OUT_OF_SCOPE,
    Category.PARTIAL_PERFORMANCE,
)
"""Which outage has the time where several are reported at once: nothing hides a forced outage."""
LOSING = frozenset({Category.FORCED_OUTAGE, Category.PARTIAL_PERFORMANCE})
"""What is lost in these counts against the availability by energy."""


@dataclass(frozen=True, slots=True)
class DownTime:
    """What one outage takes: `spans` is its time without that of outages that go before it."""

    outage: Outage
    category: Category
    spans: Sequence[Span]
    down_seconds: float
    """All of its time, also what others have."""

    @property
    def is_out(self) -> bool:
        """Whether the turbine does not work in it. In partial performance it does, if badly."""
        return self.category is not Category.PARTIAL_PERFORMANCE

    def within(self, period: Span) -> float:
        """The seconds of a period that it takes."""
        return seconds_of(clipped(self.spans, period))

    def lost_within(self, period: Span) -> float:
        """Its lost energy by its share of time, in kWh; 0 where none is known."""
        if not self.down_seconds or self.outage.lost_energy_in_kwh is None:
            return 0.0
        return self.outage.lost_energy_in_kwh * self.within(period) / self.down_seconds


def down_spans(outage: Outage, reported: Sequence[Span], heard_until: int) -> list[Span]:
    """The time in which an outage had its turbine down.

    `reported` are the spans and moments that its reports name. A gap beside a report of a mere moment counts as down:
    such reports come every so often while it lasts. A pause between two spans does not. One that goes on lasts until
    the turbine was heard last; `heard_until` is when.
    """
    if not reported:
        reported = [Span(outage.started_at, outage.ended_at)]
    ordered = sorted(reported)
    beside_moments = (
        Span(before.until, after.since)
        for before, after in pairwise(ordered)
        if before.since == before.until or after.since == after.until
    )
    ongoing_since = outage.ended_at if outage.ongoing_since is None else outage.ongoing_since
    lasting = [Span(ongoing_since, heard_until)] if outage.ongoing else []
    return union([*ordered, *beside_moments, *lasting])


@dataclass(slots=True)
class Failure:
    """Forced outages that overlap or touch: the turbine failed once. `restored_at` is None while one goes on."""

    began_at: int
    restored_at: int | None


def failures(outages: Iterable[Outage]) -> list[Failure]:
    """The failures that a turbine's forced outages come to, oldest first."""
    forced = [outage for outage in outages if outage.category is Category.FORCED_OUTAGE]
    found: list[Failure] = []
    for outage in sorted(forced, key=lambda outage: (outage.started_at, outage.outage_id)):
        ended_at = None if outage.ongoing else outage.ended_at
        last = found[-1] if found else None
        if last is None or (last.restored_at is not None and last.restored_at < outage.started_at):
            found.append(Failure(outage.started_at, ended_at))
        elif last.restored_at is not None:
            last.restored_at = None if ended_at is None else max(last.restored_at, ended_at)
    return found


def down_times(found: Sequence[tuple[Outage, Sequence[Span]]]) -> list[DownTime]:
    """Share out a turbine's time among its outages, each given with its `down_spans`.

    Where several are reported at once the category that comes first in `PRIORITY` has the time; of the same category
    the outage that began first. Outages of other categories, or of none, take no time.
    """
    counting = [(outage, spans, category) for outage, spans in found if (category := outage.category) in PRIORITY]
    counting.sort(key=lambda each: (PRIORITY.index(each[2]), each[0].started_at, each[0].outage_id))
    shared: list[DownTime] = []
    taken = TakenTime()
    for outage, spans, category in counting:
        own = union(spans)
        shared.append(DownTime(outage, category, taken.take(own), seconds_of(own)))
    return shared
