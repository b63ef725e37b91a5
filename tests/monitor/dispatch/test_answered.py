from dataclasses import replace
from typing import Any

import pytest

from monitor.dispatch.answered import AnsweredOrders, answered_orders
from monitor.facts import Order, OrderAnswer, OrderKind, OrderRefusal

REPAIR = Order(OrderKind.REPAIR, 7, "Ann", "a noise", idempotency_key="k-1")
SENT = OrderAnswer(REPAIR, True, "an engineer is sent to turbine 7")


def remembering(*answers: OrderAnswer) -> AnsweredOrders:
    return AnsweredOrders(answered_orders(answers, at=5))


def test_an_order_that_comes_again_has_its_first_answer() -> None:
    assert remembering(SENT).answer(REPAIR) == SENT


def test_a_refusal_is_an_answer_too() -> None:
    refused = OrderAnswer(REPAIR, False, "an engineer is there", OrderRefusal.NOT_POSSIBLE)
    assert remembering(refused).answer(REPAIR) == refused


@pytest.mark.parametrize("other", [{"kind": OrderKind.HOLD}, {"turbine_number": 8}, {"by": "Bob"}, {"why": "no noise"}])
def test_a_key_does_not_stand_for_another_order(other: dict[str, Any]) -> None:
    answer = remembering(SENT).answer(replace(REPAIR, **other))
    assert answer is not None
    assert answer.refusal is OrderRefusal.KEY_OF_ANOTHER_ORDER
    assert "repair of turbine 7, by Ann" in answer.sentence


def test_an_order_with_another_key_or_none_is_new() -> None:
    answered = remembering(SENT, OrderAnswer(replace(REPAIR, idempotency_key=None), True, "another engineer is sent"))
    assert answered.answer(replace(REPAIR, idempotency_key="k-2")) is None
    assert answered.answer(replace(REPAIR, idempotency_key=None)) is None


def test_a_turbine_that_was_unknown_may_be_known_later() -> None:
    unknown = OrderAnswer(REPAIR, False, "turbine 7 was never heard of", OrderRefusal.UNKNOWN_TURBINE)
    assert remembering(unknown).answer(REPAIR) is None


def test_the_oldest_answers_are_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.dispatch.answered.MOST_ANSWERED_ORDERS", 2)
    orders = [replace(REPAIR, idempotency_key=f"k-{number}") for number in range(3)]
    answered = remembering(*(OrderAnswer(order, True, "sent") for order in orders))
    assert [answered.answer(order) is None for order in orders] == [True, False, False]
