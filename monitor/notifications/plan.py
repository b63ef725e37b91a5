"""Who is to be told of which alarm, and at which hours: the settings of notifications as plain values."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta, tzinfo

from grid.times import SECOND, as_datetime, from_datetime
from monitor.facts import Alarm, Severity

EVERY_DAY = frozenset(range(7))
_DAYS_AHEAD = 9
"""How far a permitted moment is looked for: any weekday comes within these, with a day to spare at each end."""


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours of the day, from `begin` up to `end`; over midnight where `end` is not later.

    They belong to a weekday by their begin: Friday's 22:00 to 06:00 end on Saturday.
    """

    begin: time
    end: time
    days: frozenset[int] = EVERY_DAY
    """Weekdays, Monday is 0."""

    def include(self, local: datetime) -> bool:
        """Whether a moment, in the plan's time zone, lies in them."""
        at = local.time()
        today, yesterday = local.weekday(), (local.weekday() - 1) % 7
        if self.begin < self.end:
            return today in self.days and self.begin <= at < self.end
        return (today in self.days and at >= self.begin) or (yesterday in self.days and at < self.end)


@dataclass(frozen=True, slots=True)
class Recipient:
    """A receiver, as far as it matters when it is told; its address is nobody's business here."""

    name: str
    quiet: Hours | None = None
    """When only what is critical may be sent."""


@dataclass(frozen=True, slots=True)
class Route:
    """Which alarms go to whom, and how."""

    name: str
    receivers: tuple[str, ...]
    severities: frozenset[Severity] = frozenset(Severity)
    regions: frozenset[str] = frozenset()
    """Empty for all. An alarm of no region is about the farm or the monitor, and concerns every region."""
    rules: frozenset[str] = frozenset()
    """Empty for all."""
    hours: Hours | None = None
    """When it holds; None for always. What comes in between waits."""
    digest: tuple[time, ...] = ()
    """At these times of day all that came is told in one message; empty: at once."""
    group_by: tuple[str, ...] = ("rule", "region")
    """Alarms that agree in these make one message: of `rule`, `region`, `severity`; none: all of them."""
    group_wait_seconds: float = 30.0
    """How long the first of a group waits for others."""
    repeat_seconds: float | None = None
    """After which an alarm that nobody has acknowledged is told again; None for never."""
    tells_cleared: bool = True

    def takes(self, alarm: Alarm) -> bool:
        """Whether an alarm goes this way."""
        if alarm.severity not in self.severities or (self.rules and alarm.rule not in self.rules):
            return False
        return not self.regions or alarm.region is None or alarm.region in self.regions


@dataclass(frozen=True, slots=True)
class Moment:
    """When somebody is told, and by which route."""

    at: int
    route: Route


@dataclass(frozen=True, slots=True)
class Plan:
    """All that is set about notifications; without receivers and routes nobody is told."""

    receivers: Mapping[str, Recipient] = field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    zone: tzinfo = UTC
    zone_name: str = "UTC"
    page_url: str = ""
    """Where the pages are, for links; empty for none."""

    def receivers_of(self, alarm: Alarm) -> set[str]:
        """Who is told of an alarm, at whatever hour."""
        return {name for route in self.routes if route.takes(alarm) for name in route.receivers}

    def route(self, name: str | None, receiver: str) -> Route | None:
        """The route of this name, if it still leads to the receiver."""
        return next((route for route in self.routes if route.name == name and receiver in route.receivers), None)

    def routes_to(self, receiver: str) -> tuple[str, ...]:
        """The names of the routes that lead to a receiver."""
        return tuple(route.name for route in self.routes if receiver in route.receivers)

    def moment(self, receiver: str, alarm: Alarm, at: int) -> Moment | None:
        """The first moment from `at` (UTC, microseconds) on when `receiver` may be told of `alarm`.

        By the first route in the plan's order that holds at `at`; where none does, by the one that holds first. None
        where no route leads there.
        """
        found: list[Moment] = []
        for route in self.routes:
            if receiver in route.receivers and route.takes(alarm):
                moment = Moment(self._earliest(route, self.receivers[receiver], alarm.severity, at), route)
                if route.hours is None or route.hours.include(self.local(at)):
                    return moment
                found.append(moment)
        return min(found, key=lambda moment: moment.at, default=None)

    def permits(self, route: Route, receiver: str, severity: Severity, at: int) -> bool:
        """Whether the receiver may be told by this route at this moment. A digest asks nobody: its hour is set."""
        if route.digest:
            return True
        quiet = self.receivers[receiver].quiet
        if quiet is not None and severity is not Severity.CRITICAL and quiet.include(self.local(at)):
            return False
        return route.hours is None or route.hours.include(self.local(at))

    def local(self, at: int) -> datetime:
        """A moment in the plan's time zone."""
        return as_datetime(at).astimezone(self.zone)

    def _earliest(self, route: Route, recipient: Recipient, severity: Severity, at: int) -> int:
        if route.digest:
            return next(moment for moment in self._times(route.digest, at) if moment >= at)
        if self.permits(route, recipient.name, severity, at):
            return at
        edges = [route.hours.begin] if route.hours else []
        edges += [recipient.quiet.end] if recipient.quiet else []
        for moment in self._times(edges, at):
            if moment > at and self.permits(route, recipient.name, severity, moment):
                return moment
        return at  # its hours lie wholly in the quiet ones: told late is better than never

    def _times(self, times_of_day: list[time] | tuple[time, ...], at: int) -> Iterator[int]:
        """These times on the days from yesterday on, in order."""
        today = self.local(at).date()
        for days in range(-1, _DAYS_AHEAD):
            day = today + timedelta(days=days)
            moments = [datetime.combine(day, clock, tzinfo=self.zone) for clock in times_of_day]
            yield from sorted(from_datetime(moment.astimezone(UTC)) for moment in moments)


NO_PLAN = Plan()
"""Nobody is told of anything."""

RETRY_SECONDS = (10.0, 30.0, 120.0, 600.0, 1800.0, 3600.0)
"""Pauses between attempts to deliver. The attempt after the last pause is the last one: some two hours in all."""


def retry_at(attempts: int, now: int) -> int | None:
    """When to try again after so many attempts in vain; None for never."""
    return None if attempts > len(RETRY_SECONDS) else now + round(RETRY_SECONDS[attempts - 1] * SECOND)
