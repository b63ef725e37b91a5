"""The outages of turbines and controllers."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import Field

from grid.times import SECOND
from grid.topics import CONTROLLER_ID_PATTERN, MAX_TURBINE_NUMBER
from monitor.access.roles import Scope
from monitor.clock import utc_now
from monitor.facts import Category, LostEnergyBy, LostEnergyUnknown
from monitor.facts import Outage as OutageFact
from monitor.outages.sentences import subject_of
from monitor.store.queries.outages import OutageFilter, outage, outages_page, spans_of
from monitor.store.reader import LedgerReader
from monitor.store.rows import columns
from monitor.web.access import require
from monitor.web.api.cursors import PAIR_PATTERN, from_pair, to_pair
from monitor.web.api.documents import Document, Time
from monitor.web.api.parameters import LARGEST_NUMBER, NoQuery, TimesQuery
from monitor.web.problems import Problem
from monitor.web.site import TheSite

router = APIRouter(prefix="/api/v1", tags=["outages"], dependencies=[Depends(require(Scope.READ))])

OutageNumber = Annotated[int, Path(ge=1, le=LARGEST_NUMBER, description="The outage's number.", examples=[3])]


class Outage(Document):
    """Reports of one kind that lie within the tolerance of each other."""

    outage_id: int
    """The outage's number; where it joins an older one, that one's number stays."""
    controller_id: str
    """Who or what was out; `turbine-7` is turbine 7."""
    turbine_number: int | None
    """Which turbine, if it is about one."""
    subject: str
    """Who or what was out, for people."""
    outage_type: str
    """What kind: broken, offline and deviating come from the monitor itself, others from controllers."""
    started_at: Time
    """The first that was reported."""
    ended_at: Time
    """The last that was reported."""
    ongoing: bool
    """Whether it goes on: then it has no end yet, whatever was reported last."""
    ongoing_since: Time | None
    """From when on it goes on; earlier reports may belong to it."""
    lasted_seconds: float
    """From the first to the last, or until now where it goes on."""
    down_seconds: float
    """Of that, how long something was out: without the pauses between reported spans."""
    category: Category | None
    """What a turbine's time counts as, after IEC 61400-26-1."""
    lost_energy_in_kwh: float | None
    """What the turbine would have made, less what it made, in kWh."""
    lost_energy_by: LostEnergyBy | None
    """From what that is known."""
    lost_energy_unknown: LostEnergyUnknown | None
    """Why it is not known."""
    changed_at: Time
    """When it was changed last, by the monitor's clock."""


class Span(Document):
    """What was reported: from a time until another, or a moment."""

    from_at: Time
    """From when."""
    until_at: Time
    """Until when; the same for a moment."""


class OutageWithSpans(Outage):
    """An outage, and what it was reported with."""

    spans: list[Span]
    """In order, joined where they touch or overlap; the latest thousand."""


class Outages(Document):
    """A page of the list."""

    items: list[Outage]
    """As many as were asked for, or what is left."""
    next_cursor: str | None
    """Ask again with `cursor` set to it for what follows; null on the last page."""


class OutagesQuery(TimesQuery):
    """Which outages: those of which any part lies between `since` and `until`."""

    limit: int = Field(100, ge=1, le=1000)
    """How many items at most."""
    cursor: str | None = Field(None, pattern=PAIR_PATTERN)
    """`next_cursor` of the page before; the filters must be the same."""
    controller_id: str | None = Field(None, pattern=CONTROLLER_ID_PATTERN)
    """Only of this controller."""
    turbine: int | None = Field(None, ge=1, le=MAX_TURBINE_NUMBER)
    """Only of this turbine, by number."""
    outage_type: str | None = Field(None, min_length=1, max_length=64)
    """Only of this type."""
    ongoing: bool | None = None
    """true: only what goes on; false: only what has ended."""

    def filter(self) -> OutageFilter:
        """The same for the ledger."""
        return OutageFilter(
            self.controller_id, self.turbine, self.outage_type, self.since, self.until, ongoing=self.ongoing
        )


@router.get("/events", operation_id="list_outages", summary="Outages")
async def list_outages(site: TheSite, query: Annotated[OutagesQuery, Query()]) -> Outages:
    """Outage events of turbines and controllers; the latest beginning first."""
    after = None if query.cursor is None else from_pair(query.cursor)
    page = await site.readers.ask(lambda reader: outages_page(reader, query.filter(), limit=query.limit, after=after))
    items = [Outage.model_validate(_fields(found)) for found in page.outages]
    return Outages(items=items, next_cursor=to_pair(page.next_key))


@router.get("/events/{outage_id}", operation_id="get_outage", summary="One outage")
async def get_outage(site: TheSite, outage_id: OutageNumber, query: Annotated[NoQuery, Query()]) -> OutageWithSpans:
    """One outage by its number, with what was reported of it."""
    del query

    def ask(reader: LedgerReader) -> OutageWithSpans:
        found = outage(reader, outage_id)
        if found is None:
            detail = f"there is no outage {outage_id}; an older one may have taken it in"
            raise Problem(404, "Unknown outage", detail)
        spans = [Span(from_at=span.from_at, until_at=span.until_at) for span in spans_of(reader, found)]
        return OutageWithSpans.model_validate(_fields(found) | {"spans": spans})

    return await site.readers.ask(ask)


def _fields(found: OutageFact) -> dict[str, object]:
    until = max(found.ended_at, utc_now()) if found.ongoing else found.ended_at
    known = {name: getattr(found, name) for name in columns(OutageFact)}
    return known | {
        "subject": subject_of(found.controller_id),
        "lasted_seconds": (until - found.started_at) / SECOND,
    }
