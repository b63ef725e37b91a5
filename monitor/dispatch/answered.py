"""Orders that were answered, by their idempotency key: one that comes again is answered, and not obeyed again."""

from collections.abc import Iterable
from itertools import islice

from monitor.facts import MOST_ANSWERED_ORDERS, AnsweredOrder, Order, OrderAnswer, OrderKind, OrderOutcome, OrderRefusal


def answered_orders(answers: Iterable[OrderAnswer], at: int) -> list[AnsweredOrder]:
    """What is to be remembered of answers that were given at this time: those to orders with a key."""
    return [
        AnsweredOrder(
            answer.order.idempotency_key,
            answer.order.kind,
            answer.order.turbine_number,
            answer.order.by,
            answer.order.why,
            at,
            OrderOutcome.ACCEPTED if answer.accepted else OrderOutcome.REFUSED,
            answer.sentence,
        )
        for answer in answers
        if answer.order.idempotency_key is not None and answer.refusal is not OrderRefusal.UNKNOWN_TURBINE
    ]


class AnsweredOrders:
    """The answers that were given, as the ledger has them. IETF draft idempotency-key-header, section 2."""

    def __init__(self, remembered: Iterable[AnsweredOrder] = ()) -> None:
        self._by_key: dict[str, AnsweredOrder] = {}
        self.add(remembered)

    def add(self, answered: Iterable[AnsweredOrder]) -> None:
        """Remember these, now that they are committed."""
        self._by_key |= {order.idempotency_key: order for order in answered}
        for key in list(islice(self._by_key, max(0, len(self._by_key) - MOST_ANSWERED_ORDERS))):
            del self._by_key[key]

    def answer(self, order: Order) -> OrderAnswer | None:
        """The first answer again, or a refusal if the key came with another order; None for what is to be obeyed."""
        known = self._by_key.get(order.idempotency_key or "")
        if known is None:
            return None
        if (known.kind, known.turbine_number, known.by, known.why) != _words(order):
            before = f"{known.kind} of turbine {known.turbine_number}"
            sentence = f"the idempotency key came with another order before: {before}, by {known.by}"
            return OrderAnswer(order, False, sentence, OrderRefusal.KEY_OF_ANOTHER_ORDER)
        if known.outcome is OrderOutcome.REFUSED:
            return OrderAnswer(order, False, known.sentence, OrderRefusal.NOT_POSSIBLE)
        return OrderAnswer(order, True, known.sentence)


def _words(order: Order) -> tuple[OrderKind, int, str, str]:
    """What makes an order the same one."""
    return order.kind, order.turbine_number, order.by, order.why
