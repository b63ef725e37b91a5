"""The turbines: all of them, the worst first, and each with all that is known of it."""

from typing import Annotated, Any, Self

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from monitor.access.roles import Scope
from monitor.console.standing import Standing
from monitor.console.view import RANK
from monitor.facts import Hold, LinkReason, Reading, TurbineRecord
from monitor.live.documents import Document as Row
from monitor.store.reader import LedgerReader
from monitor.store.rows import columns
from monitor.web.access import require
from monitor.web.api import facts
from monitor.web.api.cursors import from_cursor, to_cursor
from monitor.web.api.documents import Document, Time
from monitor.web.api.known import known_turbine
from monitor.web.api.parameters import ListQuery, NoQuery, TurbineNumber
from monitor.web.api.picture import TurbineRow
from monitor.web.api.present import present_farm, stored_farm
from monitor.web.site import TheSite

router = APIRouter(prefix="/api/v1/turbines", tags=["turbines"], dependencies=[Depends(require(Scope.READ))])

_NUMBER_BITS = 32


class TurbinesQuery(ListQuery):
    """Which turbines."""

    standing: Standing | None = None
    """Only those that stand so."""
    region: str | None = Field(None, max_length=200)
    """Only those of this region."""


class Turbines(Document):
    """A page of the list of turbines."""

    items: list[TurbineRow]
    """As many as were asked for, or what is left."""
    next_cursor: str | None
    """Ask again with `cursor` set to it for what follows; null on the last page."""


class Birth(Document):
    """What a turbine says of itself when it comes online."""

    model: str | None
    """What it is."""
    rated_power_in_kw: float | None
    """In kW."""
    region: str | None
    """Where it stands."""
    latitude: float | None
    """In degrees."""
    longitude: float | None
    """In degrees."""
    serial: str | None
    """The number that its maker gave it."""


class Turbine(TurbineRow):
    """All that is known of one turbine."""

    emitted_at: Time | None
    """Of the newest reading, by the turbine's clock."""
    first_seen_at: Time
    """When the monitor heard of it for the first time."""
    link_reason: LinkReason | None
    """Why it is offline."""
    link_since: Time | None
    """When the link became what it is."""
    health_since: Time | None
    """When the reading was emitted that first said so."""
    session: str | None
    """Names one life of the turbine's program."""
    connection: int | None
    """Counts the connections of the session."""
    interval_seconds: float | None
    """Measured between the turbine's newest readings, by its own clock."""
    clock_skew_seconds: float | None
    """How far its clock is ahead of ours; negative: behind, or its readings came late."""
    birth: Birth
    """What it said of itself when it came online."""
    hold: facts.Hold | None
    """Who forbids visits, if anybody does."""
    reading: facts.Reading | None
    """The newest one."""

    @classmethod
    def of(cls, row: Row, record: TurbineRecord, hold: Hold | None, newest: Reading | None) -> Self:
        """Put together what the monitor tells and what the ledger holds."""
        known = {name: getattr(record, name) for name in columns(TurbineRecord) if name not in TurbineRow.model_fields}
        return cls.model_validate({**row, **known, "birth": record, "hold": hold, "reading": newest})


@router.get("", operation_id="list_turbines", summary="All turbines, the worst first")
async def list_turbines(site: TheSite, query: Annotated[TurbinesQuery, Query()]) -> Turbines:
    """By standing, and by number where they stand alike.

    A turbine whose standing changes between two pages may be in both, or in none.
    """
    after = -1 if query.cursor is None else from_cursor(query.cursor)
    rows = [
        row
        for row in sorted((await present_farm(site))["turbines"], key=_place)
        if _place(row) > after
        and query.standing in (None, row["standing"])
        and query.region in (None, row.get("region"))
    ]
    page = rows[: query.limit]
    following = to_cursor(_place(page[-1])) if len(rows) > query.limit else None
    return Turbines.model_validate({"items": page, "next_cursor": following})


def _place(row: Row) -> int:
    """Where a row stands in the list, as one number: the key of cursors."""
    return RANK[Standing(row["standing"])] << _NUMBER_BITS | int(row["turbine_number"])


@router.get("/{turbine_number}", operation_id="get_turbine", summary="One turbine")
async def get_turbine(site: TheSite, turbine_number: TurbineNumber, query: Annotated[NoQuery, Query()]) -> Turbine:
    """One turbine, with what it said of itself, its session, and its newest reading in full."""
    del query

    def ask(reader: LedgerReader) -> tuple[Any, ...]:
        record = known_turbine(reader, turbine_number)
        holds = {hold.turbine_number: hold for hold in reader.holds()}
        newest = reader.readings(turbine_number, newest=1)
        return record, holds.get(turbine_number), newest[0] if newest else None

    found = await site.readers.ask(ask)
    row = _row(await present_farm(site), turbine_number)
    if row is None:  # heard of for the first time less than a second ago: stored, and not yet told live
        row = _row(await site.readers.ask(stored_farm), turbine_number)
    return Turbine.of(row or {}, *found)


def _row(farm: Row, turbine_number: int) -> Row | None:
    return next((row for row in farm["turbines"] if row["turbine_number"] == turbine_number), None)
