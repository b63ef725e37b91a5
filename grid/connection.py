"""The connection to the broker: made, kept, and made anew.

A caller names a broker, a client id, a will and what to do while connected; `stay_connected` makes a fresh client
for every connection, comes back after a loss with jittered back-off, and speaks MQTT 5, or 3.1.1 where the
broker knows no better.
"""

import asyncio
import contextlib
import functools
import math
import random
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass

from grid.broker import Broker, BrokerLostError, BrokerRefusedError, Message, PlainMessage, Protocol, Session, Tls, Will
from grid.broker_words import UnknownProtocolError
from grid.client import Client, Connection, Deliver
from grid.error_groups import first_error
from grid.tls import tls_context

__all__ = [
    "Backoff",
    "Broker",
    "BrokerLostError",
    "BrokerRefusedError",
    "Connection",
    "Message",
    "PlainMessage",
    "Protocol",
    "Serve",
    "Session",
    "Tls",
    "Will",
    "connect_once",
    "stay_connected",
]

_CLEAN_SESSION = Session()
_STEADY_SECONDS = 1.0
"""A connection that lasted this long was a success: what follows it begins with the shortest delay."""

Serve = Callable[[Connection], Awaitable[None]]


@dataclass(slots=True)
class Backoff:
    """How long to wait before the next attempt: doubling, capped, and drawn at random so that a fleet spreads."""

    first_seconds: float = 0.25
    cap_seconds: float = 10.0
    attempts: int = 0

    def next_delay(self) -> float:
        """Seconds to wait before the next attempt."""
        ceiling = min(self.cap_seconds, self.first_seconds * 2.0**self.attempts)
        self.attempts = min(self.attempts + 1, 30)
        return random.uniform(ceiling / 2, ceiling)

    def reset(self) -> None:
        """Begin again: the last attempt succeeded."""
        self.attempts = 0


async def stay_connected(
    broker: Broker,
    serve: Serve,
    *,
    client_id: str,
    deliver: Callable[[Message], None] | None = None,
    deliver_all: Deliver | None = None,
    will: Callable[[], Will | None] = lambda: None,
    session: Session = _CLEAN_SESSION,
    on_lost: Callable[[str, float], None] = lambda reason, delay: None,
    backoff: Backoff | None = None,
    prepare: Callable[[], Awaitable[None]] | None = None,
    in_bulk: bool = False,
) -> None:
    """Connect, run `serve` with the connection, and connect anew whenever it breaks, until `serve` returns.

    `serve` is cancelled when the connection is lost; when it returns, a clean DISCONNECT follows (which discards
    the will: publish a goodbye first). `deliver` is called with each message as it arrives, in order, or
    `deliver_all` with those of each read; both must not block. `in_bulk` speaks MQTT 5 through the codec mqtt5,
    for many thousands of messages a second; else, and in MQTT 3.1.1, aiomqtt carries the connection.
    `will` is asked before each attempt, and `prepare` is awaited: if it loses the broker, the attempt has failed.
    `on_lost` hears each loss or failed attempt with the reason and the seconds until the next attempt.

    Cancellation ends it. Any error of `serve`, `deliver` or `prepare` but BrokerLostError ends it too, and is raised
    as it was, not in a group of one. Raises OSError for TLS files that can't be used.
    """
    backoff = backoff or Backoff()
    protocols = _Protocols(broker.protocol)
    entry = _Entry(
        broker, tls_context(broker.tls), client_id, _receiver(deliver, deliver_all), session, in_bulk=in_bulk
    )
    clock = asyncio.get_running_loop().time
    while True:
        steady_at = math.inf
        try:
            if prepare is not None:
                await prepare()
            async with _connect(entry, protocols, will()) as connection:
                steady_at = clock() + _STEADY_SECONDS
                await _serve_until_lost(connection, serve, client_id)
                return
        except BrokerLostError as loss:
            reason = str(loss)
        if clock() >= steady_at:
            backoff.reset()
        delay = backoff.next_delay()
        on_lost(reason, delay)
        await asyncio.sleep(delay)


