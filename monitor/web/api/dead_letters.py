"""What was refused, and why."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from monitor.access.roles import Scope
from monitor.facts import DeadLetterReason
from monitor.store.queries.pages import dead_letters_page
from monitor.store.reader import LedgerReader
from monitor.web.access import require
from monitor.web.api.documents import Document
from monitor.web.api.facts import DeadLetters
from monitor.web.api.parameters import ListQuery, NoQuery
from monitor.web.site import TheSite

router = APIRouter(prefix="/api/v1/dead-letters", tags=["dead letters"], dependencies=[Depends(require(Scope.READ))])


class DeadLettersQuery(ListQuery):
    """Which dead letters."""

    reason: DeadLetterReason | None = None
    """Only those refused for it."""


class Refusals(Document):
    """How many messages were refused for a reason."""

    reason: str
    """The word for it, such as `not_json`."""
    messages: int
    """How many."""


class RefusalsByReason(Document):
    """How many messages were refused for which reason, the most frequent first."""

    items: list[Refusals]
    """One for each reason."""


@router.get("", operation_id="list_dead_letters", summary="Refused messages")
async def list_dead_letters(site: TheSite, query: Annotated[DeadLettersQuery, Query()]) -> DeadLetters:
    """Messages that were no readings, status or answers of a turbine; the newest first."""

    def ask(reader: LedgerReader) -> Any:
        return dead_letters_page(reader, query.turn(), reason=query.reason)

    return DeadLetters.of(await site.readers.ask(ask), key="dead_letter_id")


@router.get("/reasons", operation_id="count_dead_letters", summary="Refused messages by reason")
async def count_dead_letters(site: TheSite, query: Annotated[NoQuery, Query()]) -> RefusalsByReason:
    """How many of the kept messages were refused for which reason."""
    del query
    counts = await site.readers.ask(LedgerReader.dead_letters_by_reason)
    return RefusalsByReason(items=[Refusals(reason=reason, messages=messages) for reason, messages in counts.items()])
