"""One turbine on MQTT: carries what its life reports through losses of the broker, and hears the monitor."""

import asyncio
import contextlib
import math
import secrets

from pydantic import ValidationError

from grid.acknowledged import Acknowledged
from grid.broker import Broker
from grid.connection import (
    Backoff,
    BrokerLostError,
    BrokerRefusedError,
    Connection,
    Message,
    stay_connected,
)
from grid.status import MonitorStatus, Presence
from grid.topics import MONITOR_STATUS, Kind
from turbine.announcements import Announcements
from turbine.backlog import Backlog
from turbine.life import Life
from turbine.outbox import Monitor, Outbox
from turbine.reporting import Reporting
from turbine.run import Run
from turbine.wire import new_wire

LAST_WORDS_SECONDS = 1.0
"""How long a goodbye may take that nobody asked for."""

MONITOR_PATIENCE_SECONDS = 10.0
"""How long the end of a life waits for a monitor that is online and acknowledges nothing."""


class TurbineClient:
    """Carries one life over MQTT, through losses of the broker, until the life ends or it is told to stop.

    Readings go into an outbox. They are sent in order as soon as there is a connection, and forgotten when the
    monitor has acknowledged them; what it does not acknowledge is sent again. So a reading may arrive twice, and is
    lost only if the outbox overflows or ends with the process: `outbox.given_up` and `undelivered` count these.
    """

    def __init__(self, life: Life, run: Run) -> None:
        self.life = life
        self.outbox = Outbox(life.session, run.outbox_size, lossless=run.lossless, resends=run.resends)
        self.backlog = Backlog()
        self._wire = new_wire(self.outbox, run.chaos, life.turbine_number, life.session)
        self._run = run
        self._connected = False
        self._stopping = False
        self._hurried = False
        self._was_half_open = False
        self._ramped = False
        self._progressed_at = -math.inf
        self._news = asyncio.Event()
        self._reporting = Reporting(life, run, self.outbox, self.backlog, self._news)
        self._announcements = Announcements(life)
        self._alarm: asyncio.TimerHandle | None = None
        self._living: asyncio.Task[None] | None = None
        self._connecting: asyncio.Task[None] | None = None
        for session, kept in run.outbox_file.take_over(life.turbine_number).items():
            self.outbox.restore(session, kept.oldest, kept.payloads)
        run.progress.gave_up(life.turbine_number, self.outbox.given_up)

    @property
    def undelivered(self) -> int:
        """Messages that the broker never acknowledged: given up, or left."""
        unsent = self.outbox.unsent + self._wire.held_back
        return self.outbox.undelivered + unsent + self.backlog.dropped + len(self.backlog)

    @property
    def awaits_monitor(self) -> bool:
        """Whether only the monitor's acknowledgement is missing, and is still waited for."""
        if self.outbox.monitor is not Monitor.ONLINE or len(self.outbox) == 0 or self.outbox.unsent > 0:
            return False
        return asyncio.get_running_loop().time() < self._progressed_at + MONITOR_PATIENCE_SECONDS

    async def run(self) -> None:
        """Live and report until the life is over and all is acknowledged, or until `stop`; then say goodbye.

        A monitor that is not online, or acknowledges nothing, is not waited for: the broker's word is enough then.
        """
        name = f"turbine {self.life.turbine_number}"
        async with asyncio.TaskGroup() as tasks:
            self._living = tasks.create_task(self._live(), name=f"{name}: live")
            self._connecting = tasks.create_task(self._stay_connected(), name=f"{name}: stay connected")

    def stop(self) -> None:
        """Take no more readings, send what is left and say goodbye; without a connection, end at once."""
        self._stopping = True
        self._reporting.obey_no_more()
        if self._living is not None:
            self._living.cancel()
        self._leave_if_unconnected()
        self._news.set()

    def hurry(self) -> None:
        """Wait for nothing any more: the goodbye comes next."""
        self._hurried = True
        self._news.set()

    async def _live(self) -> None:
        try:
            await self._reporting.live()
        finally:
            self.outbox.hurry(asyncio.get_running_loop().time())
            self._wire.hurry()
            self._news.set()

    # --- what it hears

    def receive(self, message: Message) -> None:
        """Take what the broker sends on the topics of this turbine and of the monitor."""
        if message.topic == MONITOR_STATUS:
            self._hear_of_monitor(message)
        elif message.topic.endswith(Kind.ACKNOWLEDGED):
            self._forget_acknowledged(message)
        else:
            self._reporting.receive_repairs(message)

    def _hear_of_monitor(self, message: Message) -> None:
        with contextlib.suppress(ValidationError):
            status = MonitorStatus.from_payload(message.payload)
            if status.status is Presence.ONLINE:
                self.outbox.monitor_is_online(status.session, asyncio.get_running_loop().time())
            else:
                self.outbox.monitor_is_offline(status.session)
            self._news.set()

    def _forget_acknowledged(self, message: Message) -> None:
        with contextlib.suppress(ValidationError):
            now = asyncio.get_running_loop().time()
            unsent = self.outbox.unsent
            forgotten = self.outbox.acknowledge(Acknowledged.model_validate_json(message.payload), now)
            if forgotten is not None:
                self._progressed_at = now
                is_earlier = forgotten.session != self.life.session
                self._run.progress.stored(forgotten.count, earlier=is_earlier)
                self._run.progress.delivered(0 if is_earlier else unsent - self.outbox.unsent)
                self._reporting.note([forgotten])
            if self._reporting.is_over:
                self._news.set()

    # --- the connection

    async def _stay_connected(self) -> None:
        await self._run.ramp.acquire()
        try:
            broker = self._run.broker_of(self.life.turbine_number)
            await stay_connected(
                broker,
                self._serve,
                client_id=_client_id(self.life.turbine_number, broker),
                deliver=self.receive,
                will=self._announcements.next_will,
                on_lost=self._on_lost,
                backoff=Backoff(first_seconds=self._run.first_backoff_seconds),
            )
        finally:
            self._leave_ramp()

    def _leave_ramp(self) -> None:
        if not self._ramped:
            self._ramped = True
            self._run.ramp.release()

    async def _serve(self, connection: Connection) -> None:
        """Subscribe, publish the birth, then readings and answers in order; at the end the goodbye."""
        try:
            await self._subscribe(connection)
            await self._announce(connection, self._announcements.birth())
            self._arrive()
            while not self._is_done():
                await self._send_news(connection)
            self._reporting.answer_no_more()
            await self._announce(connection, self._announcements.goodbye())
        except asyncio.CancelledError:
            await self._last_words(connection)
            raise
        finally:
            self._depart()

    async def _subscribe(self, connection: Connection) -> None:
        """Orders must reach us; a broker that refuses the rest does without a monitor's acknowledgements."""
        orders = Kind.REPAIR.of(self.life.turbine_number)
        try:
            await connection.subscribe(orders, Kind.ACKNOWLEDGED.of(self.life.turbine_number), MONITOR_STATUS)
        except BrokerRefusedError:
            await connection.subscribe(orders)

    def _is_done(self) -> bool:
        if not self._reporting.is_over or self._hurried:
            return self._reporting.is_over
        is_sent = self.outbox.unsent == 0 and self._wire.is_clear and len(self.backlog) == 0
        return is_sent and not self.awaits_monitor

    async def _send_news(self, connection: Connection) -> None:
        """Send what is due, and wait for more."""
        self._news.clear()
        while not self._hurried and await self._send_next(connection):
            pass
        if not self._is_done():
            self._wake_at(self._wire.next_due())
            if self.awaits_monitor:
                self._wake_at(self._progressed_at + MONITOR_PATIENCE_SECONDS)
            await self._news.wait()

    async def _send_next(self, connection: Connection) -> bool:
        """Send one message if one is due. If the connection is lost meanwhile it is due again."""
        loop = asyncio.get_running_loop()
        if (answer := self.backlog.next(self.outbox.sent)) is not None:
            await connection.publish(Kind.REPAIR_RESULT.of(self.life.turbine_number), answer.payload)
            self.backlog.sent(answer)
            return True
        if (sending := self._wire.next(loop.time())) is None:
            return False
        if (seconds := self._wire.half_open()) is not None:
            await self._be_half_open(connection, seconds)
        await connection.publish(Kind.METRICS.of(self.life.turbine_number), sending.payload)
        if self._wire.published(sending, loop.time()):
            self._progressed_at = loop.time()
            self._run.progress.delivered(1 if sending.session == self.life.session else 0)
            self._reporting.make_room()
        return True

    async def _be_half_open(self, connection: Connection, seconds: float) -> None:
        """Let the connection be dead for so long, or until the life is over; then it is lost for us too."""
        connection.freeze()
        if self._living is not None:
            await asyncio.wait([self._living], timeout=seconds)
        self._was_half_open = True
        raise BrokerLostError("it was half-open")

    def _wake_at(self, when: float | None) -> None:
        """Look for what is due at that time, if not before."""
        if when is None or (self._alarm is not None and self._alarm.when() <= when):
            return
        self._sleep_on()
        self._alarm = asyncio.get_running_loop().call_at(when, self._wake)

    def _wake(self) -> None:
        self._alarm = None
        self._news.set()

    def _sleep_on(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _arrive(self) -> None:
        self._connected = True
        self.outbox.begin_waiting(asyncio.get_running_loop().time())
        self._leave_ramp()
        self._run.progress.found()

    def _depart(self) -> None:
        self._sleep_on()
        if self._connected:
            self._connected = False
            self._run.progress.left()

    def _on_lost(self, reason: str, delay: float) -> None:
        if self._was_half_open:  # there is a broker, and the goodbye is still to be said
            self._was_half_open = False
            return
        self._run.progress.lost(self.life.turbine_number, reason)
        self._leave_if_unconnected()

    def _leave_if_unconnected(self) -> None:
        if self._stopping and not self._connected and self._connecting is not None:
            self._connecting.cancel()

    async def _last_words(self, connection: Connection) -> None:
        """Say goodbye when cancelled: the DISCONNECT that follows would discard the will, and leave us online."""
        with contextlib.suppress(BrokerLostError, TimeoutError):
            async with asyncio.timeout(LAST_WORDS_SECONDS):
                await self._announce(connection, self._announcements.goodbye())

    async def _announce(self, connection: Connection, status: bytes) -> None:
        await connection.publish(self._announcements.topic, status, retain=True)


def _client_id(turbine_number: int, broker: Broker) -> str:
    """The same at every start where anybody may enter; else with a part that nobody can guess.

    A broker throws out whoever is connected by the id that a newcomer brings, whatever their names are.
    """
    client_id = f"grid-turbine-{turbine_number}"
    anybody_may_enter = broker.tls is None and broker.username is None
    return client_id if anybody_may_enter else f"{client_id}-{secrets.token_hex(8)}"
