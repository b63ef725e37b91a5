"""The farm at a glance."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from monitor.access.roles import Scope
from monitor.web.access import require
from monitor.web.api.documents import Document
from monitor.web.api.parameters import NoQuery
from monitor.web.api.picture import Engineer, FarmSnapshot, TurbineRow
from monitor.web.api.present import present_farm
from monitor.web.site import TheSite

router = APIRouter(prefix="/api/v1", tags=["farm"], dependencies=[Depends(require(Scope.READ))])


class Engineers(Document):
    """Everyone of the pool, and who is out."""

    items: list[Engineer]
    """By number."""


class WaitingLine(Document):
    """Turbines that wait for an engineer, the first in line first."""

    items: list[TurbineRow]
    """First in line first."""


@router.get("/farm", operation_id="get_farm", summary="The farm at this moment")
async def get_farm(site: TheSite, query: Annotated[NoQuery, Query()]) -> FarmSnapshot:
    """Every turbine, worst first, the totals, the engineers, and the monitor's own troubles."""
    del query
    return FarmSnapshot.model_validate(await present_farm(site))


@router.get("/engineers", operation_id="list_engineers", summary="The engineers, and where they are")
async def list_engineers(site: TheSite, query: Annotated[NoQuery, Query()]) -> Engineers:
    """By number. While no monitor runs the size of the pool is not known: then only those who are out."""
    del query
    farm = await present_farm(site)
    return Engineers.model_validate({"items": farm["farm"]["engineers"]})


@router.get("/waiting-line", operation_id="get_waiting_line", summary="Who waits for an engineer")
async def get_waiting_line(site: TheSite, query: Annotated[NoQuery, Query()]) -> WaitingLine:
    """Turbines in the order in which engineers will go to them."""
    del query
    farm = await present_farm(site)
    rows = {row["turbine_number"]: row for row in farm["turbines"]}
    return WaitingLine.model_validate({"items": [rows[number] for number in farm["farm"]["waiting"] if number in rows]})
