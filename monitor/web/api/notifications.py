"""Messages to people about alarms: what was sent, to whom, and a test of each receiver."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, StringConstraints

from grid.metrics import NO_CONTROL_CHARACTERS
from monitor.access.roles import Scope
from monitor.control import LONGEST_WORDS, notification_test_request
from monitor.facts import Delivery, NotificationTest, NotificationTestRefusal, Severity
from monitor.facts import Notification as NotificationFact
from monitor.store.queries import pages
from monitor.store.reader import LedgerReader
from monitor.web.access import require
from monitor.web.actor import TheCaller
from monitor.web.api.documents import Document, Listed, Time
from monitor.web.api.parameters import ListQuery, NoQuery
from monitor.web.problems import RESPONSES, TRY_AGAIN_SECONDS, Problem
from monitor.web.site import Site, TheSite

RESULT_WITHIN_SECONDS = 8.0
"""How long the answer to a test waits for its receiver."""
LOOK_EVERY_SECONDS = 0.1

router = APIRouter(prefix="/api/v1/notifications", tags=["notifications"])
for_viewers = [Depends(require(Scope.READ))]
for_operators = [Depends(require(Scope.SERVICE))]

ReceiverName = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_WORDS, pattern=NO_CONTROL_CHARACTERS)]


class Notification(Document):
    """One message for one receiver."""

    notification_id: int
    """The message's number."""
    receiver: str
    """The receiver's name in the settings file."""
    severity: Severity
    """Of the most urgent alarm in it."""
    title: str
    """Its title, or subject."""
    body: str
    """Its text."""
    created_at: Time
    """When it was decided."""
    due_at: Time
    """When it is tried next, or was tried last."""
    delivery: Delivery
    """Where it stands: waiting, sent, or failed (given up)."""
    attempts: int
    """How often it was tried."""
    ended_at: Time | None
    """When it was sent, or given up."""
    error: str | None
    """Why the last attempt failed."""


class Notifications(Listed[Notification]):
    """Messages to people, the newest first."""


class NotificationsQuery(ListQuery):
    """Which messages."""

    delivery: Delivery | None = None
    """Only those that stand so."""
    receiver: ReceiverName | None = None
    """Only those to this receiver."""


class Receiver(Document):
    """Somebody who is notified."""

    receiver: str
    """The name in the settings file."""
    routes: list[str]
    """The routes that lead there, by name."""
    waiting: int
    """How many messages wait."""
    failing: str | None
    """Why messages have not arrived there for long; null while all is well."""


class Receivers(Document):
    """All who are notified."""

    items: list[Receiver]
    """By name; empty where the monitor has no settings file of notifications."""


class TestBody(BaseModel):
    """Which receiver is to be tested."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    receiver: ReceiverName
    """Its name in the settings file."""
    by: Annotated[str, StringConstraints(max_length=LONGEST_WORDS, pattern=NO_CONTROL_CHARACTERS + "|^$")] = ""
    """Who asks: stands in the message. Of who has signed in, the own name stands there."""


class TestResult(Document):
    """What became of a test."""

    notification_id: int
    """The test is a message like others, under this number."""
    delivered: bool | None
    """Whether the receiver has it; null if that is not known yet."""
    sentence: str
    """The same in words."""


@router.get("", operation_id="list_notifications", summary="Messages to people", dependencies=for_viewers)
async def list_notifications(site: TheSite, query: Annotated[NotificationsQuery, Query()]) -> Notifications:
    """What was sent about alarms, what waits, and what was given up; the newest first."""

    def ask(reader: LedgerReader) -> Notifications:
        page = pages.notifications_page(reader, query.turn(), delivery=query.delivery, receiver=query.receiver)
        return Notifications.of(page)

    return await site.readers.ask(ask)


@router.get("/receivers", operation_id="list_receivers", summary="Who is notified", dependencies=for_viewers)
async def list_receivers(site: TheSite, query: Annotated[NoQuery, Query()]) -> Receivers:
    """The receivers that the running monitor knows, without their addresses."""
    del query
    answer = await site.inquire({"ask": "receivers"})
    return Receivers.model_validate({"items": answer.get("receivers", [])})


@router.post(
    "/test",
    operation_id="test_receiver",
    summary="Test a receiver",
    dependencies=for_operators,
    responses={
        404: {**RESPONSES["default"], "description": "There is no such receiver."},
        503: {**RESPONSES["default"], "description": "No monitor runs, or it can't do it now: try again."},
    },
)
async def test_receiver(site: TheSite, caller: TheCaller, body: TestBody) -> TestResult:
    """Send a message that says that it is a test; answered when the receiver has it or not, or after some seconds."""
    actor = caller.actor(body.by or ("somebody" if site.door.is_open else ""))
    answer = await site.inquire(notification_test_request(NotificationTest(body.receiver, actor.who, actor)))
    if answer.get("refusal") == NotificationTestRefusal.UNKNOWN_RECEIVER:
        raise Problem(404, "Unknown receiver", answer["sentence"])
    if not answer["accepted"]:
        raise Problem(503, "Not done", answer["sentence"], headers={"retry-after": str(TRY_AGAIN_SECONDS)})
    return _result(body.receiver, answer["notification_id"], await _outcome(site, answer["notification_id"]))


async def _outcome(site: Site, notification_id: int) -> NotificationFact | None:
    """What the first attempt came to; None if it takes longer than a person waits."""
    deadline = asyncio.get_running_loop().time() + RESULT_WITHIN_SECONDS
    while asyncio.get_running_loop().time() < deadline:
        found = await site.readers.ask(lambda reader: pages.notification(reader, notification_id))
        if found is not None and found.attempts > 0:
            return found
        await asyncio.sleep(LOOK_EVERY_SECONDS)
    return None


def _result(receiver: str, notification_id: int, outcome: NotificationFact | None) -> TestResult:
    if outcome is None:
        sentence = f"{receiver} has not answered yet: see the message {notification_id}"
        return TestResult(notification_id=notification_id, delivered=None, sentence=sentence)
    if outcome.delivery is Delivery.SENT:
        return TestResult(notification_id=notification_id, delivered=True, sentence=f"{receiver} has the test")
    sentence = f"the test did not reach {receiver}: {outcome.error}"
    return TestResult(notification_id=notification_id, delivered=False, sentence=sentence)
