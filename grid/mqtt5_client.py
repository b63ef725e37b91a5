"""A client on the codec mqtt5, for one connection: reads into one buffer, delivers and acknowledges in bulk."""

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Iterable, Sequence
from typing import TypeVar, cast

from grid import broker_words as words
from grid.answers import Answers
from grid.broker import (
    ANSWER_TIMEOUT_SECONDS,
    CONNECT_TIMEOUT_SECONDS,
    HANG_UP_SECONDS,
    Broker,
    BrokerLostError,
    Message,
    Session,
    Will,
)
from grid.client import Deliver, Publication
from grid.dial import dial
from grid.keep_alive import Due, KeepAlive
from grid.mqtt5_protocol import Answer, Mqtt5Protocol

T = TypeVar("T")

MOST_UNSENT_BYTES = 4 * 1024 * 1024
"""Of a broker that sends and does not read: what we owe it must not pile up. All we ever have to say at once fits."""


class Mqtt5Client(asyncio.BufferedProtocol):
    """A thin shell of Mqtt5Protocol: the socket, the clock, and the tasks that wait for an answer.

    Fulfils grid.client.Client. `deliver` hears of the messages of one read at once.
    """

    def __init__(
        self,
        broker: Broker,
        tls: ssl.SSLContext | None,
        client_id: str,
        deliver: Deliver | None,
        will: Will | None,
        session: Session,
    ) -> None:
        self.session_present = False
        self._loop = asyncio.get_running_loop()
        self._broker = broker
        self._tls = tls
        self._deliver = deliver
        self._manual_acknowledgement = session.manual_acknowledgement
        self._protocol = Mqtt5Protocol()
        self._connect = self._protocol.connect(broker, client_id, will, session)
        self._transport: asyncio.Transport | None = None
        self._answered = asyncio.Event()  # the broker let us in, or the attempt is over
        self._ended = asyncio.Event()
        self._closed = asyncio.Event()
        self._because = ""
        self._line_error: Exception | None = None
        self._failure: Exception | None = None  # what `deliver` raised
        self._answers = Answers()
        self._quota = asyncio.Event()
        self._wants_pause = False
        self._frozen = False
        self._writable = True
        self._keep_alive = KeepAlive(0)
        self._next_tick: asyncio.TimerHandle | None = None

    # --- coming and going

    async def enter(self) -> None:
        """Connect, and wait for the CONNACK. Raises BrokerLostError, its subclasses where the broker answered."""
        await self._open_line()
        try:
            await self._be_let_in()
        except BaseException:  # also cancelled in the very turn of the CONNACK
            self.drop()
            raise

    async def _open_line(self) -> None:
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_SECONDS):
                line = await dial(self._loop, self._broker, within_seconds=CONNECT_TIMEOUT_SECONDS)
                host = self._broker.host if self._tls is not None else None
                await self._loop.create_connection(lambda: self, sock=line, ssl=self._tls, server_hostname=host)
        except (OSError, UnicodeError) as error:
            raise words.unreachable(self._broker, error) from error

    async def _be_let_in(self) -> None:
        self._write(self._connect)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CONNECT_TIMEOUT_SECONDS):
                await self._answered.wait()
        if not self._protocol.is_open:
            raise self._refusal()
        self.session_present = self._protocol.session_present

    def _refusal(self) -> BrokerLostError:
        code = self._protocol.refusal
        if code is not None:
            return words.refused(self._broker, code, words.reason(code))
        if isinstance(self._line_error, ssl.SSLError):  # TLS 1.3 says only after the handshake what it does not like
            return words.unreachable(self._broker, self._line_error)
        return words.unanswered(self._broker)

    async def lost(self) -> None:
        """Wait until the connection breaks, and raise BrokerLostError then, or what `deliver` raised."""
        await self._ended.wait()
        raise self._failure or words.lost(self._because)

    def drop(self) -> None:
        """Close the connection at once, without a DISCONNECT."""
        self._end("")

    async def leave(self) -> None:
        """Say DISCONNECT if the connection still stands, and close it in any case.

        The broker closes the line. If we did, what it still sends would be answered by a reset, over which it
        forgets what it has not read: our last PUBACKs, and the DISCONNECT, so that the will follows the goodbye.
        """
        if self._ended.is_set():
            return
        self._deliver = None
        self.resume_reading()
        self._write(self._protocol.disconnect())
        try:
            with contextlib.suppress(TimeoutError):  # it has had its chance
                async with asyncio.timeout(HANG_UP_SECONDS):
                    await self._closed.wait()
        finally:
            self.drop()

    def _end(self, because: str, failure: Exception | None = None) -> None:
        """Close the line, and let everybody know who waits for something. Only the first reason counts."""
        if self._ended.is_set():
            return
        self._because, self._failure = because, failure
        for event in (self._ended, self._answered, self._quota):
            event.set()
        if self._next_tick is not None:
            self._next_tick.cancel()
        if self._transport is not None:
            self._transport.abort()
        self._answers.lose(because)

    # --- what callers ask for

    async def listen(self, topic_filters: Sequence[str], qos: int) -> list[int]:
        """Subscribe; returns the SUBACK's reason codes."""
        self._raise_if_lost()
        return await self._ask(*self._protocol.subscribe(topic_filters, qos))

    async def send(self, publication: Publication) -> int:
        """Publish; returns the PUBACK's reason code, 0 at QoS 0. Waits its turn under the broker's Receive Maximum."""
        self._raise_if_lost()
        if not self._protocol.fits(publication):
            return words.PACKET_TOO_LARGE
        if publication.qos == 0:
            self._write(self._protocol.publish_unanswered(publication))
            return 0
        while not self._protocol.may_publish:
            self._quota.clear()
            await self._in_time(self._quota.wait())
            self._raise_if_lost()
        [code] = await self._ask(*self._protocol.publish(publication))
        return code

    async def _ask(self, packet_id: int, packet: bytes) -> list[int]:
        """Send what the broker answers, and wait for that. Its packet id stays in use till then, even if we do not."""
        answer = self._answers.expect(packet_id)
        self._write(packet)
        self._mind_pause()
        return await self._in_time(answer)

    async def _in_time(self, answer: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_SECONDS):
                return await answer
        except TimeoutError:
            self._end(words.NO_ANSWER)  # whoever asked gives up what it asked about: so must everybody
            raise words.lost(words.NO_ANSWER) from None

    def _raise_if_lost(self) -> None:
        if self._ended.is_set():
            raise words.lost(self._because)

    def tell(self, messages: Iterable[tuple[str, bytes]]) -> None:
        """Publish at QoS 0, unless the broker takes no more just now."""
        if self._writable:
            self._write(self._protocol.tell(messages))

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """Send the PUBACKs in one write."""
        self._write(self._protocol.acknowledge(messages))

    def pause_reading(self) -> None:
        """Read no more, but for an answer that is awaited: a caller would else hang behind its own pause."""
        self._wants_pause = True
        self._mind_pause()

    def resume_reading(self) -> None:
        """Read again."""
        self._wants_pause = False
        self._mind_pause()

    def freeze(self) -> None:
        """Neither read nor write any more, nor keep alive, and close nothing."""
        self._frozen = True
        if self._next_tick is not None:
            self._next_tick.cancel()
        self._mind_pause()

    @property
    def _is_reading(self) -> bool:
        return not self._frozen and (not self._wants_pause or self._answers.are_open)

    def _mind_pause(self) -> None:
        if self._transport is None:
            return
        if self._is_reading:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    def _write(self, packets: bytes) -> None:
        if packets and self._transport is not None and not self._ended.is_set() and not self._frozen:
            self._keep_alive.said = True
            self._transport.write(packets)
            if self._transport.get_write_buffer_size() > MOST_UNSENT_BYTES:
                self._end(words.TAKES_NOTHING)

    # --- what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """There is a line, with TLS if that is wanted."""
        self._transport = cast("asyncio.Transport", transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Say where to put what is read."""
        return self._protocol.room

    def buffer_updated(self, nbytes: int) -> None:
        """Hand on what was read."""
        self._keep_alive.heard = True
        received = self._protocol.received(nbytes)
        if self._protocol.is_open and not self._answered.is_set():
            self._answered.set()
            self._begin_keep_alive()
        if received.messages:
            self._hand_on(received.messages)
        if received.answers:
            self._pass_on(received.answers)
        if self._protocol.ended is not None:
            self._end(self._protocol.ended)

    def _hand_on(self, messages: Sequence[Message]) -> None:
        if self._deliver is None:
            return
        try:
            self._deliver(messages)
        except Exception as error:
            self._end("", error)
            return
        if not self._manual_acknowledgement:
            self.acknowledge(messages)

    def _pass_on(self, answers: Iterable[Answer]) -> None:
        for packet_id, codes in answers:
            self._answers.take(packet_id, codes)
        self._quota.set()
        self._mind_pause()

    def pause_writing(self) -> None:
        """The broker takes less than we say."""
        self._writable = False

    def resume_writing(self) -> None:
        """It has caught up."""
        self._writable = True

    def connection_lost(self, exc: Exception | None) -> None:
        """The line is closed, by whomever."""
        self._line_error = exc
        self._end("")
        self._closed.set()

    # --- keep-alive

    def _begin_keep_alive(self) -> None:
        self._keep_alive = KeepAlive(self._protocol.keep_alive_seconds)
        self._await_tick()

    def _await_tick(self) -> None:
        if self._keep_alive.tick_seconds:
            self._next_tick = self._loop.call_later(self._keep_alive.tick_seconds, self._tick)

    def _tick(self) -> None:
        due = self._keep_alive.tick(reading=self._is_reading)
        if due is Due.LOSS:
            self._end(words.reason(words.KEEP_ALIVE_TIMEOUT))
            return
        if due is Due.PING:
            self._write(self._protocol.ping())
        self._await_tick()
