"""The pages: each is a shell that the server writes, filled by its script."""

from pathlib import Path

from fastapi import APIRouter, Depends
from fastapi.requests import Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates

from monitor.web.access import Role, require

router = APIRouter(include_in_schema=False, dependencies=[Depends(require(Role.VIEWER))])
_templates = Jinja2Templates(directory=Path(__file__).parent / "templates")


@router.get("/")
async def farm_page(request: Request) -> HTMLResponse:
    """The farm at a glance."""
    return _templates.TemplateResponse(request, "farm.html", {})
