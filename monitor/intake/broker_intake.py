"""The intake and the outlet on one persistent connection, whatever client carries it."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Sequence

from grid.broker_words import TOO_MUCH, lost
from grid.connection import (
    Broker,
    BrokerLostError,
    BrokerRefusedError,
    Connection,
    Message,
    Session,
    Will,
    stay_connected,
)
from grid.topics import MONITOR_CANARY
from monitor.facts import Outgoing
from monitor.intake.canary import Canary, ask_around, own_name
from monitor.intake.decode import TOPIC_FILTERS
from monitor.intake.demand import Demand
from monitor.intake.port import Batch
from monitor.intake.waiting import Waiting

RECEIVE_MAXIMUM = 4000
"""How much the broker may send unacknowledged. With 1000 a reading costs a fifth more: batches are smaller."""

MAX_BATCH_MESSAGES = 4000


class AnotherMonitorError(Exception):
    """A monitor works on this broker already: two would send engineers against each other."""


class BrokerIntake:
    """A persistent session under a fixed client id; fulfils the port Intake and the port Outlet.

    `will`, `birth` and `goodbye` are what the broker keeps for others on the monitor's status topic. `on_change`
    hears, in words, when the connection comes and goes.
    """

    def __init__(
        self,
        broker: Broker,
        *,
        client_id: str,
        lock_id: str,
        will: Will,
        birth: Callable[[], bytes],
        goodbye: Callable[[], bytes],
        on_change: Callable[[str], None],
    ) -> None:
        self._broker = broker
        self._client_id = client_id
        self._lock_id = lock_id
        self._will = will
        self._birth = birth
        self._goodbye = goodbye
        self._on_change = on_change
        self._canary = Canary(own_name())
        self._waiting = Waiting()
        self._demand = Demand(self._waiting)
        self._dropped_told = 0
        self._epoch = 1
        self._connection: Connection | None = None
        self._ready = asyncio.Event()
        self._changed = asyncio.Event()
        self._stopping = asyncio.Event()
        self._was_connected = False
        self._said = ""

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection now, subscribed or not yet."""
        return self._connection is not None

    async def run(self) -> None:
        """Stay connected until `stop` is called. Raises AnotherMonitorError when there is one on this broker."""
        await stay_connected(
            self._broker,
            self._serve,
            client_id=self._client_id,
            deliver_all=self._take_in,
            in_bulk=True,
            will=lambda: self._will,
            session=Session(clean_start=False, receive_maximum=RECEIVE_MAXIMUM, manual_acknowledgement=True),
            on_lost=self._lost,
            prepare=self._make_sure_to_be_alone,
        )

    def stop(self) -> None:
        """Say goodbye and disconnect; what is unacknowledged stays with the broker."""
        self._stopping.set()

    async def receive(self, *, within_seconds: float) -> Batch:
        """Wait for the next batch (port Intake)."""
        self._demand.ask()
        try:
            if not self._may_hand_out() and not self._changed.is_set():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(within_seconds):
                        await self._changed.wait()
            return self._next_batch()
        finally:
            self._demand.deal()

    def wake(self) -> None:
        """End the wait for a batch (port Intake)."""
        self._changed.set()

    def _next_batch(self) -> Batch:
        self._changed.clear()
        dropped = self._waiting.dropped - self._dropped_told
        self._dropped_told = self._waiting.dropped
        if not self._may_hand_out():
            waiting = self._waiting.count
            return Batch(self._epoch, self._ready.is_set(), dropped=dropped, waiting=waiting, away_because=self._said)
        epoch = self._waiting.epoch or self._epoch
        messages = tuple(self._waiting.take(MAX_BATCH_MESSAGES))
        if self._waiting.count:
            self._changed.set()
        return Batch(epoch, connected=True, messages=messages, dropped=dropped, waiting=self._waiting.count)

    def _may_hand_out(self) -> bool:
        """Whether something is there. What a kept session brings before we have subscribed waits for that.

        Its acknowledgement would else come before there is a connection to send it on, and be lost.
        """
        epoch = self._waiting.epoch
        return epoch is not None and (self._ready.is_set() or epoch != self._epoch)

    async def still_stands(self, batch: Batch) -> bool:
        """Whether the connection of a batch outlived it: the broker answers on it (port Intake)."""
        connection = self._connection
        if batch.epoch != self._epoch or connection is None:
            return False
        try:
            await connection.publish(MONITOR_CANARY, self._canary.sign_of_life())
        except BrokerRefusedError:
            return True  # a refusal is an answer, too
        except BrokerLostError:
            return False
        return True

    def acknowledge(self, batch: Batch) -> None:
        """Let the broker forget a batch (port Intake).

        Packet ids belong to a connection: those of an earlier one now name other messages, and acknowledging
        them would lose these.
        """
        if batch.epoch == self._epoch and self._connection is not None:
            self._connection.acknowledge(*batch.messages)

    async def publish(self, message: Outgoing) -> None:
        """Publish at QoS 1 (port Outlet). What the broker refuses is told and given up: the next may be welcome."""
        if self._connection is None:
            raise BrokerLostError("not connected to the broker")
        try:
            await self._connection.publish(
                message.topic,
                message.payload,
                retain=bool(message.retain),
                expiry_seconds=message.expiry_seconds,
                response_topic=message.response_topic,
                correlation_data=message.dispatch_id.encode() if message.dispatch_id else None,
            )
        except BrokerRefusedError as refusal:
            self._on_change(str(refusal))

    def tell(self, messages: Iterable[tuple[str, bytes]]) -> None:
        """Publish (topic, payload) pairs at QoS 0, now or never: nothing is waited for, nothing is kept.

        Silently nothing happens without a connection, or while the broker takes no more: only for what will be
        said again anyway.
        """
        if self._connection is not None:
            self._connection.tell(messages)

    async def connected(self) -> None:
        """Wait until there is a connection (port Outlet)."""
        await self._ready.wait()

    async def _make_sure_to_be_alone(self) -> None:
        """Before every connection: one that slept while another monitor took over must not work beside it."""
        echo = await ask_around(self._broker, own_lock_id=self._lock_id)
        if echo.monitor is not None:
            raise AnotherMonitorError(f"another monitor works on the broker at {self._broker}: {echo.monitor}")

    async def _serve(self, connection: Connection) -> None:
        self._connection = connection
        if connection.session_present:
            self._waiting.forget_what_comes_again(before=self._epoch)
        self._demand.follow(connection)
        await connection.subscribe(*TOPIC_FILTERS)
        await connection.subscribe(MONITOR_CANARY, qos=0)  # for now only: nothing to keep, nothing to acknowledge
        await connection.publish(self._will.topic, self._birth(), retain=True)
        self._connected(connection)
        async with asyncio.TaskGroup() as tasks:
            side_tasks = [
                tasks.create_task(self._canary.answer(connection), name="answer the canary's questions"),
                tasks.create_task(self._hear_canary(connection), name="hear the canary"),
            ]
            await self._stopping.wait()
            for task in side_tasks:
                task.cancel()
        await connection.publish(self._will.topic, self._goodbye(), retain=True)

    async def _hear_canary(self, connection: Connection) -> None:
        if not await self._canary.is_heard(connection):
            self._on_change("the broker takes what the monitor publishes, but does not deliver it: see its ACL")

    def _connected(self, connection: Connection) -> None:
        self._ready.set()
        self._changed.set()
        self._was_connected = True
        self._said = ""
        self._on_change(f"connected to the broker at {self._broker}, MQTT {connection.protocol}")

    def _lost(self, reason: str, delay: float) -> None:
        self._epoch += 1
        self._connection = None
        self._demand.follow(None)
        self._ready.clear()
        self._changed.set()
        if reason != self._said:  # once for each reason, not for each attempt
            self._said = reason
            waits = f"{reason}; trying again until it answers"
            self._on_change(waits if self._was_connected else f"waiting for a broker at {self._broker}: {reason}")

    def _take_in(self, messages: Sequence[Message]) -> None:
        if not all(message.packet_id for message in messages):  # only what comes at QoS 0 can be the canary's
            messages = self._without_canary(messages)
        self._waiting.add(self._epoch, messages)
        self._demand.mind()
        self._changed.set()
        if self._waiting.is_overrun:  # what we asked is open, so that we must read on, whatever comes
            raise lost(TOO_MUCH)

    def _without_canary(self, messages: Sequence[Message]) -> Sequence[Message]:
        for message in messages:
            if message.topic == MONITOR_CANARY:
                self._canary.take(message)
        return [message for message in messages if message.topic != MONITOR_CANARY]
