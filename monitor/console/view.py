"""The farm at a glance, as every screen shows it: pure values, made from what the monitor knows or the ledger holds."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from monitor.books import Balance
from monitor.console.standing import Case, Standing, standing_of, state_in_words, why
from monitor.console.words import since
from monitor.facts import Hold, Incident, IncidentState, Link, TurbineRecord, Visit

SHORTEST_INTERVAL_SECONDS = 0.1
LARGEST_POWER_IN_KW = 100_000.0
"""Some four times the largest turbine that is built."""
_SECONDS_PER_HOUR = 3600.0
_RANK = {standing: rank for rank, standing in enumerate(Standing)}


@dataclass(frozen=True, slots=True)
class TurbineRow:
    """One turbine: the state in words and the newest reading. What is not known is None, never zero."""

    turbine_number: int
    standing: Standing
    state: str
    why: str
    """In a few words; empty where there is nothing to say. May hold text from outside."""
    wind_speed: float | None
    """In m/s."""
    power_output_in_kwh: float | None
    """Energy of the last interval."""
    mean_power_in_kw: float | None
    """That energy over the interval, where the interval is known."""
    reading_age_seconds: float | None
    """Since the newest reading arrived."""
    online_seconds: float | None
    """How long it is connected without a break; None while it is not."""
    incident_id: int | None
    """The open incident."""
    engineer: int | None
    """Who is there."""
    missing: int = 0
    """Readings that the turbine counted, and that have not come."""


class TroubleKind(StrEnum):
    """What keeps the monitor itself from its work."""

    BROKER_AWAY = "broker_away"
    DATABASE_REFUSES = "database_refuses"
    BOOKS_UNBALANCED = "books_unbalanced"


@dataclass(frozen=True, slots=True)
class Trouble:
    """The monitor's own trouble, for the banner: since when (UTC, microseconds), and why in words."""

    kind: TroubleKind
    since: int
    detail: str = ""


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
    longest_wait_seconds: float | None
    readings_per_second: float | None
    missing: int = 0
    """Readings that turbines counted, and that have not come."""

    @property
    def engineers_free(self) -> int:
        """Engineers who could go at once: never below zero, also when the pool was made smaller than those out."""
        return max(0, self.engineers - self.engineers_out)


@dataclass(frozen=True, slots=True)
class FarmView:
    """The farm at one moment: turbines worst first, totals, and the monitor's own troubles."""

    at: int
    rows: tuple[TurbineRow, ...]
    totals: FarmTotals
    troubles: tuple[Trouble, ...] = ()
    books: Mapping[str, int] = field(default_factory=dict)
    balance: Balance | None = None
    """What became of all that arrived; None where nobody counts."""

    @property
    def missing(self) -> dict[int, int]:
        """How many readings are missing of which turbine, most first."""
        lacking = sorted((row for row in self.rows if row.missing), key=lambda row: (-row.missing, row.turbine_number))
        return {row.turbine_number: row.missing for row in lacking}


def farm_view(
    at: int,
    turbines: Iterable[TurbineRecord],
    incidents: Iterable[Incident],
    visits: Iterable[Visit],
    holds: Iterable[Hold],
    *,
    engineers: int,
    readings_per_second: float | None = None,
    troubles: Iterable[Trouble] = (),
    books: Mapping[str, int] | None = None,
    balance: Balance | None = None,
    missing: Mapping[int, int] | None = None,
) -> FarmView:
    """Make the view from all turbines, the open incidents, the open visits and the holds, in any order.

    `at` is the time of the view, UTC in microseconds; `engineers` is the size of the pool; `missing` says how many
    readings lack of which turbine.
    """
    known = _Known(
        incidents={incident.turbine_number: incident for incident in incidents},
        visits={visit.turbine_number: visit for visit in visits},
        holds={hold.turbine_number: hold for hold in holds},
    )
    places = {incident.turbine_number: place for place, incident in enumerate(known.line, start=1)}
    lacks = missing or {}
    rows = [
        _row(known.case(at, turbine, places.get(turbine.turbine_number)), lacks.get(turbine.turbine_number, 0))
        for turbine in turbines
    ]
    rows.sort(key=lambda row: (_RANK[row.standing], places.get(row.turbine_number, 0), row.turbine_number))
    totals = _totals(at, rows, known, engineers, readings_per_second)
    return FarmView(at, tuple(rows), totals, tuple(troubles), dict(books or {}), balance)


@dataclass(slots=True)
class _Known:
    """What is open, by turbine."""

    incidents: dict[int, Incident]
    visits: dict[int, Visit]
    holds: dict[int, Hold]
    line: list[Incident] = field(init=False)

    def __post_init__(self) -> None:
        self.line = waiting_line(self.incidents.values())

    def case(self, at: int, turbine: TurbineRecord, place: int | None) -> Case:
        number = turbine.turbine_number
        return Case(at, turbine, self.incidents.get(number), self.visits.get(number), self.holds.get(number), place)


def _totals(at: int, rows: list[TurbineRow], known: _Known, engineers: int, rate: float | None) -> FarmTotals:
    counts = Counter(row.standing for row in rows)
    return FarmTotals(
        turbines=len(rows),
        by_standing=tuple((standing, counts[standing]) for standing in Standing if counts[standing]),
        engineers=engineers,
        engineers_out=len(known.visits),
        waiting=len(known.line),
        longest_wait_seconds=since(known.line[0].opened_at, at) if known.line else None,
        readings_per_second=rate,
        missing=sum(row.missing for row in rows),
    )


def waiting_line(incidents: Iterable[Incident]) -> list[Incident]:
    """The incidents that wait for an engineer, first come first served."""
    waiting = [incident for incident in incidents if incident.state is IncidentState.WAITING]
    return sorted(waiting, key=lambda incident: (incident.opened_at, incident.incident_id))


def _row(case: Case, missing: int) -> TurbineRow:
    turbine, standing = case.turbine, standing_of(case)
    online = turbine.link is Link.ONLINE and turbine.link_since is not None
    return TurbineRow(
        turbine_number=turbine.turbine_number,
        standing=standing,
        state=state_in_words(case, standing),
        why=why(case, standing),
        wind_speed=turbine.wind_speed,
        power_output_in_kwh=turbine.power_output_in_kwh,
        mean_power_in_kw=mean_power_in_kw(turbine),
        reading_age_seconds=None if turbine.received_at is None else since(turbine.received_at, case.now),
        online_seconds=since(turbine.link_since or 0, case.now) if online else None,
        incident_id=case.incident.incident_id if case.incident else None,
        engineer=case.visit.engineer if case.visit else None,
        missing=missing,
    )


def mean_power_in_kw(turbine: TurbineRecord) -> float | None:
    """Mean power over the last interval, in kW: its energy over its length; None where that would make no sense.

    That is where either is unknown, where the interval is too short to divide by (readings sent together), and where
    the result is beyond any turbine.
    """
    interval = turbine.interval_seconds
    if turbine.power_output_in_kwh is None or interval is None or interval < SHORTEST_INTERVAL_SECONDS:
        return None
    power = turbine.power_output_in_kwh * _SECONDS_PER_HOUR / interval
    return power if abs(power) <= LARGEST_POWER_IN_KW else None
