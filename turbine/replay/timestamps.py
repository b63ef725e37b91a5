"""The times in a file: ISO 8601 or a format of its own, with a zone or in one that is given."""

from collections.abc import Hashable
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from grid.times import EARLIEST, LATEST, SECOND, from_datetime
from turbine.replay.errors import ReplayError

UNIX = "unix"
"""The time format that means seconds since 1970."""


class SkippedTimeError(ValueError):
    """A time of day that never was: the clocks were put forward over it."""


def zone_named(name: str | None) -> tzinfo:
    """The time zone of that IANA name; UTC without one. Raises ReplayError."""
    if name is None:
        return UTC
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        raise ReplayError(f"there is no time zone {name!r}; an IANA name such as Europe/London is wanted") from None


class TimeReader:
    """Turns the text of a time into microseconds since 1970, UTC.

    `time_format` is one of `datetime.strptime`, or `unix`; without it the text is ISO 8601. A time without a zone
    is local time in `zone`. The hour that occurs twice when the clocks are put back is told apart by the file's
    order: of the two possible moments the one nearer to the turbine's previous row is taken, never that row's own
    moment; the later one when both are as near, the first one without a previous row.
    """

    def __init__(self, zone: tzinfo = UTC, time_format: str | None = None) -> None:
        self._zone = zone
        self._format = time_format
        self._previous: dict[Hashable, int] = {}
        self.ambiguous = 0

    def read(self, text: str, turbine: Hashable) -> int:
        """Read one time; call it in the file's order.

        Raises SkippedTimeError for a local time that the zone skips, and ValueError, with the reason in words, for
        what is no time, or none between 2000 and 2199.
        """
        time = self._read(text, turbine)
        if not EARLIEST <= time < LATEST:
            raise ValueError("not between the years 2000 and 2199")
        self._previous[turbine] = time
        return time

    def _read(self, text: str, turbine: Hashable) -> int:
        if self._format == UNIX:
            seconds = float(text)
            if not 0 <= seconds < LATEST // SECOND:
                raise ValueError("not between the years 2000 and 2199")
            return round(seconds * SECOND)
        moment = self._parse(text)
        if moment.tzinfo is not None:
            return from_datetime(moment)
        if self._zone is UTC:
            return from_datetime(moment.replace(tzinfo=UTC))
        return self._in_zone(moment, turbine)

    def _parse(self, text: str) -> datetime:
        if self._format is not None:
            return datetime.strptime(text, self._format)  # noqa: DTZ007
        return datetime.fromisoformat(text)

    def _in_zone(self, moment: datetime, turbine: Hashable) -> int:
        # PEP 495: fold 0 is the first of two equal times of day, fold 1 the second.
        first = moment.replace(tzinfo=self._zone, fold=0)
        second = moment.replace(tzinfo=self._zone, fold=1)
        before, after = first.utcoffset(), second.utcoffset()
        if before is None or after is None or before == after:
            return from_datetime(first)
        if before < after:
            raise SkippedTimeError(f"{moment} does not exist in {self._zone}: the clocks were put forward")
        self.ambiguous += 1
        return self._nearer(from_datetime(first), from_datetime(second), self._previous.get(turbine))

    @staticmethod
    def _nearer(first: int, second: int, previous: int | None) -> int:
        if previous is None or previous == second:
            return first
        if previous == first or abs(second - previous) <= abs(first - previous):
            return second
        return first
