"""One turbine on MQTT: birth, readings, repairs, goodbye."""

import asyncio
import contextlib
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field

from pydantic import ValidationError

from grid.acknowledged import Acknowledged
from grid.connection import (
    Backoff,
    Broker,
    BrokerLostError,
    BrokerRefusedError,
    Connection,
    Message,
    Will,
    stay_connected,
)
from grid.metrics import TurbineMetrics
from grid.repair import RepairCommand, RepairResult
from grid.status import MonitorStatus, OfflineReason, Presence, TurbineStatus
from grid.topics import MONITOR_STATUS, Kind
from turbine.backlog import Backlog
from turbine.chaos import ChaosPlan
from turbine.life import Life
from turbine.outbox import DEFAULT_OUTBOX_SIZE, Forgotten, Monitor, Outbox
from turbine.outbox_file import OutboxFile
from turbine.pace import Pace, now_utc
from turbine.progress import Progress
from turbine.wire import new_wire

LAST_WORDS_SECONDS = 1.0
"""How long a goodbye may take that nobody asked for."""

MONITOR_PATIENCE_SECONDS = 10.0
"""How long the end of a life waits for a monitor that is online and acknowledges nothing."""


@dataclass(frozen=True, slots=True)
class Run:
    """What the turbines of one run share."""

    broker: Broker
    pace: Pace
    progress: Progress
    ramp: asyncio.Semaphore
    """How many may be on their way to the broker for the first time."""
    until: float | None = None
    """The run second at which readings end; None: with the life."""
    lossless: bool = False
    """A full outbox holds the life up; otherwise it gives up its oldest reading."""
    outbox_size: int = DEFAULT_OUTBOX_SIZE
    outbox_file: OutboxFile = field(default_factory=OutboxFile)
    """Has every reading before it is sent, or keeps nothing."""
    record: Callable[[TurbineMetrics], None] = lambda reading: None
    """Hears of every reading as it is emitted."""
    first_backoff_seconds: float = 0.25
    chaos: ChaosPlan | None = None
    """What happens to readings on their way to the wire."""


