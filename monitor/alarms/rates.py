"""How alarms come: per ten minutes, in a flood, chattering, standing. What a person can't live with is shown.

The numbers are those of ANSI/ISA-18.2-2016, clause 16 (IEC 62682, clause 16; EEMUA 191): for one operator a flood
begins when more than ten alarms come within ten minutes, and ends when it are fewer than five; an alarm that comes
three times or more within a minute chatters; one that is active for more than 24 hours stands.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from grid.times import SECOND

TEN_MINUTES = 600 * SECOND
FLOOD_BEGINS_ABOVE = 10
FLOOD_ENDS_BELOW = 5
CHATTERS_FROM = 3
CHATTER_WITHIN = 60 * SECOND
STANDS_AFTER = 24 * 3600 * SECOND


class Raised(NamedTuple):
    """People were told of an alarm: when, and of which. Times are UTC in microseconds."""

    at: int
    alarm_id: int


class Span(NamedTuple):
    """How many alarms were raised in ten minutes."""

    since: int
    raised: int


def per_ten_minutes(raised: Iterable[Raised], *, since: int, now: int) -> list[Span]:
    """How many came in each ten minutes of the clock, the oldest first; the last one is not over yet."""
    first = since - since % TEN_MINUTES
    counts = [0] * ((now - first) // TEN_MINUTES + 1)
    for one in raised:
        if first <= one.at <= now:
            counts[(one.at - first) // TEN_MINUTES] += 1
    return [Span(first + place * TEN_MINUTES, count) for place, count in enumerate(counts)]


def flood_since(raised: Sequence[Raised], *, now: int) -> int | None:
    """Since when alarms come faster than a person can take them in; None if they don't. `raised` is in order."""
    lately: deque[int] = deque()
    begun: int | None = None
    for one in raised:
        begun = _ebb(lately, begun, one.at)
        lately.append(one.at)
        if begun is None and len(lately) > FLOOD_BEGINS_ABOVE:
            begun = one.at
    return _ebb(lately, begun, now)


def _ebb(lately: deque[int], begun: int | None, at: int) -> int | None:
    """Let go of what came ten minutes ago; a flood ends when few are left."""
    while lately and lately[0] <= at - TEN_MINUTES:
        lately.popleft()
        if len(lately) < FLOOD_ENDS_BELOW:
            begun = None
    return begun


def chattering(raised: Iterable[Raised]) -> list[int]:
    """Which alarms came three times or more within a minute, by number. `raised` is in order."""
    last: dict[int, deque[int]] = {}
    found: set[int] = set()
    for at, alarm_id in raised:
        times = last.setdefault(alarm_id, deque(maxlen=CHATTERS_FROM))
        times.append(at)
        if len(times) == CHATTERS_FROM and at - times[0] <= CHATTER_WITHIN:
            found.add(alarm_id)
    return sorted(found)
