"""How available turbines were, by time and by energy."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.requests import Request
from fastapi.responses import Response
from pydantic import Field

from monitor.access.roles import Scope
from monitor.availability.figures import Availability, By
from monitor.availability.periods import Per
from monitor.availability.sheet import in_csv
from monitor.clock import utc_now
from monitor.store.queries.availability import TooManyLinesError, Wanted, availability
from monitor.store.reader import LedgerReader
from monitor.web.access import require
from monitor.web.api.documents import Document, Time
from monitor.web.api.parameters import TimesQuery, TurbineFilter
from monitor.web.problems import Problem
from monitor.web.site import TheSite

CSV = "text/csv"
USUAL_SECONDS = 30 * 86_400

router = APIRouter(prefix="/api/v1/availability", tags=["availability"], dependencies=[Depends(require(Scope.READ))])


class AvailabilityQuery(TimesQuery, TurbineFilter):
    """For whom, over which time, and in which form."""

    by: By = By.TURBINE
    """A line for each turbine, for each region, or for the farm."""
    per: Per = Per.PERIOD
    """For the whole time, or for each of its days or months, in UTC."""
    region: str | None = Field(None, max_length=200)
    """Only turbines of this region."""
    format: Literal["json", "csv"] | None = None
    """`csv` for a spreadsheet, as the header `Accept: text/csv` asks for it too."""


class AvailabilityLine(Document):
    """What a period was for a turbine, a region or the farm: each second is in one of five sorts of time."""

    turbine_number: int | None
    """null for a region or the farm."""
    region: str | None
    """The turbine's, or the region itself; null for the farm, and for turbines that told none."""
    turbines: int
    """How many were known by the end of the period."""
    since: Time
    """The period's beginning."""
    until: Time
    """The period's end."""
    period_seconds: float
    """From `since`, or from when a turbine was first heard of if that was later, to `until`; of all turbines."""
    available_seconds: float
    """Readings came, and nothing said that the turbine could not work."""
    forced_outage_seconds: float
    """It failed."""
    maintenance_seconds: float
    """It stood because a person wanted it."""
    out_of_scope_seconds: float
    """It stood for reasons that are not its own."""
    unknown_seconds: float
    """Information unavailable: neither readings nor outages tell of it."""
    energy_in_kwh: float
    """What readings tell, consumption subtracted."""
    lost_energy_in_kwh: float
    """Of forced outages and partial performance, as far as it is known."""
    losses_unknown: int
    """How many of these outages have a loss that nothing tells."""
    forced_outages: int
    """How many began in the period; those that overlap or touch are one."""
    restored: int
    """How many ended in it."""
    restoration_seconds: float
    """From the beginnings of these to their ends."""
    time_availability: float | None
    """0 to 1: available / (available + forced outage), after IEC 61400-26-1; null where neither is known."""
    time_availability_at_least: float | None
    """The same if all that is unknown were forced outage."""
    energy_availability: float | None
    """0 to 1: energy / (energy + lost energy), after IEC 61400-26-2; null without any, and where a loss is unknown."""
    energy_availability_at_most: float | None
    """The same by the losses that are known."""
    mtbf_hours: float | None
    """Available hours per forced outage; null without one."""
    mttr_hours: float | None
    """Mean hours from beginning to end, of the forced outages that ended; null without one."""


class AvailabilityLines(Document):
    """The account of the time that was asked for."""

    items: list[AvailabilityLine]
    """By turbine's number or region's name, then by time; nothing for what was not heard of yet."""


_RESPONSES: dict[int | str, dict[str, object]] = {
    200: {
        "model": AvailabilityLines,
        "description": "The account, as JSON or as CSV with the same columns.",
        "content": {CSV: {"schema": {"type": "string"}}},
    }
}


@router.get(
    "",
    operation_id="get_availability",
    summary="Availability, MTBF and MTTR",
    response_model=AvailabilityLines,
    responses=_RESPONSES,
)
async def get_availability(
    site: TheSite, request: Request, response: Response, query: Annotated[AvailabilityQuery, Query()]
) -> AvailabilityLines | Response:
    """By time and by energy, of the last 30 days by default, 400 days at most and 20,000 lines at most.

    `since` and `until` are widened to whole quarter hours; the one that goes on counts up to its last minute that is
    figured. Time without information is left out of `time_availability`; `time_availability_at_least` counts it as
    outage. A turbine counts from when it was first heard of.
    """
    now = utc_now()
    since, until = query.span(now, usual_seconds=USUAL_SECONDS)
    wanted = Wanted(since, until, query.by, query.per, query.turbine, query.region)

    def ask(reader: LedgerReader) -> list[Availability]:
        return availability(reader, wanted, now=now)

    try:
        lines = await site.readers.ask(ask)
    except TooManyLinesError as error:
        raise Problem(422, "Not valid", str(error)) from None
    if query.format == "csv" or (query.format is None and prefers_csv(request.headers.get("accept", ""))):
        headers = {"content-disposition": 'attachment; filename="availability.csv"', "vary": "accept"}
        return Response(in_csv(lines), media_type=f"{CSV}; charset=utf-8", headers=headers)
    response.headers["vary"] = "accept"
    return AvailabilityLines.model_validate({"items": lines})


def prefers_csv(accept: str) -> bool:
    """Whether an Accept header names CSV, and before JSON if it names both."""
    named = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    return next((name for name in named if name in (CSV, "application/json")), "") == CSV
