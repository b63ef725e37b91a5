"""The alarms at a glance: how many there are, and how fast they come."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from grid.times import SECOND
from monitor.alarms.rates import STANDS_AFTER, Raised, Span, chattering, flood_since, per_ten_minutes
from monitor.facts import Alarm, AlarmCounts, Severity

PERIOD = 24 * 3600 * SECOND
"""How far back to look at what was raised: a flood may have begun long ago."""
_SHOWN = 6 * 3600 * SECOND - 1
_CHATTER_SHOWN = 3600 * SECOND


@dataclass(frozen=True, slots=True)
class FloodFact:
    """A flood that lasts."""

    since: int


@dataclass(frozen=True, slots=True)
class Summary:
    """How many alarms there are, how fast they come, and which of them chatter or stand, by number."""

    at: int
    unacknowledged: int
    active: int
    highest: Severity | None
    waiting_by_severity: dict[Severity, int]
    suppressed: int
    shelved: int
    out_of_service: int
    per_ten_minutes: list[Span]
    flood: FloodFact | None
    chattering: list[int]
    standing: list[int]


def counts_of(alarms: Collection[Alarm]) -> AlarmCounts:
    """Count the alarms; those that are normal and not silenced may lack among them."""
    waiting = [alarm.severity for alarm in alarms if alarm.waits]
    return AlarmCounts(
        unacknowledged=len(waiting),
        active=sum(map(_speaks, alarms)),
        highest=min(waiting, key=lambda severity: severity.place, default=None),
        suppressed=sum(alarm.suppressed_by is not None for alarm in alarms),
        silenced=sum(alarm.is_silenced for alarm in alarms),
    )


def summary_of(alarms: Collection[Alarm], raised: Sequence[tuple[int, int]], now: int) -> Summary:
    """Sum up the alarms that are not normal or silenced, and what was `raised` (when, which) in the last `PERIOD`."""
    counts = counts_of(alarms)
    told = [Raised(*one) for one in raised if one[0] <= now]  # later ones are of a clock that was set back
    waiting = [alarm.severity for alarm in alarms if alarm.waits]
    since = flood_since(told, now=now)
    return Summary(
        at=now,
        unacknowledged=counts.unacknowledged,
        active=counts.active,
        highest=counts.highest,
        waiting_by_severity={severity: waiting.count(severity) for severity in Severity},
        suppressed=counts.suppressed,
        shelved=sum(alarm.shelved_until is not None for alarm in alarms),
        out_of_service=sum(alarm.out_of_service_by is not None for alarm in alarms),
        per_ten_minutes=per_ten_minutes(told, since=now - _SHOWN, now=now),
        flood=None if since is None else FloodFact(since),
        chattering=chattering(one for one in told if one.at >= now - _CHATTER_SHOWN),
        standing=[alarm.alarm_id for alarm in alarms if _speaks(alarm) and alarm.raised_at < now - STANDS_AFTER],
    )


def _speaks(alarm: Alarm) -> bool:
    return alarm.is_active and alarm.is_audible
