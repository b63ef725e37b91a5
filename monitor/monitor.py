"""GridMonitor: the story of the monitor on one page.

Collect a batch, decide what it means, commit readings and decisions in one transaction, acknowledge the batch,
publish what was decided. Whatever ends the program between two of these steps, nothing is lost and nothing is done
twice: what was not acknowledged comes again and is recognised, what was committed but not published is in the outbox.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, repeat

from grid.times import SECOND
from monitor.audit import audit_of
from monitor.clock import Clock
from monitor.dispatch.answered import AnsweredOrders, answered_orders
from monitor.dispatch.dispatcher import Dispatcher, DispatchSettings
from monitor.dispatch.outbox import Outbox
from monitor.facts import (
    AlarmAnswer,
    AlarmCounts,
    AlarmOrder,
    Arrived,
    BrokerFound,
    BrokerLost,
    Changes,
    Committed,
    Decisions,
    Heard,
    News,
    NotificationTest,
    NotificationTestAnswer,
    Now,
    Order,
    OrderAnswer,
    OutageAnswer,
    OutageReport,
    PostAnswer,
    Receipt,
    Remembered,
    SequenceChanges,
    Told,
)
from monitor.fleet.fleet import Fleet, FleetSettings
from monitor.health import Health
from monitor.intake.admission import MOST_TURBINES, Admission
from monitor.intake.decode import ArrivalTimes, Decoded, decode
from monitor.intake.port import Batch, Intake
from monitor.intake.posts import decode_posts
from monitor.intake.salvage import salvage
from monitor.knowledge import Knowledge, KnowledgeSettings
from monitor.ports import Courier, NoCourier, Store, Watcher
from monitor.publications import to_tell, to_write
from monitor.requests import Asked, Requests
from monitor.sequences.sequences import Sequences
from monitor.sequences.sequences import messages_for as acknowledgements_for
from monitor.step import Step, emptied, worth_a_commit
from monitor.store.errors import StoreUnavailableError
from monitor.telemetry.measurements import Measurements
from monitor.telemetry.tracing import NoTracer, Tracer

TICK_SECONDS = 0.5
"""How long the monitor waits for messages before it looks at its deadlines."""

DRAIN_SECONDS = 1.0
"""How long an orderly stop may go on dealing with what has arrived: under load there is always more."""

RETRY_SECONDS = (0.1, 0.2, 0.5, 1.0)
"""Pauses before the store is tried again; the last one is repeated."""


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
        knowledge_settings: KnowledgeSettings | None = None,
        courier: Courier | None = None,
        measurements: Measurements | None = None,
        tracer: Tracer | None = None,
        max_turbines: int = MOST_TURBINES,
    ) -> None:
        self.health = Health(started_at=clock.utc())
        self.measurements = measurements or Measurements()
        self.engineers = engineers
        self.alarm_counts = AlarmCounts()
        self._intake = intake
        self._outbox = outbox
        self._store = store
        self._watcher = watcher
        self._clock = clock
        self._tracer = tracer or NoTracer()
        self._fleet_settings = fleet_settings
        self._dispatch_settings = dispatch_settings
        self._knowledge_settings = knowledge_settings or KnowledgeSettings()
        self._courier = courier or NoCourier()
        self._arrivals = ArrivalTimes()
        self._admission = Admission(most_turbines=max_turbines)
        self._epoch = 0
        self._requests = Requests(intake.wake, refusing=self._cannot_store)
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
        return await self._requests.order(order)

    async def post(self, bodies: Sequence[bytes]) -> list[PostAnswer]:
        """Pass on readings that came over HTTP; returns after the commit, with what became of each.

        Not while the store is unavailable: what the broker brings waits with the broker, a post would wait here.
        """
        return await self._requests.post(bodies)

    async def report_outages(self, reports: Sequence[OutageReport]) -> OutageAnswer:
        """Pass on outages that were reported over HTTP; returns after the commit of all of them, or why of none."""
        return await self._requests.report(reports)

    async def order_alarms(self, order: AlarmOrder) -> AlarmAnswer:
        """Pass on what a person does about alarms; returns after the commit, with what became of it."""
        return await self._requests.order_alarms(order)

    async def test_notifications(self, test: NotificationTest) -> NotificationTestAnswer:
        """Pass on the test of a receiver; returns after the commit of its message, which then goes out."""
        return await self._requests.test(test)

    def bring_receipts(self, receipts: Iterable[Receipt]) -> None:
        """Pass on what the courier says of notifications."""
        self._requests.bring(receipts)

    def _cannot_store(self) -> str | None:
        error = self.health.store_error
        return None if error is None else f"nothing can be stored now: {error}"

    async def _one_batch(self, *, within_seconds: float) -> Batch:
        batch = await self.collect_metrics(within_seconds=within_seconds)
        taken_at = self._clock.steady()
        step = self._read(batch)
        if step.has_wills and not await self._intake.still_stands(batch):
            step.forget_wills()
        if await self.store_metrics(step):
            self._intake.acknowledge(batch)
            if batch.messages:
                self.measurements.observe("grid_acknowledge_seconds", self._clock.steady() - taken_at)
        return batch

    async def collect_metrics(self, *, within_seconds: float) -> Batch:
        """Wait for what arrives next; an empty batch when nothing does."""
        return await self._intake.receive(within_seconds=within_seconds)

    async def store_metrics(self, step: Step) -> bool:
        """Decide on a batch and commit it, however long the store takes; publish what was decided.

        Returns False if the monitor is stopped while the store is unavailable: then nothing of it is stored.
        """
        pauses = _pauses()
        while True:
            trace = self._tracer.batch(epoch=self._epoch, messages=step.messages)
            changes = self._decide(step)
            if not worth_a_commit(changes):
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
                self.knowledge.settle(committed.knowledge)
                self._publish(step, changes, committed)
                trace.published(changes, committed)
                self._tell_turbines()
                return True

    def dispatch_engineer(self, told: Sequence[Told], now: Now) -> Decisions:
        """Decide which engineers go where."""
        return self.dispatcher.decide(told, now)

    def _read(self, batch: Batch) -> Step:
        now = self._clock.utc()
        decoded = decode(batch.messages, now, self._arrivals, self._admission)
        asked = self._requests.take(self._answered)
        asked.turn_away_reports(self._admission)
        asked.became = decode_posts(asked.posts, now, self._arrivals, self._admission, decoded)
        self.health.take_in(received=decoded.counted["received"], waiting=batch.waiting)
        decoded.counted["dropped_at_qos_0"] = batch.dropped
        self._mind_limits(now)
        turns = self._turns_of_the_connection(batch)
        return Step([*turns, *decoded.news, *asked.orders], decoded, asked, len(batch.messages))

    def _mind_limits(self, now: int) -> None:
        turned_away = self._admission.drain_turned_away()
        if self.health.mind_limits(turned_away, at=now):
            self._watcher.say(f"{turned_away}; what it sends is refused", action="turned_away")

    def _turns_of_the_connection(self, batch: Batch) -> list[News]:
        turns: list[News] = []
        same = batch.epoch == self._epoch
        self.health.connection_error = batch.away_because or None
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

    def _decide(self, step: Step) -> Changes:
        now = self._now()
        told = self.fleet.take(step.news, now, self.dispatcher.attentive)
        decisions = self.dispatch_engineer(told, now)
        sequences = self._follow_sequences(step.decoded, now)
        knowledge = self.knowledge.decide(self._heard(step, told, decisions, now), now)
        return Changes(
            readings=step.decoded.readings,
            turbines=self.fleet.drain_changed(),
            newer=self.fleet.drain_newer(),
            decisions=decisions,
            outgoing=to_write(decisions, knowledge),
            published=self._outbox.published,
            dead_letters=step.decoded.dead_letters,
            counted=step.decoded.counted
            + emptied(self.fleet.ignored)
            + emptied(self.dispatcher.ignored)
            + emptied(self.sequences.counted),
            sequences=sequences,
            orders=answered_orders(decisions.answers, now.utc),
            audit=audit_of(step.asked, decisions, knowledge, now.utc),
            knowledge=knowledge,
        )

    def _heard(self, step: Step, told: Sequence[Told], decisions: Decisions, now: Now) -> Heard:
        letters, behind = len(step.decoded.dead_letters), self._store.text_files_behind
        return Heard(
            step.decoded.readings,
            told,
            self.fleet.records,
            decisions,
            self.dispatcher.incidents,
            self.health.troubles(at=now.utc, dead_letters=letters, text_files_behind=behind),
            [*step.decoded.outage_reports, *step.asked.outage_reports],
            step.asked.alarm_orders,
            step.asked.receipts,
            step.asked.tests,
            lambda: self.sequences.missing,
        )

    def _follow_sequences(self, decoded: Decoded, now: Now) -> SequenceChanges:
        refused, held_by_refused = salvage(decoded.dead_letters, self._admission)
        self.sequences.take(Arrived(decoded.readings, refused, [*decoded.held, *held_by_refused]))
        return self.sequences.drain(now)

    def _tell_turbines(self) -> None:
        """Tell turbines what they may forget. All that was decided on is committed now."""
        self._outbox.tell(acknowledgements_for(self.sequences.due(self._now())))

    def _publish(self, step: Step, changes: Changes, committed: Committed) -> None:
        self._outbox.forget(changes.published)
        self._outbox.withdraw(changes.decisions.withdrawn)
        self._outbox.add(committed.outgoing)
        self._outbox.tell(to_tell(committed.knowledge))
        self._courier.deliver(changes.knowledge.notifications.due)
        if changes.knowledge.alarms.alarms:
            self._count_alarms()
        self.health.keep_books(changes, committed, at=self._clock.utc())
        for event in changes.decisions.events:
            self._watcher.tell(event)
        self._answered.add(changes.orders)
        step.asked.answer(changes, committed)

    def _count_alarms(self) -> None:
        """See how many alarms there are: after a commit, so that whoever is told finds the same in the ledger."""
        self.alarm_counts = replace(self.knowledge.alarms.counts(), changes=self.alarm_counts.changes + 1)

    async def _begin(self) -> bool:
        """Read back what is known, however long the store takes; False if the monitor is stopped before."""
        remembered = await self._recall(chain([0.0], _pauses()))
        if remembered is None:
            return False
        self._ready = True
        self._outbox.add(remembered.outbox)
        self._admission.remember(remembered.known_turbines(), remembered.knowledge.controllers)
        for turbine in remembered.turbines:
            if turbine.emitted_at is not None and turbine.received_at is not None:
                # An arrival is never later than a moment after its receipt; a turbine's own clock may be.
                self._arrivals.remember(turbine.turbine_number, min(turbine.emitted_at, turbine.received_at + SECOND))
        # Nobody watched until now: what the turbines' links were says nothing of what they are.
        return await self.store_metrics(Step([BrokerLost()], Decoded(), Asked()))

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
                self.knowledge = Knowledge(remembered.knowledge, now=now, settings=self._knowledge_settings)
                self._answered = AnsweredOrders(remembered.orders)
                self._count_alarms()
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


def _pauses() -> Iterator[float]:
    return chain(RETRY_SECONDS, repeat(RETRY_SECONDS[-1]))