class TurbineClient:
    """Carries one life over MQTT, through losses of the broker, until the life ends or it is told to stop.

    Readings go into an outbox. They are sent in order as soon as there is a connection, and forgotten when the
    monitor has acknowledged them; what it does not acknowledge is sent again. So a reading may arrive twice, and is
    lost only if the outbox overflows or ends with the process: `outbox.given_up` and `undelivered` count these.
    """

    def __init__(self, life: Life, run: Run) -> None:
        self.life = life
        self.outbox = Outbox(life.session, run.outbox_size, lossless=run.lossless)
        self.backlog = Backlog()
        self._wire = new_wire(self.outbox, run.chaos, life.turbine_number, life.session)
        self._run = run
        self._connection_number = -1
        self._connected = False
        self._stopping = False
        self._lived = False
        self._hurried = False
        self._leaving = False
        self._was_half_open = False
        self._ramped = False
        self._progressed_at = -math.inf
        self._news = asyncio.Event()
        self._room = asyncio.Event()
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
        if self._living is not None:
            self._living.cancel()
        self._leave_if_unconnected()
        self._news.set()

    def hurry(self) -> None:
        """Wait for nothing any more: the goodbye comes next."""
        self._hurried = True
        self._news.set()

    # --- the life

    async def _live(self) -> None:
        """Take each reading when it is due."""
        try:
            while (due := self._next_due()) is not None:
                await asyncio.sleep(self._run.pace.delay(due))
                await self._wait_for_room()
                if self._next_due() == due:  # a repair may have come first, and taken the reading
                    self._produce()
            if self._run.until is not None and self.life.next_due() is not None:
                await asyncio.sleep(self._run.pace.delay(self._run.until))
        finally:
            self._lived = True
            self._wire.hurry()
            self._news.set()

    def _next_due(self) -> float | None:
        due = self.life.next_due()
        until = self._run.until
        return None if due is None or (until is not None and due >= until) else due

    async def _wait_for_room(self) -> None:
        """A lossless outbox that is full holds the life up."""
        while self._run.lossless and self.outbox.full:
            self._room.clear()
            await self._room.wait()

    def _produce(self) -> None:
        reading = self.life.produce_metrics()
        payload = reading.to_json()
        given_up = self.outbox.append(payload)
        self._run.outbox_file.keep(payload)
        self._run.record(reading)
        self._run.progress.reported(reading.turbine_number, reading.operational_status)
        self._note(given_up)
        self._news.set()

    def _note(self, forgotten: Sequence[Forgotten]) -> None:
        """Have it forgotten in the file too, and say what was given up."""
        for gone in forgotten:
            self._run.outbox_file.forget(self.life.turbine_number, gone.session, gone.sequence)
        if forgotten:
            self._run.progress.gave_up(self.life.turbine_number, self.outbox.given_up)
            self._room.set()

    # --- what it hears

    def _receive(self, message: Message) -> None:
        if message.topic == MONITOR_STATUS:
            self._hear_of_monitor(message)
        elif message.topic.endswith(Kind.ACKNOWLEDGED):
            self._forget_acknowledged(message)
        else:
            self.receive_repairs(message)

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
                self._note([forgotten])
            if self._lived:
                self._news.set()

    def receive_repairs(self, message: Message) -> None:
        """Obey an order from the repair topic; whatever is no `RepairCommand` is a plain order.

        A retained order is an old one, sent again at every connect: it is not obeyed, nor one that comes at the end.
        """
        if message.retain or self._stopping or self._leaving:
            return
        now = self._run.pace.now()
        self._catch_up(now)
        loop = asyncio.get_running_loop()
        for answer in self.life.repair(now, parse_command(message.payload)):
            loop.call_later(self._run.pace.delay(answer.due), self._answer, answer.result)

    def _catch_up(self, now: float) -> None:
        """Take the readings that were due before an order came: they must not show its effect."""
        while not self._run.lossless and (due := self._next_due()) is not None and due <= now:
            self._produce()

    def _answer(self, result: RepairResult) -> None:
        if not self._leaving:
            self.backlog.append(result.to_json(), before=self.outbox.end)
            self._news.set()

    # --- the connection

    async def _stay_connected(self) -> None:
        await self._run.ramp.acquire()
        try:
            await stay_connected(
                self._run.broker,
                self._serve,
                client_id=f"grid-turbine-{self.life.turbine_number}",
                deliver=self._receive,
                will=self._next_will,
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
            await self._publish_status(connection, self._birth())
            self._arrive()
            while not self._is_done():
                await self._send_news(connection)
            self._leaving = True
            await self._publish_status(connection, self._goodbye())
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
        if not self._lived or self._hurried:
            return self._lived
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
            self._room.set()
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
                await self._publish_status(connection, self._goodbye())

    # --- the statuses

    async def _publish_status(self, connection: Connection, status: TurbineStatus) -> None:
        await connection.publish(Kind.STATUS.of(self.life.turbine_number), status.to_json(), retain=True)

    def _birth(self) -> TurbineStatus:
        return self._status(Presence.ONLINE, at=now_utc(), **asdict(self.life.nameplate))

    def _goodbye(self) -> TurbineStatus:
        return self._status(Presence.OFFLINE, reason=OfflineReason.STOPPED, at=now_utc())

    def _next_will(self) -> Will:
        """The will of the next connection: its number tells it from the wills of earlier ones."""
        self._connection_number += 1
        lost = self._status(Presence.OFFLINE, reason=OfflineReason.LOST)
        return Will(Kind.STATUS.of(self.life.turbine_number), lost.to_json())

    def _status(self, status: Presence, **fields: object) -> TurbineStatus:
        told = {"status": status, "session": self.life.session, "connection": self._connection_number, **fields}
        return TurbineStatus.model_validate(told)


def parse_command(payload: bytes) -> RepairCommand | None:
    """Read an order; None for a plain one, which is every payload that is not a `RepairCommand`."""
    try:
        return RepairCommand.model_validate_json(payload)
    except ValidationError:
        return None
