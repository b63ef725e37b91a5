"""Incidents, the visits to them, and why the monitor did what it did."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from grid.times import SECOND
from monitor.access.roles import Scope
from monitor.clock import utc_now
from monitor.console import story
from monitor.facts import Action
from monitor.store.queries.pages import events_page, incidents_page, visits_page
from monitor.store.queries.repair_times import repair_times
from monitor.store.reader import LedgerReader
from monitor.web.access import require
from monitor.web.api.documents import Document, Time
from monitor.web.api.facts import Hold, Incident, Incidents, Journal, Story, Visits
from monitor.web.api.known import known_incident
from monitor.web.api.parameters import (
    IncidentFilter,
    IncidentNumber,
    ListQuery,
    Moment,
    NoQuery,
    OpenFilter,
    StrictQuery,
    TimesQuery,
    TurbineFilter,
)
from monitor.web.site import TheSite

USUAL_DAYS = 30

router = APIRouter(prefix="/api/v1", tags=["repairs"], dependencies=[Depends(require(Scope.READ))])


class IncidentsQuery(ListQuery, TimesQuery, TurbineFilter, OpenFilter):
    """Which incidents; `since` and `until` bound when they were opened."""


class VisitsQuery(ListQuery, IncidentFilter, TurbineFilter, OpenFilter):
    """Which visits."""


class JournalQuery(ListQuery, IncidentFilter, TurbineFilter):
    """Which decisions."""

    action: Action | None = None
    """Only those of this kind."""


class Holds(Document):
    """Turbines that a person holds."""

    items: list[Hold]
    """The oldest hold first."""


class RepairTimesQuery(StrictQuery):
    """Of which incidents."""

    since: Moment | None = None
    """Those opened from this time on; without, in the last 30 days."""


class Durations(Document):
    """How long something took, in seconds; null where it never happened."""

    count: int
    """How often it happened."""
    median: float | None
    """Half took no longer."""
    p90: float | None
    """Nine of ten took no longer."""
    max: float | None
    """The longest."""


class RepairTimes(Document):
    """How long turbines waited."""

    since: Time
    """Incidents that were opened from this time on."""
    to_dispatch: Durations
    """From the opening of an incident until the first engineer was sent; those that still wait are not in it."""
    to_repair: Durations
    """From the opening until the repair was proved; those that recovered by themselves are not in it."""


@router.get("/incidents", operation_id="list_incidents", summary="Incidents")
async def list_incidents(site: TheSite, query: Annotated[IncidentsQuery, Query()]) -> Incidents:
    """Turbines that need an engineer, and those that needed one; the newest first."""

    def ask(reader: LedgerReader) -> Incidents:
        return Incidents.of(
            incidents_page(
                reader,
                query.turn(),
                is_open=query.open,
                turbine_number=query.turbine,
                since=query.since,
                until=query.until,
            )
        )

    return await site.readers.ask(ask)


@router.get("/incidents/{incident_id}", operation_id="get_incident", summary="One incident")
async def get_incident(site: TheSite, incident_id: IncidentNumber, query: Annotated[NoQuery, Query()]) -> Incident:
    """One incident by its number."""
    del query
    return Incident.model_validate(await site.readers.ask(lambda reader: known_incident(reader, incident_id)))


@router.get("/incidents/{incident_id}/explain", operation_id="explain_incident", summary="Why, for one incident")
async def explain_incident(site: TheSite, incident_id: IncidentNumber, query: Annotated[NoQuery, Query()]) -> Story:
    """The story of an incident: the turbine then, who went, and each decision with its cause."""
    del query

    def ask(reader: LedgerReader) -> Story:
        return Story.model_validate(story.story_of(reader, known_incident(reader, incident_id)))

    return await site.readers.ask(ask)


@router.get("/holds", operation_id="list_holds", summary="Turbines that a person holds")
async def list_holds(site: TheSite, query: Annotated[NoQuery, Query()]) -> Holds:
    """All of them, the oldest hold first: no engineer is sent there until somebody releases the turbine."""
    del query
    holds = sorted(await site.readers.ask(LedgerReader.holds), key=lambda hold: (hold.held_at, hold.turbine_number))
    return Holds.model_validate({"items": holds})


@router.get("/visits", operation_id="list_visits", summary="Visits")
async def list_visits(site: TheSite, query: Annotated[VisitsQuery, Query()]) -> Visits:
    """Which engineer was sent where, and how it ended; the newest first."""

    def ask(reader: LedgerReader) -> Visits:
        return Visits.of(
            visits_page(
                reader, query.turn(), is_open=query.open, turbine_number=query.turbine, incident_id=query.incident
            )
        )

    return await site.readers.ask(ask)


@router.get("/visits/times", operation_id="measure_repairs", summary="Times to dispatch and to repair")
async def measure_repairs(site: TheSite, query: Annotated[RepairTimesQuery, Query()]) -> RepairTimes:
    """How long turbines waited for an engineer, and for the end of their trouble."""
    since = utc_now() - USUAL_DAYS * 86_400 * SECOND if query.since is None else query.since
    times = await site.readers.ask(lambda reader: repair_times(reader, since))
    return RepairTimes.model_validate({"since": since, "to_dispatch": times.to_dispatch, "to_repair": times.to_repair})


@router.get("/journal", operation_id="list_journal", summary="The journal: decisions of the monitor")
async def list_journal(site: TheSite, query: Annotated[JournalQuery, Query()]) -> Journal:
    """What the monitor decided, and why, in words; the newest first."""

    def ask(reader: LedgerReader) -> Journal:
        return Journal.of(
            events_page(
                reader,
                query.turn(),
                turbine_number=query.turbine,
                incident_id=query.incident,
                action=query.action,
            ),
            key="entry_id",
        )

    return await site.readers.ask(ask)
