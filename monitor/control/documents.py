"""What is asked of the running monitor, and what it answers, as JSON documents and back."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from grid.times import format_time
from grid.topics import MAX_TURBINE_NUMBER
from monitor.facts import (
    Actor,
    AlarmOrder,
    AlarmOrderKind,
    Door,
    NotificationTest,
    Order,
    OrderAnswer,
    OrderKind,
    OutageReport,
    PostAnswer,
)

LONGEST_IDEMPOTENCY_KEY = 255
LONGEST_WORDS = 64
"""Of who gives an order, and of the reason."""
LONGEST_ACTOR = 160
"""Of each word about an actor: a token's name and whom it acts for, and all the scopes that there are."""
LONGEST_COMMENT = 500
"""Of what a person notes at an alarm."""

Request = dict[str, Any]
Answer = dict[str, Any]


def order_request(order: Order) -> Request:
    """Write a person's order as a request."""
    return {
        "order": order.kind.value,
        "turbine_number": order.turbine_number,
        "by": order.by,
        "why": order.why,
        "idempotency_key": order.idempotency_key,
        **_actor_request(order.actor),
    }


def read_order(request: Request) -> Order | None:
    """Read a request as a person's order; None if it is something else. Raises ValueError, KeyError, TypeError.

    Names and reasons are made printable, and cut to what an event has room for.
    """
    if "order" not in request:
        return None
    return Order(
        OrderKind(request["order"]),
        _turbine_number(request.get("turbine_number")),
        _short_text(request["by"]) or "somebody",
        _short_text(request.get("why", "")),
        _idempotency_key(request.get("idempotency_key")),
        _read_actor(request),
    )


def order_answer(answer: OrderAnswer) -> Answer:
    """Write what became of an order."""
    return {"accepted": answer.accepted, "sentence": answer.sentence, "refusal": answer.refusal}


def posts_request(bodies: Sequence[bytes]) -> Request:
    """Write readings that came over HTTP as a request. A letter stands for a byte: a body need not be text."""
    return {"posts": [body.decode("latin-1") for body in bodies]}


def read_posts(request: Request) -> list[bytes] | None:
    """Read a request as posted readings; None if it is something else. Raises ValueError, TypeError."""
    if "posts" not in request:
        return None
    if not isinstance(request["posts"], list) or not all(isinstance(body, str) for body in request["posts"]):
        raise TypeError("posts must be texts")
    return [body.encode("latin-1") for body in request["posts"]]


def post_answer(answer: PostAnswer) -> Answer:
    """Write what became of a posted reading."""
    return {
        "outcome": answer.outcome,
        "turbine_number": answer.turbine_number,
        "emitted_at": None if answer.emitted_at is None else format_time(answer.emitted_at),
        "reason": answer.reason,
        "detail": answer.detail,
    }


def reports_request(reports: Sequence[OutageReport]) -> Request:
    """Write outage reports as a request."""
    return {"outage_reports": [asdict(report) for report in reports]}


def read_reports(request: Request) -> list[OutageReport] | None:
    """Read a request as outage reports; None if it is something else. Raises ValueError, TypeError, KeyError."""
    if "outage_reports" not in request:
        return None
    return [_report(report) for report in request["outage_reports"]]


def _report(report: Request) -> OutageReport:
    until, ongoing = report.get("until"), report.get("ongoing")
    if ongoing not in (None, True, False):
        raise TypeError("ongoing must be true, false or null")
    return OutageReport(
        _text(report["controller_id"]),
        _text(report["outage_type"]),
        _whole_number(report["at"]),
        _whole_number(report["received_at"]),
        until=None if until is None else _whole_number(until),
        ongoing=ongoing,
    )


def alarm_order_request(order: AlarmOrder) -> Request:
    """Write what a person does about alarms as a request."""
    return {
        "alarm_order": order.kind.value,
        "alarm_ids": list(order.alarm_ids),
        "by": order.by,
        "comment": order.comment,
        "until": order.until,
        **_actor_request(order.actor),
    }


def read_alarm_order(request: Request) -> AlarmOrder | None:
    """Read a request as an order about alarms; None if it is something else. Raises as `read_order` does."""
    if "alarm_order" not in request:
        return None
    until = request.get("until")
    return AlarmOrder(
        AlarmOrderKind(request["alarm_order"]),
        tuple(_whole_number(alarm_id) for alarm_id in request["alarm_ids"]),
        _short_text(request["by"]) or "somebody",
        _short_text(request.get("comment", ""), LONGEST_COMMENT),
        None if until is None else _whole_number(until),
        _read_actor(request),
    )


def notification_test_request(test: NotificationTest) -> Request:
    """Write the test of a receiver as a request."""
    return {"test_receiver": test.receiver, "by": test.by, **_actor_request(test.actor)}


def read_test(request: Request) -> NotificationTest | None:
    """Read a request as the test of a receiver; None if it is something else. Raises TypeError, KeyError."""
    if "test_receiver" not in request:
        return None
    by = _short_text(request["by"]) or "somebody"
    return NotificationTest(_short_text(_text(request["test_receiver"])), by, _read_actor(request))


def _actor_request(actor: Actor | None) -> Request:
    return {} if actor is None else {"actor": asdict(actor)}


def _read_actor(request: Request) -> Actor | None:
    """Who gives an order. The socket's own user may say what it likes here: it could write the ledger as well."""
    actor = request.get("actor")
    if actor is None:
        return None
    return Actor(
        _short_text(_text(actor["who"]), LONGEST_ACTOR) or "somebody",
        Door(actor["door"]),
        *(_maybe_text(actor.get(name)) for name in ("rights", "token_id", "address")),
    )


def _maybe_text(text: object) -> str | None:
    return None if text is None else _short_text(_text(text), LONGEST_ACTOR)


def _text(text: object) -> str:
    if not isinstance(text, str) or not text:
        raise TypeError("a name must be a text")
    return text


def _whole_number(number: object) -> int:
    if type(number) is not int or number < 0:
        raise TypeError("a time or a number must be an integer from 0 on")
    return number


def _turbine_number(number: object) -> int:
    if type(number) is not int or not 1 <= number <= MAX_TURBINE_NUMBER:  # neither 1.9 nor true is a turbine
        raise ValueError(f"turbine_number must be an integer from 1 to {MAX_TURBINE_NUMBER}")
    return number


def _idempotency_key(key: object) -> str | None:
    if key is None or (isinstance(key, str) and 1 <= len(key) <= LONGEST_IDEMPOTENCY_KEY and key.isprintable()):
        return key
    raise ValueError(f"idempotency_key must be 1 to {LONGEST_IDEMPOTENCY_KEY} printable letters")


def _short_text(text: object, longest: int = LONGEST_WORDS) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in str(text)).split())[:longest]
