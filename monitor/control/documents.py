"""What is asked of the running monitor, and what it answers, as JSON documents and back."""

from collections.abc import Sequence
from typing import Any

from grid.times import format_time
from grid.topics import MAX_TURBINE_NUMBER
from monitor.facts import Order, OrderAnswer, OrderKind, PostAnswer

LONGEST_IDEMPOTENCY_KEY = 255
LONGEST_WORDS = 64
"""Of who gives an order, and of the reason."""

Answer = dict[str, Any]


def order_request(order: Order) -> Answer:
    """Write a person's order as a request."""
    return {
        "order": order.kind.value,
        "turbine_number": order.turbine_number,
        "by": order.by,
        "why": order.why,
        "idempotency_key": order.idempotency_key,
    }


def order_answer(answer: OrderAnswer) -> Answer:
    """Write what became of an order."""
    return {"accepted": answer.accepted, "sentence": answer.sentence, "refusal": answer.refusal}


def posts_request(bodies: Sequence[bytes]) -> Answer:
    """Write readings that came over HTTP as a request. A letter stands for a byte: a body need not be text."""
    return {"posts": [body.decode("latin-1") for body in bodies]}


def read_posts(request: Answer) -> list[bytes] | None:
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


def read_order(request: Answer) -> Order | None:
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
    )


def _turbine_number(number: object) -> int:
    if type(number) is not int or not 1 <= number <= MAX_TURBINE_NUMBER:  # neither 1.9 nor true is a turbine
        raise ValueError(f"turbine_number must be an integer from 1 to {MAX_TURBINE_NUMBER}")
    return number


def _idempotency_key(key: object) -> str | None:
    if key is None or (isinstance(key, str) and 1 <= len(key) <= LONGEST_IDEMPOTENCY_KEY and key.isprintable()):
        return key
    raise ValueError(f"idempotency_key must be 1 to {LONGEST_IDEMPOTENCY_KEY} printable letters")


def _short_text(text: object) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in str(text)).split())[:LONGEST_WORDS]
