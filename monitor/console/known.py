"""Views made from what is known: from the running monitor's memory, or from the ledger."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from monitor.books import Balance
from monitor.console.standing import Case, Standing, standing_of, state_in_words, why
from monitor.console.view import Engineer, FarmTotals, FarmView, MonitorState, Trouble, TurbineRow, place_in_list
from monitor.facts import AlarmCounts, Hold, Incident, IncidentState, Link, TurbineRecord, Visit

SHORTEST_INTERVAL_SECONDS = 0.1
LARGEST_POWER_IN_KW = 100_000.0
"""Some four times the largest turbine that is built."""
_SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True)
class Known:
    """All that a view is made from: every turbine, the open incidents, the open visits and the holds, in any order.

    `at` is the time of the view, UTC in microseconds; `engineers` is the size of the pool; `missing` says how many
    readings lack of which turbine.
    """

    at: int
    turbines: Iterable[TurbineRecord]
    incidents: Iterable[Incident]
    visits: Iterable[Visit]
    holds: Iterable[Hold]
    engineers: int
    readings_per_second: float | None = None
    troubles: Iterable[Trouble] = ()
    books: Mapping[str, int] = field(default_factory=dict)
    balance: Balance | None = None
    missing: Mapping[int, int] = field(default_factory=dict)
    monitor: MonitorState | None = None
    alarms: AlarmCounts | None = None
    """None where nobody counts them."""

    @cached_property
    def incident_of(self) -> dict[int, Incident]:
        """The open incident of a turbine."""
        return {incident.turbine_number: incident for incident in self.incidents}

    @cached_property
    def visit_of(self) -> dict[int, Visit]:
        """The open visit to a turbine."""
        return {visit.turbine_number: visit for visit in self.visits}

    @cached_property
    def hold_of(self) -> dict[int, Hold]:
        """The hold of a turbine."""
        return {hold.turbine_number: hold for hold in self.holds}

    @cached_property
    def line(self) -> list[Incident]:
        """The incidents that wait for an engineer, first come first served."""
        waiting = [incident for incident in self.incident_of.values() if incident.state is IncidentState.WAITING]
        return sorted(waiting, key=lambda incident: (incident.opened_at, incident.incident_id))

    @cached_property
    def places(self) -> dict[int, int]:
        """The place of a turbine in the waiting line, from 1."""
        return {incident.turbine_number: place for place, incident in enumerate(self.line, start=1)}

    def row(self, turbine: TurbineRecord) -> TurbineRow:
        """Make the row of a turbine."""
        number = turbine.turbine_number
        case = Case(
            turbine,
            self.incident_of.get(number),
            self.visit_of.get(number),
            self.hold_of.get(number),
            self.places.get(number),
        )
        return _row(case, self.missing.get(number, 0))

    def engineers_and_places(self) -> tuple[Engineer, ...]:
        """Everybody of the pool, and who is out beyond it."""
        out = {visit.engineer: visit for visit in self.visit_of.values()}
        return tuple(_engineer(number, out.get(number)) for number in sorted({*range(1, self.engineers + 1), *out}))

    def totals(self, by_standing: Counter[Standing], reporting: "Reporting") -> FarmTotals:
        """The farm in numbers, from what was counted turbine by turbine."""
        return FarmTotals(
            turbines=by_standing.total(),
            by_standing=tuple((standing, by_standing[standing]) for standing in Standing if by_standing[standing]),
            engineers=self.engineers,
            engineers_out=len(self.visit_of),
            waiting=len(self.line),
            longest_wait_since=self.line[0].opened_at if self.line else None,
            readings_per_second=self.readings_per_second,
            missing=sum(self.missing.values()),
            mean_power_in_kw=round(reporting.power, 3) if reporting.powers else None,
            wind_speed=round(reporting.wind / reporting.winds, 3) if reporting.winds else None,
            reporting=reporting.turbines,
        )


@dataclass(slots=True)
class Reporting:
    """Sums over the turbines whose newest reading is fresh."""

    turbines: int = 0
    powers: int = 0
    """How many of them have a known mean power."""
    power: float = 0.0
    """Its sum, in kW."""
    winds: int = 0
    wind: float = 0.0

    def add(self, wind_speed: float | None, mean_power_in_kw: float | None) -> None:
        """Count a turbine."""
        self.turbines += 1
        if mean_power_in_kw is not None:
            self.powers += 1
            self.power += mean_power_in_kw
        if wind_speed is not None:
            self.winds += 1
            self.wind += wind_speed


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
    missing: Mapping[int, int] | None = None,
    alarms: AlarmCounts | None = None,
) -> FarmView:
    """Make the view from all turbines, the open incidents, the open visits and the holds: see `Known`."""
    return view_of(
        Known(
            at,
            turbines,
            incidents,
            visits,
            holds,
            engineers=engineers,
            readings_per_second=readings_per_second,
            troubles=troubles,
            missing=missing or {},
            alarms=alarms,
        )
    )


def view_of(known: Known) -> FarmView:
    """Make the view from what is known."""
    places = known.places
    rows = [known.row(turbine) for turbine in known.turbines]
    rows.sort(key=lambda row: place_in_list(row.standing, row.turbine_number, places))
    reporting = Reporting()
    for row in rows:
        if row.link is Link.ONLINE and row.received_at is not None:
            reporting.add(row.wind_speed, row.mean_power_in_kw)
    return FarmView(
        at=known.at,
        rows=tuple(rows),
        totals=known.totals(Counter(row.standing for row in rows), reporting),
        troubles=tuple(known.troubles),
        books=dict(known.books),
        balance=known.balance,
        engineers=known.engineers_and_places(),
        waiting=tuple(places),
        alarms=known.alarms,
    )


def _engineer(number: int, visit: Visit | None) -> Engineer:
    if visit is None:
        return Engineer(number)
    return Engineer(number, visit.turbine_number, visit.visit_id, visit.incident_id, visit.state, visit.sent_at)


def _row(case: Case, missing: int) -> TurbineRow:
    turbine, standing = case.turbine, standing_of(case)
    return TurbineRow(
        turbine_number=turbine.turbine_number,
        standing=standing,
        state=state_in_words(case, standing),
        why=why(case, standing),
        link=turbine.link,
        health=turbine.health,
        region=turbine.region,
        model=turbine.model,
        serial=turbine.serial,
        rated_power_in_kw=turbine.rated_power_in_kw,
        wind_speed=turbine.wind_speed,
        power_output_in_kwh=turbine.power_output_in_kwh,
        mean_power_in_kw=mean_power_in_kw(turbine),
        emitted_at=turbine.emitted_at,
        received_at=turbine.received_at,
        online_since=turbine.link_since if turbine.link is Link.ONLINE else None,
        incident_id=case.incident.incident_id if case.incident else None,
        engineer=case.visit.engineer if case.visit else None,
        missing=missing,
    )


def mean_power_in_kw(turbine: TurbineRecord) -> float | None:
    """Mean power over the last interval, in kW to the watt: its energy over its length; None where it makes no sense.

    That is where either is unknown, where the interval is too short to divide by (readings sent together), and where
    the result is beyond any turbine.
    """
    energy, interval = turbine.power_output_in_kwh, turbine.interval_seconds
    if energy is None or interval is None or interval < SHORTEST_INTERVAL_SECONDS:
        return None
    power = energy * _SECONDS_PER_HOUR / interval
    return round(power, 3) if -LARGEST_POWER_IN_KW <= power <= LARGEST_POWER_IN_KW else None
