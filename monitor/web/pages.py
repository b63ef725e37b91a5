"""The pages: each is a shell that the server writes, filled by its script."""

from pathlib import Path
from typing import Annotated

import jinja2
from fastapi import APIRouter, Depends
from fastapi import Path as PathParameter
from fastapi.requests import Request
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.templating import Jinja2Templates

from monitor.access.roles import Scope
from monitor.store.errors import StoreError
from monitor.web.about import about
from monitor.web.access import require_on_page
from monitor.web.site import Site, TheSite

router = APIRouter(include_in_schema=False, dependencies=[Depends(require_on_page(Scope.READ))])
_environment = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates = Jinja2Templates(env=_environment)


@router.get("/")
async def farm_page(request: Request) -> HTMLResponse:
    """The farm at a glance."""
    return _templates.TemplateResponse(request, "farm.html")


@router.get("/turbines/{turbine_number}")
async def turbine_page(
    request: Request, site: TheSite, turbine_number: Annotated[int, PathParameter(ge=0, le=2**63 - 1)]
) -> HTMLResponse:
    """One turbine: its trends, incidents and visits, and orders for it. 404 for one that was never heard of."""
    shown = {"turbine_number": turbine_number}
    if await _is_known(site, turbine_number):
        return _templates.TemplateResponse(request, "turbine.html", shown)
    return _templates.TemplateResponse(request, "turbine_unknown.html", shown, status_code=404)


async def _is_known(site: Site, turbine_number: int) -> bool:
    """Whether it was ever heard of; also true where nobody can tell, since the page's script says that better."""
    if turbine_number in site.monitor.mirror.turbines:
        return True
    try:
        return await site.readers.ask(lambda reader: reader.turbine(turbine_number)) is not None
    except StoreError:
        return True


@router.get("/alarms")
async def alarms_page(request: Request) -> HTMLResponse:
    """What asks a person to act, and what was done about it."""
    return _templates.TemplateResponse(request, "alarms.html")


@router.get("/outages")
async def outages_page(request: Request) -> HTMLResponse:
    """What was out, for how long, and what it cost."""
    return _templates.TemplateResponse(request, "outages.html")


@router.get("/repairs")
async def repairs_page(request: Request) -> HTMLResponse:
    """Visits, engineers, and how long repairs take."""
    return _templates.TemplateResponse(request, "repairs.html")


@router.get("/journal")
async def journal_page(request: Request) -> HTMLResponse:
    """What the monitor decided, newest first."""
    return _templates.TemplateResponse(request, "journal.html")


@router.get("/dead-letters")
async def dead_letters_page(request: Request) -> HTMLResponse:
    """What was refused, and why."""
    return _templates.TemplateResponse(request, "dead_letters.html")


@router.get("/about")
async def about_page(request: Request, site: TheSite) -> HTMLResponse:
    """Versions, health in sentences, and the books."""
    return _templates.TemplateResponse(request, "about.html", await about(site))


@router.get("/favicon.ico")
async def icon() -> RedirectResponse:
    """The sign of a tab, where browsers ask for it when what they show names none: a JSON document, or a file."""
    return RedirectResponse("/static/favicon.svg", status_code=301)
