"""The periods that availability is told for: the whole time, or its days or months in UTC."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum

from grid.times import SECOND, from_datetime
from monitor.availability.spans import Span

QUARTER = 900 * SECOND
"""Windows of this width are what availability is figured from."""
MINUTE = 60 * SECOND
"""Windows of this width tell of a quarter hour that is not over."""
FIGURED_AFTER = 20 * SECOND
"""By then a minute's window is there, also where the turbine is silent."""
DAY = 86_400 * SECOND


class Per(StrEnum):
    """How a time is divided."""

    PERIOD = "period"
    """Not at all."""
    DAY = "day"
    MONTH = "month"


def figured(since: int, until: int, now: int) -> Span:
    """The time as it is figured: widened to whole quarter hours, and ended with the last minute that is known at `now`.

    Only the quarter hour that goes on is told by its minutes.
    """
    known_until = (now - FIGURED_AFTER) // MINUTE * MINUTE
    begin = since // QUARTER * QUARTER
    return Span(begin, max(begin, min(-(-until // QUARTER) * QUARTER, known_until)))


def periods(over: Span, per: Per) -> list[Span]:
    """The time cut at midnights, or at the first of months, in UTC; the first and the last may be shorter."""
    if over.until <= over.since:
        return []
    borders = [over.since]
    if per is not Per.PERIOD:
        while (border := _next_border(borders[-1], per)) < over.until:
            borders.append(border)
    return [Span(since, until) for since, until in zip(borders, [*borders[1:], over.until], strict=True)]


def place_of(moment: int, cut: Sequence[Span]) -> int:
    """Which of the periods, that follow each other, a moment lies in."""
    return bisect_right(cut, moment, key=lambda period: period.since) - 1


def _next_border(after: int, per: Per) -> int:
    if per is Per.DAY:
        return (after // DAY + 1) * DAY
    moment = datetime.fromtimestamp(after // SECOND, UTC)
    return from_datetime(datetime(moment.year + moment.month // 12, moment.month % 12 + 1, 1, tzinfo=UTC))
