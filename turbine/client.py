"""One turbine on MQTT: birth, readings, repairs, goodbye."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import asdict, dataclass

from pydantic import ValidationError

from grid.connection import Backoff, Broker, BrokerLostError, Connection, Message, Will, stay_connected
from grid.metrics import TurbineMetrics
from grid.repair import RepairCommand, RepairResult
from grid.status import OfflineReason, Presence, TurbineStatus
from grid.topics import Kind
from turbine.backlog import DEFAULT_BACKLOG, Backlog
from turbine.life import Life
from turbine.pace import Pace, now_utc
from turbine.progress import Progress

LAST_WORDS_SECONDS = 1.0
"""How long a goodbye may take that nobody asked for."""


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
    """A full backlog holds the life up; otherwise it drops its oldest reading."""
    backlog_size: int = DEFAULT_BACKLOG
    record: Callable[[TurbineMetrics], None] = lambda reading: None
    """Hears of every reading as it is emitted."""
    first_backoff_seconds: float = 0.25


class TurbineClient:
    """Carries one life over MQTT, through losses of the broker, until the life ends or it is told to stop.

    While the connection is away readings go on, into a bounded backlog that is sent in order when it returns.
    A reading leaves the backlog when the broker has acknowledged it, so it may arrive twice, and is lost only if
    the backlog overflows, or at a stop that can't wait: `backlog.dropped` counts these.
    """

    def __init__(self, life: Life, run: Run) -> None:
        self.life = life
        self.backlog = Backlog(run.backlog_size, lossless=run.lossless)
        self._run = run
        self._connection_number = -1
        self._connected = False
        self._stopping = False
        self._lived = False
        self._leaving = False
        self._ramped = False
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._living: asyncio.Task[None] | None = None
        self._connecting: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Live and report until the life is over and all is acknowledged, or until `stop`; then say goodbye."""
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

    def give_up_backlog(self) -> None:
        """Let go of what is not sent yet, so that the goodbye comes next."""
        self.backlog.clear()
        self._news.set()

    # --- the life

    async def _live(self) -> None:
        """Take each reading when it is due."""
        try:
            while (due := self._next_due()) is not None:
                await asyncio.sleep(self._run.pace.delay(due))
                if self._run.lossless:
                    await self._room.wait()
                if self._next_due() == due:  # a repair may have come first, and taken the reading
                    self._produce()
            if self._run.until is not None and self.life.next_due() is not None:
                await asyncio.sleep(self._run.pace.delay(self._run.until))
        finally:
            self._lived = True
            self._news.set()

    def _next_due(self) -> float | None:
        due = self.life.next_due()
        until = self._run.until
        return None if due is None or (until is not None and due >= until) else due

    def _produce(self) -> None:
        reading = self.life.produce_metrics()
        self._run.record(reading)
        self._run.progress.reported(reading.turbine_number, reading.operational_status)
        self._enqueue(Kind.METRICS, reading.to_json())

    def _enqueue(self, kind: Kind, payload: bytes) -> None:
        self.backlog.append(kind.of(self.life.turbine_number), payload)
        if self.backlog.full:
            self._room.clear()
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
            self._enqueue(Kind.REPAIR_RESULT, result.to_json())

    # --- the connection

    async def _stay_connected(self) -> None:
        await self._run.ramp.acquire()
        try:
            await stay_connected(
                self._run.broker,
                self._serve,
                client_id=f"grid-turbine-{self.life.turbine_number}",
                deliver=self.receive_repairs,
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
            await connection.subscribe(Kind.REPAIR.of(self.life.turbine_number))
            await self._publish_status(connection, self._birth())
            self._arrive()
            while not (self._lived and len(self.backlog) == 0):
                await self._send_news(connection)
            self._leaving = True
            await self._publish_status(connection, self._goodbye())
        except asyncio.CancelledError:
            await self._last_words(connection)
            raise
        finally:
            self._depart()

    async def _send_news(self, connection: Connection) -> None:
        self._news.clear()
        while len(self.backlog) > 0:
            topic, payload = self.backlog.take()
            try:
                await connection.publish(topic, payload)
            except BaseException:  # also when the connection is lost, which cancels us
                self.backlog.put_back(topic, payload)
                raise
            if not self.backlog.full:
                self._room.set()
            if topic.endswith(Kind.METRICS):
                self._run.progress.delivered()
        if not self._lived:
            await self._news.wait()

    def _arrive(self) -> None:
        self._connected = True
        self._leave_ramp()
        self._run.progress.found()

    def _depart(self) -> None:
        if self._connected:
            self._connected = False
            self._run.progress.left()

    def _on_lost(self, reason: str, delay: float) -> None:
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
