"""The farm at a glance, as every screen shows it: pure values.

Views hold moments, not ages: a row changes only when something happened, and whoever shows it works out the ages.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from monitor.books import Balance
from monitor.console.standing import Standing, Words
from monitor.console.words import age, since
from monitor.facts import AlarmCounts, Health, Link, VisitState

RANK: Mapping[str, int] = {standing: rank for rank, standing in enumerate(Standing)}
"""Where a standing comes in the order of every list of turbines: the worst is 0."""


def place_in_list(standing: str, turbine_number: int, places: Mapping[int, int]) -> tuple[int, int, int]:
    """The key that puts turbines in order: the worst first, who waits in turn (`places`), else by number.

    A standing that only a later version knows comes last.
    """
    return RANK.get(standing, len(RANK)), places.get(turbine_number, 0), turbine_number


@dataclass(frozen=True, slots=True)
class TurbineRow:
    """One turbine: the state in words and the newest reading. What is not known is None, never zero.

    Times are UTC in microseconds.
    """

    turbine_number: int
    standing: Standing
    state: str
    why: Words = ()
    """In a few words; empty where there is nothing to say. May hold text from outside."""
    link: Link = Link.UNKNOWN
    health: Health = Health.UNKNOWN
    region: str | None = None
    model: str | None = None
    serial: str | None = None
    rated_power_in_kw: float | None = None
    wind_speed: float | None = None
    """In m/s."""
    power_output_in_kwh: float | None = None
    """Energy of the last interval."""
    mean_power_in_kw: float | None = None
    """That energy over the interval, where the interval is known."""
    emitted_at: int | None = None
    """When the newest reading was emitted, by the turbine's clock."""
    received_at: int | None = None
    """When it arrived."""
    online_since: int | None = None
    """Since when it is connected without a break; None while it is not."""
    incident_id: int | None = None
    """The open incident."""
    engineer: int | None = None
    """Who is there."""
    missing: int = 0
    """Readings that the turbine counted, and that have not come."""


class TroubleKind(StrEnum):
    """What keeps the monitor itself from its work."""

    BROKER_AWAY = "broker_away"
    DATABASE_REFUSES = "database_refuses"
    BOOKS_UNBALANCED = "books_unbalanced"
    MONITOR_AWAY = "monitor_away"
    """For those who follow it: it does not run."""
    STREAM_DOWN = "stream_down"
    """For those who follow it over a network: nothing comes."""


_TROUBLES = {
    TroubleKind.BROKER_AWAY: "the broker is away",
    TroubleKind.DATABASE_REFUSES: "the database refuses writes",
    TroubleKind.BOOKS_UNBALANCED: "the books do not balance",
    TroubleKind.MONITOR_AWAY: "the monitor does not run",
    TroubleKind.STREAM_DOWN: "no news from the monitor",
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """The monitor's own trouble, for the banner: since when (UTC, microseconds), and why in words."""

    kind: TroubleKind
    since: int
    detail: str = ""

    @property
    def sentence(self) -> str:
        """What it is, in words that do not grow old."""
        return f"{_TROUBLES[self.kind]}: {self.detail}" if self.detail else _TROUBLES[self.kind]


@dataclass(frozen=True, slots=True)
class Engineer:
    """Where an engineer is: at a turbine on a visit, or free."""

    engineer: int
    turbine_number: int | None = None
    visit_id: int | None = None
    incident_id: int | None = None
    state: VisitState | None = None
    sent_at: int | None = None


@dataclass(frozen=True, slots=True)
class MonitorState:
    """The running monitor itself."""

    version: str
    session: str
    """One run of the monitor."""
    started_at: int
    connected: bool
    """To the broker."""
    since: int | None
    """Since when it is connected, or is not."""


@dataclass(frozen=True, slots=True)
class FarmTotals:
    """The farm in numbers."""

    turbines: int
    by_standing: tuple[tuple[Standing, int], ...]
    """Worst first, without those that nobody is in."""
    engineers: int
    """Size of the pool."""
    engineers_out: int
    waiting: int
    """Incidents in the waiting line."""
    longest_wait_since: int | None
    """UTC, microseconds."""
    readings_per_second: float | None
    missing: int = 0
    """Readings that turbines counted, and that have not come."""
    mean_power_in_kw: float | None = None
    """The sum over the turbines that report; None where none has a known power."""
    wind_speed: float | None = None
    """The mean over the turbines that report, in m/s."""
    reporting: int = 0
    """Turbines whose newest reading is fresh: connected, and not silent for too long."""

    @property
    def engineers_free(self) -> int:
        """Engineers who could go at once: never below zero, also when the pool was made smaller than those out."""
        return max(0, self.engineers - self.engineers_out)


@dataclass(frozen=True, slots=True)
class FarmView:
    """The farm at one moment: turbines worst first, totals, who is where, and the monitor's own troubles."""

    at: int
    rows: tuple[TurbineRow, ...]
    totals: FarmTotals
    troubles: tuple[Trouble, ...] = ()
    books: Mapping[str, int] = field(default_factory=dict)
    balance: Balance | None = None
    """What became of all that arrived; None where nobody counts."""
    engineers: tuple[Engineer, ...] = ()
    """Those of the pool, and who is out beyond it."""
    waiting: tuple[int, ...] = ()
    """The turbines of the waiting line, the first in line first."""
    alarms: AlarmCounts | None = None
    """None where nobody counts them."""

    @property
    def missing(self) -> dict[int, int]:
        """How many readings are missing of which turbine, most first."""
        lacking = sorted((row for row in self.rows if row.missing), key=lambda row: (-row.missing, row.turbine_number))
        return {row.turbine_number: row.missing for row in lacking}


def age_of(moment: int | None, now: int) -> str:
    """How long ago a moment was, in words; `-` where it is not known."""
    return "-" if moment is None else age(since(moment, now))
