"""GridMonitor: the story of the monitor on one page.

Collect a batch, decide what it means, commit readings and decisions in one transaction, acknowledge the batch,
publish what was decided. Whatever ends the program between two of these steps, nothing is lost and nothing is done
twice: what was not acknowledged comes again and is recognised, what was committed but not published is in the outbox.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Protocol

from grid.status import OfflineReason, Presence
from grid.times import SECOND
from monitor.clock import Clock
from monitor.dispatch.answered import AnsweredOrders, answered_orders
from monitor.dispatch.dispatcher import Dispatcher, DispatchSettings
from monitor.dispatch.outbox import Outbox, messages_for
from monitor.facts import (
    Arrived,
    BrokerFound,
    BrokerLost,
    Changes,
    Committed,
    Decisions,
    Event,
    KnowledgeChanges,
    News,
    Now,
    Order,
    OrderAnswer,
    PostAnswer,
    Remembered,
    SequenceChanges,
    StatusReport,
    Told,
)
from monitor.fleet.fleet import Fleet, FleetSettings
from monitor.health import Health
from monitor.intake.decode import ArrivalTimes, Decoded, decode
from monitor.intake.port import Batch, Intake
from monitor.intake.posts import decode_posts
from monitor.intake.salvage import salvage
from monitor.knowledge import Heard, Knowledge
from monitor.requests import Asked, Requests, unavailable
from monitor.sequences.sequences import Sequences
from monitor.sequences.sequences import messages_for as acknowledgements_for
from monitor.store.errors import StoreUnavailableError
from monitor.telemetry.measurements import Measurements
from monitor.telemetry.tracing import NoTracer, Tracer

TICK_SECONDS = 0.5
"""How long the monitor waits for messages before it looks at its deadlines."""

DRAIN_SECONDS = 1.0
"""How long an orderly stop may go on dealing with what has arrived: under load there is always more."""

RETRY_SECONDS = (0.1, 0.2, 0.5, 1.0)
"""Pauses before the store is tried again; the last one is repeated."""


class Store(Protocol):
    """The ledger and the text files."""

    async def load(self) -> Remembered:
        """What is known, at the start and after a failed commit. Raises StoreUnavailableError."""

    async def commit(self, changes: Changes) -> Committed:
        """Commit all of it, or nothing. Raises StoreUnavailableError: wait, load, decide and commit again."""


class Watcher(Protocol):
    """Who is told what the monitor does: a terminal, later pages and metrics."""

    def tell(self, event: Event) -> None:
        """A decision, after its commit."""

    def say(self, sentence: str, *, action: str) -> None:
        """Something about the monitor itself."""


@dataclass(slots=True)
class _Step:
    """One batch on its way: read once, decided as often as it takes to commit it."""

    news: list[News]
    decoded: Decoded
    asked: Asked
    messages: int = 0

    def forget_wills(self) -> None:
        """Leave out what a broker said of its clients while it was going down itself: they are as alive as before."""
        kept = [news for news in self.news if not _is_will(news)]
        self.decoded.counted["wills_of_a_stopping_broker"] += len(self.news) - len(kept)
        self.news = kept


class GridMonitor:
    """Watches a farm: `run` goes on until `stop` is called.

    Fleet and dispatcher decide, and hold in memory what the store holds. A failed commit drops them and reads
    them back, and the same batch is decided again. Until then nothing is acknowledged: the broker waits.
    """

    def __init__(
        self,
        *,
        intake: Intake,
        outbox: Outbox,
        store: Store,
        watcher: Watcher,
        clock: Clock,
        engineers: int,
        fleet_settings: FleetSettings,
        dispatch_settings: DispatchSettings,
        measurements: Measurements | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        self.health = Health(started_at=clock.utc())
        self.measurements = measurements or Measurements()
        self.engineers = engineers
        self._intake = intake
        self._outbox = outbox
        self._store = store
        self._watcher = watcher
        self._clock = clock
        self._tracer = tracer or NoTracer()
        self._fleet_settings = fleet_settings
        self._dispatch_settings = dispatch_settings
        self._arrivals = ArrivalTimes()
        self._epoch = 0
        self._requests = Requests(intake.wake)
        self._answered = AnsweredOrders()
        self._stopping = asyncio.Event()
        self._ready = False
        self.fleet: Fleet
        self.dispatcher: Dispatcher
        self.sequences: Sequences
        self.knowledge: Knowledge

    async def run(self) -> None:
        """Read back what is known, then deal with batch after batch. Raises StoreError if the store is damaged."""
        if await self._begin():
            while not self._stopping.is_set():
                await self._one_batch(within_seconds=TICK_SECONDS)
            await self._drain()
        self._requests.refuse_rest()

    @property
    def is_ready(self) -> bool:
        """Whether what is known has been read back: from then on there are a fleet and a dispatcher."""
        return self._ready

    @property
    def is_stopping(self) -> bool:
        """Whether `stop` was called."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """Deal with what has arrived, and end."""
        self._stopping.set()
        self._requests.stop()
        self._intake.wake()

    async def order(self, order: Order) -> OrderAnswer:
        """Pass on a person's order; returns after the commit, with what became of it.

        While the store is unavailable it is refused: who waits in vain would send an engineer when nobody expects it.
        """
        return await self._requests.order(order, refusing=self._cannot_store())

    async def post(self, bodies: Sequence[bytes]) -> list[PostAnswer]:
        """Pass on readings that came over HTTP; returns after the commit, with what became of each.

        Not while the store is unavailable: what the broker brings waits with the broker, a post would wait here.
        """
        if (sentence := self._cannot_store()) is not None:
            return unavailable(sentence, len(bodies))
        return await self._requests.post(bodies)

    def _cannot_store(self) -> str | None:
        error = self.health.store_error
        return None if error is None else f"nothing can be stored now: {error}"

    async def _one_batch(self, *, within_seconds: float) -> Batch:
        batch = await self.collect_metrics(within_seconds=within_seconds)
        taken_at = self._clock.steady()
        step = self._read(batch)
        if any(_is_will(news) for news in step.news) and not await self._intake.still_stands(batch):
            step.forget_wills()
        if await self.store_metrics(step):
            self._intake.acknowledge(batch)
            if batch.messages:
                self.measurements.observe("grid_acknowledge_seconds", self._clock.steady() - taken_at)
        return batch

    async def collect_metrics(self, *, within_seconds: float) -> Batch:
        """Wait for what arrives next; an empty batch when nothing does."""
        return await self._intake.receive(within_seconds=within_seconds)

    async def store_metrics(self, step: _Step) -> bool:
        """Decide on a batch and commit it, however long the store takes; publish what was decided.

        Returns False if the monitor is stopped while the store is unavailable: then nothing of it is stored.
        """
        pauses = _pauses()
        while True:
            trace = self._tracer.batch(epoch=self._epoch, messages=step.messages)
            changes = self._decide(step)
            if not _worth_a_commit(changes):
                self._store_works()
                self._tell_turbines()
                return True
            trace.decided()
            begun_at = self._clock.steady()
            try:
                committed = await self._store.commit(changes)
            except StoreUnavailableError as error:
                trace.failed(error)
                self._store_failed(error)
                if await self._recall(pauses) is None:
                    step.asked.refuse()
                    return False
            else:
                trace.committed()
                self.measurements.take_commit(changes, committed, self._clock.steady() - begun_at)
                self._store_works()
                self._publish(step, changes, committed)
                trace.published(changes, committed)
                self._tell_turbines()
                return True

    def dispatch_engineer(self, told: Sequence[Told], now: Now) -> Decisions:
        """Decide which engineers go where."""
        return self.dispatcher.decide(told, now)

    def _read(self, batch: Batch) -> _Step:
        now = self._clock.utc()
        decoded = decode(batch.messages, now, self._arrivals)
        asked = self._requests.take(self._answered)
        asked.became = decode_posts(asked.posts, now, self._arrivals, decoded)
        self.health.take_in(received=decoded.counted["received"], waiting=batch.waiting)
        decoded.counted["dropped_at_qos_0"] = batch.dropped
        turns = self._turns_of_the_connection(batch)
        return _Step([*turns, *decoded.news, *asked.orders], decoded, asked, len(batch.messages))

    def _turns_of_the_connection(self, batch: Batch) -> list[News]:
        turns: list[News] = []
        same = batch.epoch == self._epoch
        if self.health.connected and not (batch.connected and same):
            turns.append(BrokerLost())
        if batch.connected and not (self.health.connected and same):
            turns.append(BrokerFound())
            self.measurements.count("grid_broker_connections_total")
        if turns:
            self._now()
            self.health.connected = batch.connected
            self.health.connection_since = self._clock.utc()
            self._epoch = batch.epoch
        return turns

    def _now(self) -> Now:
        """The time. While nothing can be stored nothing is taken from the broker: that is no silence of turbines."""
        return self._clock.now(listening=self.health.connected and self.health.store_error is None)

    def _decide(self, step: _Step) -> Changes:
        now = self._now()
        told = self.fleet.take(step.news, now, self.dispatcher.attentive)
        decisions = self.dispatch_engineer(told, now)
        sequences = self._follow_sequences(step.decoded, now)
        heard = Heard(step.decoded.readings, told, self.fleet.records)
        return Changes(
            readings=step.decoded.readings,
            turbines=self.fleet.drain_changed(),
            newer=self.fleet.drain_newer(),
            decisions=decisions,
            outgoing=messages_for(decisions),
            published=self._outbox.published,
            dead_letters=step.decoded.dead_letters,
            counted=step.decoded.counted
            + _emptied(self.fleet.ignored)
            + _emptied(self.dispatcher.ignored)
            + _emptied(self.sequences.counted),
            sequences=sequences,
            orders=answered_orders(decisions.answers, now.utc),
            knowledge=self.knowledge.decide(heard, now),
        )

    def _follow_sequences(self, decoded: Decoded, now: Now) -> SequenceChanges:
        refused, held_by_refused = salvage(decoded.dead_letters)
        self.sequences.take(Arrived(decoded.readings, refused, [*decoded.held, *held_by_refused]))
        return self.sequences.drain(now)

    def _tell_turbines(self) -> None:
        """Tell turbines what they may forget. All that was decided on is committed now."""
        self._outbox.tell(acknowledgements_for(self.sequences.due(self._now())))

    def _publish(self, step: _Step, changes: Changes, committed: Committed) -> None:
        self._outbox.forget(changes.published)
        self._outbox.withdraw(changes.decisions.withdrawn)
        self._outbox.add(committed.outgoing)
        self.health.keep_books(changes, committed, at=self._clock.utc())
        for event in changes.decisions.events:
            self._watcher.tell(event)
        self._answered.add(changes.orders)
        step.asked.answer(changes.decisions.answers, committed)

    async def _begin(self) -> bool:
        """Read back what is known, however long the store takes; False if the monitor is stopped before."""
        remembered = await self._recall(chain([0.0], _pauses()))
        if remembered is None:
            return False
        self._ready = True
        self._outbox.add(remembered.outbox)
        for turbine in remembered.turbines:
            if turbine.emitted_at is not None and turbine.received_at is not None:
                # An arrival is never later than a moment after its receipt; a turbine's own clock may be.
                self._arrivals.remember(turbine.turbine_number, min(turbine.emitted_at, turbine.received_at + SECOND))
        # Nobody watched until now: what the turbines' links were says nothing of what they are.
        return await self.store_metrics(_Step([BrokerLost()], Decoded(), Asked()))

    async def _recall(self, pauses: Iterator[float]) -> Remembered | None:
        """Wait, and go on from what the store has; None if the monitor is to stop instead."""
        while not self.is_stopping:
            await asyncio.sleep(next(pauses))
            try:
                remembered = await self._store.load()
            except StoreUnavailableError as error:
                self._store_failed(error)
            else:
                now, settings = self._now(), self._dispatch_settings
                self.fleet = Fleet(remembered.turbines, now=now, settings=self._fleet_settings)
                self.dispatcher = Dispatcher(remembered, engineers=self.engineers, now=now, settings=settings)
                self.sequences = Sequences(remembered.sequences, now=now)
                self.knowledge = Knowledge(remembered.knowledge, now=now)
                self._answered = AnsweredOrders(remembered.orders)
                return remembered
        return None

    async def _drain(self) -> None:
        """Deal with what has arrived; what comes after that stays with the broker, unacknowledged.

        Not while the store is unavailable: what is in memory then, the store does not have.
        """
        deadline = asyncio.get_running_loop().time() + DRAIN_SECONDS
        while self.health.store_error is None and asyncio.get_running_loop().time() < deadline:
            batch = await self._one_batch(within_seconds=0)
            if not batch.messages:
                return

    def _store_failed(self, error: StoreUnavailableError) -> None:
        self.measurements.count("grid_store_failures_total")
        if self.health.store_error is None:
            self.health.store_error_since = self._clock.utc()
            self._watcher.say(f"{error}; nothing is lost: the broker keeps what arrives", action="store_unavailable")
        self.health.store_error = str(error)

    def _store_works(self) -> None:
        if self.health.store_error is not None:
            self._watcher.say("the store works again", action="store_available")
        self.health.store_error = self.health.store_error_since = None


def _is_will(news: News) -> bool:
    """Whether a broker says, just now, that it has lost a turbine."""
    if type(news) is not StatusReport:
        return False
    return news.presence is Presence.OFFLINE and news.reason is not OfflineReason.STOPPED and not news.retained


def _worth_a_commit(changes: Changes) -> bool:
    return any(
        (
            changes.readings,
            changes.turbines,
            changes.newer,
            changes.dead_letters,
            changes.counted,
            changes.published,
            changes.decisions != Decisions(),
            changes.sequences != SequenceChanges(),
            changes.knowledge != KnowledgeChanges(),
        )
    )


def _emptied(counter: Counter[str]) -> Counter[str]:
    content = Counter(counter)
    counter.clear()
    return content


def _pauses() -> Iterator[float]:
    return chain(RETRY_SECONDS, repeat(RETRY_SECONDS[-1]))
