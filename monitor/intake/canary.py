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
from grid.topics import MONITOR_CANARY

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


async def ask_around(broker: Broker) -> Echo:
    """Ask who is there, over a connection of its own. Raises BrokerLostError where no broker answers."""
    nonce = secrets.token_hex(8)
    answers: asyncio.Queue[CanaryCall] = asyncio.Queue()

    def deliver(message: Message) -> None:
        with contextlib.suppress(ValidationError):
            call = CanaryCall.model_validate_json(message.payload[:MAX_CANARY_BYTES])
            if call.nonce == nonce:
                answers.put_nowait(call)

    heard, monitor = False, None
    async with connect_once(broker, client_id=f"grid-canary-{nonce}", deliver=deliver) as connection:
        await connection.subscribe(MONITOR_CANARY, qos=0)
        question = CanaryCall(kind="question", nonce=nonce, monitor=own_name())
        await connection.publish(MONITOR_CANARY, question.to_json())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HEARD_WITHIN_SECONDS):
                while monitor is None:
                    call = await answers.get()
                    heard = True
                    monitor = call.monitor if call.kind == "answer" else None
    return Echo(heard, monitor)
