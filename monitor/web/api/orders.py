"""What a person wants of a turbine's repairs."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header
from pydantic import BaseModel, ConfigDict, StringConstraints

from grid.metrics import NO_CONTROL_CHARACTERS
from monitor.access.roles import Scope
from monitor.control import LONGEST_IDEMPOTENCY_KEY, LONGEST_WORDS, order_request
from monitor.facts import Order, OrderKind, OrderRefusal
from monitor.web.access import require
from monitor.web.actor import TheCaller
from monitor.web.api.documents import Document
from monitor.web.api.parameters import TurbineNumber
from monitor.web.problems import RESPONSES, TRY_AGAIN_SECONDS, Problem
from monitor.web.site import TheSite

router = APIRouter(prefix="/api/v1", tags=["orders"], dependencies=[Depends(require(Scope.ORDERS))])

_REFUSALS = {
    OrderRefusal.UNKNOWN_TURBINE: (404, "Unknown turbine"),
    OrderRefusal.NOT_POSSIBLE: (409, "Not possible now"),
    OrderRefusal.IN_PROGRESS: (409, "Under way"),
    OrderRefusal.KEY_OF_ANOTHER_ORDER: (422, "Key of another order"),
    OrderRefusal.UNAVAILABLE: (503, "Not done"),
}

Words = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=LONGEST_WORDS, pattern=NO_CONTROL_CHARACTERS + "|^$")
]


class OrderBody(BaseModel):
    """Who wants what, and why."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    kind: OrderKind
    """Send an engineer, forbid visits, or allow them again."""
    by: Words = ""
    """Who wants it: kept with the decision. To be left out by who has signed in, whose own name is kept; a program
    with a token may say for whom it acts; needed where nobody is asked who they are."""
    why: Words = ""
    """The reason: kept with the decision."""


class AcceptedOrder(Document):
    """An order that is obeyed."""

    accepted: Literal[True] = True
    """A refused order is a problem instead."""
    sentence: str
    """What follows from it."""


IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=LONGEST_IDEMPOTENCY_KEY,
        pattern=r"^[\x20-\x7e]+$",
        description="Names this order among all, such as a UUID. One that comes again with its key is answered as the "
        "first time, and obeyed once, also after a crash.",
    ),
]
"""IETF draft idempotency-key-header. It asks for a string in quotes; one without them is taken, too."""


@router.post(
    "/turbines/{turbine_number}/orders",
    operation_id="give_order",
    summary="Order an engineer, hold, or release",
    responses={
        409: {**RESPONSES["default"], "description": "It can't be done now, or the same order is under way."},
        503: {**RESPONSES["default"], "description": "No monitor runs, or it can't do it now: try again."},
    },
)
async def give_order(
    site: TheSite,
    caller: TheCaller,
    turbine_number: TurbineNumber,
    body: OrderBody,
    idempotency_key: IdempotencyKey = None,
) -> AcceptedOrder:
    """Have the monitor send an engineer, or keep them away; answered after the decision is on the disk."""
    actor = caller.actor(body.by)
    order = Order(body.kind, turbine_number, actor.who, body.why, idempotency_key, actor)
    answer = await site.inquire(order_request(order))
    if answer["accepted"]:
        return AcceptedOrder(sentence=answer["sentence"])
    status, title = _REFUSALS[OrderRefusal(answer.get("refusal", OrderRefusal.NOT_POSSIBLE))]
    headers = {"retry-after": str(TRY_AGAIN_SECONDS)} if status == 503 else None
    raise Problem(status, title, answer["sentence"], headers=headers)
