"""What a monitor says to itself through the broker, to learn whether it is heard and whether it is alone.

An access rule that denies is silent: the broker grants a subscription and delivers nothing. And two monitors on
one broker would send engineers against each other. Both are asked on one topic, `grid/monitor/canary`.
"""

import asyncio
import contextlib
import os
import secrets
import socket
from typing import Literal, NamedTuple

from pydantic import ValidationError

from grid.canary import MAX_CANARY_BYTES, CanaryCall
from grid.connection import Broker, Connection, Message, connect_once
from grid.status import MAX_STATUS_BYTES, MonitorStatus, Presence
from grid.topics import MONITOR_CANARY, MONITOR_STATUS

HEARD_WITHIN_SECONDS = 2.0


def own_name() -> str:
    """Name the own process in words that a person can use to find it."""
    return f"process {os.getpid()} on {socket.gethostname()}"[:64]


class Canary:
    """One monitor's side: hears its own question, and answers those of others."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._nonce = secrets.token_hex(8)
        self._heard = asyncio.Event()
        self._questions: asyncio.Queue[str] = asyncio.Queue(maxsize=100)

    def take(self, message: Message) -> None:
        """Look at a message of the canary's topic; what is not a call is ignored."""
        try:
            call = CanaryCall.model_validate_json(message.payload[:MAX_CANARY_BYTES])
        except ValidationError:
            return
        if call.nonce == self._nonce:
            self._heard.set()
        elif call.kind == "question" and not message.retain:
            with contextlib.suppress(asyncio.QueueFull):  # a flood of questions may go without answers
                self._questions.put_nowait(call.nonce)

    async def is_heard(self, connection: Connection) -> bool:
        """Ask, and tell whether the question came back in time."""
        self._heard.clear()
        await connection.publish(MONITOR_CANARY, self._call("question", self._nonce))
        try:
            async with asyncio.timeout(HEARD_WITHIN_SECONDS):
                return await self._heard.wait()
        except TimeoutError:
            return False

    def sign_of_life(self) -> bytes:
        """A call that nobody answers: its PUBACK is what matters."""
        return self._call("answer", self._nonce)

    async def answer(self, connection: Connection) -> None:
        """Answer the questions of others, until cancelled."""
        while True:
            nonce = await self._questions.get()
            await connection.publish(MONITOR_CANARY, self._call("answer", nonce))

    def _call(self, kind: Literal["question", "answer"], nonce: str) -> bytes:
        return CanaryCall(kind=kind, nonce=nonce, monitor=self._name).to_json()


class Echo(NamedTuple):
    """What came back to a question from outside."""

    heard: bool
    """Whether the broker let the question through in both directions."""
    monitor: str | None
    """The monitor that answered, in words; None if there is none."""


async def ask_around(broker: Broker, *, own_lock_id: str | None = None) -> Echo:
    """Ask who is there, over a connection of its own. Raises BrokerLostError where no broker answers.

    An answer is waited for only where the retained status says that a monitor is online; and not if that one held
    the lock `own_lock_id`, which the caller holds now: then it is dead, and its will is on the way.
    """
    question = CanaryCall(kind="question", nonce=secrets.token_hex(8), monitor=own_name())
    inquiry = _Inquiry(question.nonce)
    name = f"grid-canary-{secrets.token_hex(8)}"  # not the nonce: who hears that could throw this connection out
    async with connect_once(broker, client_id=name, deliver=inquiry.take, in_bulk=True) as connection:
        await connection.subscribe(MONITOR_STATUS, MONITOR_CANARY, qos=0)
        await connection.publish(MONITOR_CANARY, question.to_json())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HEARD_WITHIN_SECONDS):
                await inquiry.heard.wait()  # by then the retained status is here: it was sent before
                if inquiry.says_online_except(own_lock_id):
                    await inquiry.answered.wait()
    return Echo(inquiry.heard.is_set(), inquiry.monitor)


class _Inquiry:
    """Collects what comes back to one question."""

    def __init__(self, nonce: str) -> None:
        self.heard = asyncio.Event()
        self.answered = asyncio.Event()
        self.monitor: str | None = None
        self._nonce = nonce
        self._status: MonitorStatus | None = None

    def take(self, message: Message) -> None:
        with contextlib.suppress(ValidationError):
            if message.topic == MONITOR_STATUS:
                self._status = MonitorStatus.from_payload(message.payload[:MAX_STATUS_BYTES])
            else:
                self._hear(CanaryCall.model_validate_json(message.payload[:MAX_CANARY_BYTES]))

    def says_online_except(self, lock_id: str | None) -> bool:
        status = self._status
        if status is None or status.status is Presence.OFFLINE:
            return False
        return lock_id is None or status.lock_id != lock_id

    def _hear(self, call: CanaryCall) -> None:
        if call.nonce != self._nonce:
            return
        self.heard.set()
        if call.kind == "answer":
            self.monitor = call.monitor
            self.answered.set()
