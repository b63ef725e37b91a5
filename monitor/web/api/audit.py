"""Who ordered what, and who came in: for whoever has to answer for it."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import StringConstraints

from grid.metrics import NO_CONTROL_CHARACTERS
from monitor.access.records import AccessAction
from monitor.access.roles import Scope
from monitor.facts import AuditAction, Door
from monitor.store.accounts import Accounts
from monitor.store.queries import pages
from monitor.store.reader import LedgerReader
from monitor.web.access import require
from monitor.web.api.cursors import from_cursor, to_cursor
from monitor.web.api.documents import Document, Listed, Time
from monitor.web.api.parameters import ListQuery, TimesQuery
from monitor.web.site import TheSite

LONGEST_FILTER = 160

router = APIRouter(prefix="/api/v1/audit", tags=["audit"], dependencies=[Depends(require(Scope.AUDIT))])

Words = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_FILTER, pattern=NO_CONTROL_CHARACTERS)]


class AuditEntry(Document):
    """An order of a person or a program, and what became of it."""

    audit_id: int
    """The entry's number: they follow each other without a gap."""
    at: Time
    """When it was decided."""
    who: str
    """Who signed in; for a token its name, and whom it acts for; where nobody signs in, what was said."""
    door: Door
    """Through what it came in."""
    rights: str | None
    """A person's role or a token's scopes; null where nobody was asked."""
    token_id: str | None
    """Which token it was."""
    address: str | None
    """From where, over HTTP."""
    action: AuditAction
    """What was ordered."""
    subject: str
    """What it was about: `turbine-7`, `alarm-3`, the name of a receiver."""
    why: str
    """The reason, or the comment."""
    accepted: bool
    """Whether it was obeyed."""
    sentence: str
    """What was answered."""


class Audit(Listed[AuditEntry]):
    """A page of the audit."""


class AuditQuery(ListQuery, TimesQuery):
    """Which orders."""

    who: Words | None = None
    """Only those of this name: of a person, of a token, or as it is written in the audit."""
    action: AuditAction | None = None
    """Only these."""
    subject: Words | None = None
    """Only those about it."""
    accepted: bool | None = None
    """true: only those that were obeyed; false: only those that were refused."""


class AccessQuery(ListQuery, TimesQuery):
    """Which of what happened."""

    who: Words | None = None
    """Only what this name did, or what was done to it."""
    action: AccessAction | None = None
    """Only these."""


class AccessEvent(Document):
    """Something that happened where people sign in, or to what lets them in."""

    event_id: int
    """Its number."""
    at: Time
    """When."""
    action: AccessAction
    """What."""
    name: str
    """Of the user or token; empty for a name that nobody has."""
    by: str
    """Who changed something; empty for sign-ins."""
    address: str
    """From where; empty on the command line."""
    what: str
    """More, such as the role or the scopes."""


class AccessEvents(Listed[AccessEvent]):
    """A page of what happened."""


@router.get("", operation_id="list_audit", summary="Who ordered what")
async def list_audit(site: TheSite, query: Annotated[AuditQuery, Query()]) -> Audit:
    """Every order, and what became of it, the refused ones too; the newest first."""

    def ask(reader: LedgerReader) -> Audit:
        page = pages.audit_page(
            reader,
            query.turn(),
            who=query.who,
            action=query.action,
            subject=query.subject,
            accepted=query.accepted,
            since=query.since,
            until=query.until,
        )
        return Audit.of(page, key="audit_id")

    return await site.readers.ask(ask)


@router.get("/access", operation_id="list_access_events", summary="Who came in")
async def list_access_events(site: TheSite, query: Annotated[AccessQuery, Query()]) -> AccessEvents:
    """Sign-ins, refused ones too, and what was done to users and tokens; the newest first."""
    accounts = Accounts.of(site.settings.data_dir)
    before = None if query.cursor is None else from_cursor(query.cursor)
    found = await asyncio.to_thread(
        accounts.events,
        query.limit + 1,
        before=before,
        who=query.who,
        action=query.action,
        since=query.since,
        until=query.until,
    )
    shown = found[: query.limit]
    next_key = shown[-1].event_id if len(found) > query.limit else None
    return AccessEvents.model_validate({"items": shown, "next_cursor": to_cursor(next_key)})
