"""The farm at a glance."""

from fastapi import APIRouter, Depends

from monitor.live.mirror import Document
from monitor.web.access import Role, require
from monitor.web.site import TheSite

router = APIRouter(prefix="/api/v1", tags=["farm"], dependencies=[Depends(require(Role.VIEWER))])


@router.get("/farm")
async def farm(site: TheSite) -> Document:
    """The farm at this moment: every turbine, worst first, and the totals."""
    return site.monitor.mirror.snapshot()
