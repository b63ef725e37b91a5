"""Tickets: what a page opens the live channel with, which takes no cookie."""

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from monitor.access.refusals import Refusal, TokenRefusedError
from monitor.access.roles import Scope
from monitor.web.access import TheIdentity, require, unauthorized
from monitor.web.api.documents import Document, Time
from monitor.web.problems import RESPONSES, Problem
from monitor.web.site import TheSite

router = APIRouter(prefix="/api/v1/live", tags=["live"], dependencies=[Depends(require(Scope.READ))])


class Ticket(Document):
    """What opens the live channel once."""

    ticket: str
    """For `/api/v1/live?ticket=...`: who asked for it follows the farm with it."""
    expires_at: Time
    """Until when: 30 s."""


@router.post(
    "/tickets",
    operation_id="make_ticket",
    summary="A ticket for the live channel",
    status_code=201,
    responses={409: {**RESPONSES["default"], "description": "This site asks nobody: the channel needs no ticket."}},
)
async def make_ticket(site: TheSite, who: TheIdentity, response: Response) -> Ticket:
    """Make a ticket for who has no other way to say who they are: a WebSocket of a page."""
    if site.door.is_open:
        raise Problem(409, "Open site", "This site asks nobody who it is: the channel needs no ticket.")
    try:
        ticket = await site.door.ticket(who)
    except TokenRefusedError:
        raise unauthorized(Refusal.REVOKED) from None
    response.headers["cache-control"] = "no-store"
    return Ticket(ticket=ticket.text, expires_at=ticket.expires_at)