async def _serve_until_lost(connection: Connection, serve: Serve, client_id: str) -> None:
    """Run `serve` while the connection holds. Raises BrokerLostError if it breaks, else what `serve` raised."""
    # Not a TaskGroup: before Python 3.13 it drops a cancellation for an error, and we would go on and connect again.
    serving = asyncio.create_task(_run(serve, connection), name=f"{client_id}: serve")
    watch = asyncio.create_task(connection.lost(), name=f"{client_id}: watch the connection")
    both = (serving, watch)
    try:
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in both:
            task.cancel()
        await asyncio.wait(both)
        errors = [error for task in both if not task.cancelled() and (error := task.exception())]
        for error in errors:
            _raise_unless_lost(error)
    if serving.cancelled() and not errors:
        raise asyncio.CancelledError
    if serving.cancelled() or serving.exception():
        raise first_error(errors[-1])  # the watch knows why, if the connection broke


async def _run(serve: Serve, connection: Connection) -> None:
    await serve(connection)


def _raise_unless_lost(error: BaseException) -> None:
    """Raise what is no loss of the broker. Losses may come in the groups that task groups make."""
    if isinstance(error, BaseExceptionGroup):
        _, others = error.split(BrokerLostError)
        if others is not None:
            raise others
    elif not isinstance(error, BrokerLostError):
        raise error


@contextlib.asynccontextmanager
async def connect_once(
    broker: Broker,
    *,
    client_id: str,
    deliver: Callable[[Message], None] | None = None,
    in_bulk: bool = False,
) -> AsyncIterator[Connection]:
    """One connection without a will and without a second attempt. Raises BrokerLostError if it fails."""
    protocols = _Protocols(broker.protocol)
    entry = _Entry(
        broker, tls_context(broker.tls), client_id, _receiver(deliver, None), _CLEAN_SESSION, in_bulk=in_bulk
    )
    while True:
        try:
            async with _connect(entry, protocols, None) as connection:
                yield connection
                return
        except UnknownProtocolError:
            if not protocols.may_fall_back:
                raise


class _Protocols:
    """Which version to try next: 5 until a broker does not answer to it, then 3.1.1, and so on in turn.

    A broker that once answered to 5 is not asked in 3.1.1 again: it may only be stopped, or slow.
    """

    def __init__(self, wanted: Protocol) -> None:
        self._wanted = wanted
        self.current = Protocol.V311 if wanted is Protocol.V311 else Protocol.V5
        self.may_fall_back = wanted is Protocol.AUTO

    def answered(self) -> None:
        if self._wanted is Protocol.AUTO and self.current is Protocol.V5:
            self._wanted = Protocol.V5
            self.may_fall_back = False

    def refused(self) -> None:
        if self._wanted is Protocol.AUTO:
            self.may_fall_back = self.current is Protocol.V5
            self.current = Protocol.V311 if self.current is Protocol.V5 else Protocol.V5


@dataclass(frozen=True, slots=True)
class _Entry:
    """What stays the same from one attempt to the next."""

    broker: Broker
    tls: ssl.SSLContext | None
    client_id: str
    deliver: Deliver | None
    session: Session
    in_bulk: bool

    def client(self, protocol: Protocol, will: Will | None) -> Client:
        """A fresh client. Its library is imported here, so that a process loads only what it needs."""
        if self.in_bulk and protocol is Protocol.V5:
            from grid.mqtt5_client import Mqtt5Client

            return Mqtt5Client(self.broker, self.tls, self.client_id, self.deliver, will, self.session)
        from grid.mqtt_client import MqttClient

        return MqttClient(self.broker, protocol, self.tls, self.client_id, self.deliver, will, self.session)


def _receiver(deliver: Callable[[Message], None] | None, deliver_all: Deliver | None) -> Deliver | None:
    return functools.partial(_one_by_one, deliver) if deliver is not None else deliver_all


def _one_by_one(deliver: Callable[[Message], None], messages: Sequence[Message]) -> None:
    for message in messages:
        deliver(message)


@contextlib.asynccontextmanager
async def _connect(entry: _Entry, protocols: _Protocols, will: Will | None) -> AsyncIterator[Connection]:
    protocol = protocols.current
    client = entry.client(protocol, will)
    try:
        await client.enter()
    except UnknownProtocolError:
        protocols.refused()
        raise
    protocols.answered()
    try:
        yield Connection(client, protocol)
    except BrokerLostError:
        client.drop()  # without a DISCONNECT, so that the will is published should we not come back
        raise
    finally:
        await client.leave()
