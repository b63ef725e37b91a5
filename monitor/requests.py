"""What others ask of the running monitor, from their question to the commit that answers it: bounded, never lost."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, TypeVar

from monitor.dispatch.answered import AnsweredOrders
from monitor.facts import (
    AlarmAnswer,
    AlarmOrder,
    AlarmRefusal,
    Changes,
    Committed,
    DeadLetter,
    NotificationTest,
    NotificationTestAnswer,
    NotificationTestRefusal,
    Order,
    OrderAnswer,
    OrderRefusal,
    OutageAnswer,
    OutageReport,
    PostAnswer,
    PostOutcome,
    Reading,
    Receipt,
)
from monitor.intake.admission import Admission
from monitor.intake.posts import answer_posts
from monitor.intake.refused import RefusedError

MOST_ORDERS = 100
MOST_POSTS = 500
MOST_OUTAGE_REPORTS = 2000
"""How many may wait for the next batch; as many again may be on their way in the present one."""

_STOPS = "the monitor stops, and nothing was done: ask again when it runs"
_TOO_MANY = "too many wait already, and nothing was done: ask again in a second"

AskedT = TypeVar("AskedT")
AnswerT = TypeVar("AnswerT")


@dataclass(slots=True)
class _Pending(Generic[AskedT, AnswerT]):
    """What is asked, who waits for the answer, and what is answered if it is refused."""

    asked: AskedT
    if_refused: Callable[[str], AnswerT]
    answer: asyncio.Future[AnswerT] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def refuse(self, why_not: str) -> None:
        self.answer.set_result(self.if_refused(why_not))


_Orders = list[_Pending[Order, OrderAnswer]]
_Posts = list[_Pending[bytes, PostAnswer]]
_Reports = list[_Pending[Sequence[OutageReport], OutageAnswer]]
_AlarmOrders = list[_Pending[AlarmOrder, AlarmAnswer]]
_Tests = list[_Pending[NotificationTest, NotificationTestAnswer]]


@dataclass(slots=True)
class Asked:
    """What is asked in one batch."""

    pending_orders: _Orders = field(default_factory=list)
    pending_posts: _Posts = field(default_factory=list)
    pending_reports: _Reports = field(default_factory=list)
    pending_alarm_orders: _AlarmOrders = field(default_factory=list)
    pending_tests: _Tests = field(default_factory=list)
    refused_orders: list[tuple[_Pending[Order, OrderAnswer], OrderAnswer]] = field(default_factory=list)
    """Orders whose key came with another order before, and why they are not obeyed: answered when that is kept."""
    receipts: list[Receipt] = field(default_factory=list)
    """What the courier says: nobody waits for an answer to it."""
    became: list[Reading | DeadLetter] = field(default_factory=list)
    """What the posts became, in their order; whoever decodes them fills it."""

    @property
    def orders(self) -> list[Order]:
        """The orders, to be obeyed in this order."""
        return _asked(self.pending_orders)

    @property
    def misused_keys(self) -> list[OrderAnswer]:
        """The answers to orders whose key came with another order before."""
        return [answer for _, answer in self.refused_orders]

    @property
    def posts(self) -> list[bytes]:
        """The bodies of posted readings."""
        return _asked(self.pending_posts)

    @property
    def outage_reports(self) -> list[OutageReport]:
        """The outages that were reported over HTTP."""
        return [report for pending in self.pending_reports for report in pending.asked]

    @property
    def alarm_orders(self) -> list[AlarmOrder]:
        """What people do about alarms, to be obeyed in this order."""
        return _asked(self.pending_alarm_orders)

    @property
    def tests(self) -> list[NotificationTest]:
        """Which receivers are to be tested."""
        return _asked(self.pending_tests)

    def turn_away_reports(self, admission: Admission) -> None:
        """Answer reports of controllers beyond the limits at once: they are not of this batch."""
        pending, self.pending_reports = self.pending_reports, []
        for report in pending:
            try:
                admission.let_controllers_in(one.controller_id for one in report.asked)
            except RefusedError as refused:
                report.answer.set_result(OutageAnswer(accepted=False, sentence=str(refused), are_too_many=True))
            else:
                self.pending_reports.append(report)

    def answer(self, changes: Changes, committed: Committed) -> None:
        """Answer all, now that the batch is committed."""
        for pending, answer in self.refused_orders:
            pending.answer.set_result(answer)
        _give(self.pending_orders, changes.decisions.answers)
        _give(self.pending_posts, answer_posts(self.became, committed) if self.pending_posts else ())
        _give(self.pending_reports, [OutageAnswer(accepted=True) for _ in self.pending_reports])
        _give(self.pending_alarm_orders, changes.knowledge.alarms.answers)
        _give(self.pending_tests, changes.knowledge.notifications.answers)

    def refuse(self) -> None:
        """Answer all that the monitor stops."""
        pending: list[_Pending[Any, Any]] = [
            *self.pending_orders,
            *(pending for pending, _ in self.refused_orders),
            *self.pending_posts,
            *self.pending_reports,
            *self.pending_alarm_orders,
            *self.pending_tests,
        ]
        for one in pending:
            one.refuse(_STOPS)


def _asked(pending: Iterable[_Pending[AskedT, AnswerT]]) -> list[AskedT]:
    return [one.asked for one in pending]


def _give(pending: Sequence[_Pending[AskedT, AnswerT]], answers: Sequence[AnswerT]) -> None:
    for one, answer in zip(pending, answers, strict=True):
        one.answer.set_result(answer)


class Requests:
    """What was asked, and waits for the next batch. `wake` is called when there is something new.

    Who asks may go away: what was asked is done all the same, once. Each method returns after the commit, with what
    became of it. `refusing` says why nothing is taken now: a store that is unavailable would make people wait.
    """

    def __init__(self, wake: Callable[[], None], refusing: Callable[[], str | None]) -> None:
        self._wake = wake
        self._refusing = refusing
        self._next = Asked()
        self._under_way: dict[str, asyncio.Future[OrderAnswer]] = {}
        """By idempotency key."""
        self._stopped = False

    async def order(self, order: Order) -> OrderAnswer:
        """Pass on a person's order. One that was taken before is under way, whatever `refusing` says."""
        key = order.idempotency_key or ""
        if key in self._under_way and not self._under_way[key].done():
            sentence = "an order with this idempotency key is under way: ask again in a second"
            return OrderAnswer(order, False, sentence, OrderRefusal.IN_PROGRESS)
        waiting = self._next.pending_orders
        why_not = self._why_not(is_full=len(waiting) >= MOST_ORDERS)
        answer = self._ask(waiting, order, partial(_refused_order, order), why_not)
        if key:
            self._under_way = {**_not_done(self._under_way), key: answer}
        return await asyncio.shield(answer)

    async def post(self, bodies: Sequence[bytes]) -> list[PostAnswer]:
        """Pass on readings, in their order; those beyond the room for them are refused."""
        waiting = self._next.pending_posts
        answers = []
        for body in bodies:
            why_not = self._why_not(is_full=len(waiting) >= MOST_POSTS)
            answers.append(self._ask(waiting, body, _refused_post, why_not))
        return [await asyncio.shield(answer) for answer in answers]

    async def report(self, reports: Sequence[OutageReport]) -> OutageAnswer:
        """Pass on outage reports: all of them, or none."""
        if not reports:  # nothing would be committed
            return OutageAnswer(accepted=True)
        is_full = len(self._next.outage_reports) + len(reports) > MOST_OUTAGE_REPORTS
        why_not = self._why_not(is_full=is_full)
        return await asyncio.shield(
            self._ask(self._next.pending_reports, reports, partial(OutageAnswer, False), why_not)
        )

    async def order_alarms(self, order: AlarmOrder) -> AlarmAnswer:
        """Pass on what a person does about alarms."""
        waiting = self._next.pending_alarm_orders
        why_not = self._why_not(is_full=len(waiting) >= MOST_ORDERS)
        if_refused = partial(AlarmAnswer, False, refusal=AlarmRefusal.UNAVAILABLE)
        return await asyncio.shield(self._ask(waiting, order, if_refused, why_not))

    async def test(self, test: NotificationTest) -> NotificationTestAnswer:
        """Pass on the test of a receiver."""
        waiting = self._next.pending_tests
        if_refused = partial(NotificationTestAnswer, False, refusal=NotificationTestRefusal.UNAVAILABLE)
        why_not = self._why_not(is_full=len(waiting) >= MOST_ORDERS)
        return await asyncio.shield(self._ask(waiting, test, if_refused, why_not))

    def bring(self, receipts: Iterable[Receipt]) -> None:
        """Pass on what the courier says. It says it again after a start if the monitor ends before the commit."""
        self._next.receipts.extend(receipts)
        self._wake()

    def take(self, answered: AnsweredOrders) -> Asked:
        """What is to be done with the next batch. An order that comes again is answered at once."""
        asked, self._next = self._next, Asked()
        pending, asked.pending_orders = asked.pending_orders, []
        for order in pending:
            known = answered.answer(order.asked)
            if known is None:
                asked.pending_orders.append(order)
            elif known.refusal is OrderRefusal.KEY_OF_ANOTHER_ORDER:
                asked.refused_orders.append((order, known))
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

    def _why_not(self, *, is_full: bool) -> str | None:
        if self._stopped:
            return _STOPS
        return self._refusing() or (_TOO_MANY if is_full else None)

    def _ask(
        self,
        waiting: list[_Pending[AskedT, AnswerT]],
        asked: AskedT,
        if_refused: Callable[[str], AnswerT],
        why_not: str | None,
    ) -> asyncio.Future[AnswerT]:
        """Have it wait for the next batch; with a reason why not it is refused at once."""
        pending = _Pending(asked, if_refused)
        if why_not is None:
            waiting.append(pending)
            self._wake()
        else:
            pending.refuse(why_not)
        return pending.answer


def _not_done(under_way: dict[str, asyncio.Future[OrderAnswer]]) -> dict[str, asyncio.Future[OrderAnswer]]:
    return {key: answer for key, answer in under_way.items() if not answer.done()}


def _refused_post(sentence: str) -> PostAnswer:
    return PostAnswer(PostOutcome.UNAVAILABLE, detail=sentence)


def _refused_order(order: Order, sentence: str) -> OrderAnswer:
    return OrderAnswer(order, False, sentence, OrderRefusal.UNAVAILABLE)
