"""The pages: each is a shell that the server writes, filled by its script."""

import re
from pathlib import Path
from typing import Annotated, Any

import jinja2
from fastapi import APIRouter, Depends, Query
from fastapi import Path as PathParameter
from fastapi.requests import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.templating import Jinja2Templates

from monitor.access.roles import Role, Scope
from monitor.store.errors import StoreError
from monitor.web.about import about
from monitor.web.access import TheIdentity, require_anyone, require_on_page
from monitor.web.site import Site, TheSite

FARM = "/"
_LOCAL_PATH = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*")
"""Printable ASCII without a backslash, which browsers read as a slash: `//elsewhere` and `/\\elsewhere` lead away."""

router = APIRouter(include_in_schema=False, dependencies=[Depends(require_on_page(Scope.READ))])
for_anyone = APIRouter(include_in_schema=False, dependencies=[Depends(require_anyone())])
_environment = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates = Jinja2Templates(env=_environment)


class Shell:
    """Writes a page for who asks: their name, and what they may do, are on it before any script runs."""

    def __init__(self, request: Request, who: TheIdentity, site: TheSite) -> None:
        self.request = request
        self.who = who
        self.site = site

    def page(self, template: str, shown: dict[str, Any] | None = None, *, status_code: int = 200) -> HTMLResponse:
        """Fill a template. One with a name on it is kept by no browser, so that going back after signing out asks."""
        asks = not self.site.door.is_open
        context = {"asks": asks, "who": self.who, "may": sorted(self.who.scopes), **(shown or {})}
        answer = _templates.TemplateResponse(self.request, template, context, status_code=status_code)
        if asks:
            answer.headers["cache-control"] = "no-store"
        return answer


TheShell = Annotated[Shell, Depends()]
Next = Annotated[str, Query(alias="next", max_length=2000)]


@router.get(FARM)
async def farm_page(shell: TheShell) -> HTMLResponse:
    """The farm at a glance."""
    return shell.page("farm.html")


@router.get("/turbines/{turbine_number}")
async def turbine_page(
    shell: TheShell, site: TheSite, turbine_number: Annotated[int, PathParameter(ge=0, le=2**63 - 1)]
) -> HTMLResponse:
    """One turbine: its trends, incidents and visits, and orders for it. 404 for one that was never heard of."""
    shown = {"turbine_number": turbine_number}
    if await _is_known(site, turbine_number):
        return shell.page("turbine.html", shown)
    return shell.page("turbine_unknown.html", shown, status_code=404)


async def _is_known(site: Site, turbine_number: int) -> bool:
    """Whether it was ever heard of; also true where nobody can tell, since the page's script says that better."""
    if turbine_number in site.monitor.mirror.turbines:
        return True
    try:
        return await site.readers.ask(lambda reader: reader.turbine(turbine_number)) is not None
    except StoreError:
        return True


@router.get("/alarms")
async def alarms_page(shell: TheShell) -> HTMLResponse:
    """What asks a person to act, and what was done about it."""
    return shell.page("alarms.html")


@router.get("/outages")
async def outages_page(shell: TheShell) -> HTMLResponse:
    """What was out, for how long, and what it cost."""
    return shell.page("outages.html")


@router.get("/repairs")
async def repairs_page(shell: TheShell) -> HTMLResponse:
    """Visits, engineers, and how long repairs take."""
    return shell.page("repairs.html")


@router.get("/journal")
async def journal_page(shell: TheShell) -> HTMLResponse:
    """What the monitor decided, newest first."""
    return shell.page("journal.html")


@router.get("/dead-letters")
async def dead_letters_page(shell: TheShell) -> HTMLResponse:
    """What was refused, and why."""
    return shell.page("dead_letters.html")


@router.get("/audit")
async def audit_page(shell: TheShell) -> HTMLResponse:
    """Who ordered what, and who came in. Who may not read that is told so on a page: it is a person that asks."""
    if shell.who.may(Scope.AUDIT):
        return shell.page("audit.html")
    return shell.page("not_for_you.html", {"role": Scope.AUDIT.role.word}, status_code=403)


@router.get("/about")
async def about_page(shell: TheShell, site: TheSite) -> HTMLResponse:
    """Versions, health in sentences, and the books."""
    return shell.page("about.html", await about(site))


@for_anyone.get("/sign-in")
async def sign_in_page(request: Request, who: TheIdentity, site: TheSite, next_page: Next = FARM) -> Response:
    """Where one signs in, and goes on from; who is signed in, or need not, goes on at once."""
    wanted = local_path(next_page)
    if who.role > Role.ANYONE:
        return RedirectResponse(wanted, status_code=303)
    shown = {
        "next": wanted,
        "is_nobody_known": await _is_nobody_known(site),
        "came_from_elsewhere": request.headers.get("sec-fetch-site") == "cross-site",
    }
    return _templates.TemplateResponse(request, "sign_in.html", shown, headers={"cache-control": "no-store"})


def local_path(text: str) -> str:
    """The page of this site that an address names as the next one; the farm for whatever could lead elsewhere."""
    return text if _LOCAL_PATH.fullmatch(text) and not text.startswith("/sign-in") else FARM


async def _is_nobody_known(site: Site) -> bool:
    """Whether no user was made yet; false where that can't be told."""
    try:
        return not await site.door.anyone_can_sign_in()
    except StoreError:
        return False


@for_anyone.get("/favicon.ico")
async def icon() -> RedirectResponse:
    """The sign of a tab, where browsers ask for it when what they show names none: a JSON document, or a file."""
    return RedirectResponse("/static/favicon.svg", status_code=301)
