"""What others ask of the running monitor, from their question to the commit that answers it: bounded, never lost."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from monitor.dispatch.answered import AnsweredOrders
from monitor.facts import (
    Committed,
    DeadLetter,
    Order,
    OrderAnswer,
    OrderRefusal,
    PostAnswer,
    PostOutcome,
    Reading,
)
from monitor.intake.posts import answer_posts

MOST_ORDERS = 100
MOST_POSTS = 500
"""How many may wait for the next batch; as many again may be on their way in the present one."""

_STOPS = "the monitor stops, and nothing was done: ask again when it runs"
_TOO_MANY = "too many wait already, and nothing was done: ask again in a second"


@dataclass(slots=True)
class _PendingOrder:
    order: Order
    answer: asyncio.Future[OrderAnswer]


@dataclass(slots=True)
class _PendingPost:
    body: bytes
    answer: asyncio.Future[PostAnswer]


@dataclass(slots=True)
class Asked:
    """What is asked in one batch."""

    pending_orders: list[_PendingOrder] = field(default_factory=list)
    pending_posts: list[_PendingPost] = field(default_factory=list)
    became: list[Reading | DeadLetter] = field(default_factory=list)
    """What the posts became, in their order; whoever decodes them fills it."""

    @property
    def orders(self) -> list[Order]:
        """The orders, to be obeyed in this order."""
        return [pending.order for pending in self.pending_orders]

    @property
    def posts(self) -> list[bytes]:
        """The bodies of posted readings."""
        return [pending.body for pending in self.pending_posts]

    def answer(self, answers: Sequence[OrderAnswer], committed: Committed) -> None:
        """Answer all, now that the batch is committed; `answers` are those to the orders."""
        for order, answer in zip(self.pending_orders, answers, strict=True):
            order.answer.set_result(answer)
        if self.pending_posts:
            for post, fate in zip(self.pending_posts, answer_posts(self.became, committed), strict=True):
                post.answer.set_result(fate)

    def refuse(self) -> None:
        """Answer all that the monitor stops."""
        for order in self.pending_orders:
            order.answer.set_result(_refusal(order.order, _STOPS))
        for post in self.pending_posts:
            post.answer.set_result(_unavailable(_STOPS))


class Requests:
    """Orders and posted readings that wait for the next batch. `wake` is called when there is something new.

    Who asks may go away: what was asked is done all the same, once.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._next = Asked()
        self._under_way: dict[str, asyncio.Future[OrderAnswer]] = {}
        """By idempotency key."""
        self._stopped = False

    async def order(self, order: Order, *, refusing: str | None = None) -> OrderAnswer:
        """Pass on a person's order; returns after the commit, with what became of it.

        `refusing` says why no order is taken now. One that was taken before is under way all the same.
        """
        key = order.idempotency_key or ""
        if key in self._under_way and not self._under_way[key].done():
            sentence = "an order with this idempotency key is under way: ask again in a second"
            return OrderAnswer(order, False, sentence, OrderRefusal.IN_PROGRESS)
        if self._stopped:
            refusing = _STOPS
        elif len(self._next.pending_orders) >= MOST_ORDERS:
            refusing = _TOO_MANY
        if refusing is not None:
            return _refusal(order, refusing)
        answer: asyncio.Future[OrderAnswer] = asyncio.get_running_loop().create_future()
        if key:
            self._under_way = {**_not_done(self._under_way), key: answer}
        self._next.pending_orders.append(_PendingOrder(order, answer))
        self._wake()
        return await asyncio.shield(answer)

    async def post(self, bodies: Sequence[bytes]) -> list[PostAnswer]:
        """Pass on readings; returns after the commit, with what became of each, in their order."""
        room = 0 if self._stopped else max(0, MOST_POSTS - len(self._next.pending_posts))
        loop = asyncio.get_running_loop()
        taken = [_PendingPost(body, loop.create_future()) for body in bodies[:room]]
        self._next.pending_posts.extend(taken)
        if taken:
            self._wake()
        answers = [await asyncio.shield(pending.answer) for pending in taken]
        return [*answers, *(_unavailable(_STOPS if self._stopped else _TOO_MANY) for _ in bodies[room:])]

    def take(self, answered: AnsweredOrders) -> Asked:
        """What is to be done with the next batch. What was done already is answered at once."""
        asked, self._next = self._next, Asked()
        pending, asked.pending_orders = asked.pending_orders, []
        for order in pending:
            known = answered.answer(order.order)
            if known is None:
                asked.pending_orders.append(order)
            else:
                order.answer.set_result(known)
        return asked

    def stop(self) -> None:
        """Take no more; what waits may still be dealt with."""
        self._stopped = True

    def refuse_rest(self) -> None:
        """Answer what nobody will deal with any more."""
        self.stop()
        asked, self._next = self._next, Asked()
        asked.refuse()


def _not_done(under_way: dict[str, asyncio.Future[OrderAnswer]]) -> dict[str, asyncio.Future[OrderAnswer]]:
    return {key: answer for key, answer in under_way.items() if not answer.done()}


def unavailable(sentence: str, how_many: int) -> list[PostAnswer]:
    """The answers to posted readings with which nothing was done, and why."""
    return [_unavailable(sentence) for _ in range(how_many)]


def _unavailable(sentence: str) -> PostAnswer:
    return PostAnswer(PostOutcome.UNAVAILABLE, detail=sentence)


def _refusal(order: Order, sentence: str) -> OrderAnswer:
    return OrderAnswer(order, False, sentence, OrderRefusal.UNAVAILABLE)
