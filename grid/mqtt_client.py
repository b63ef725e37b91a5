"""A client on aiomqtt, for one connection: the only module that knows it and paho."""

import asyncio
import contextlib
import logging
import math
import os
import socket
import ssl
from collections.abc import Awaitable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

import aiomqtt
from paho.mqtt.client import MQTT_CLEAN_START_FIRST_ONLY, ConnectFlags, DisconnectFlags, MQTTMessage, error_string
from paho.mqtt.client import Client as PahoClient
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from grid.broker import (
    ANSWER_TIMEOUT_SECONDS,
    CONNECT_TIMEOUT_SECONDS,
    HANG_UP_SECONDS,
    KEEP_ALIVE_SECONDS,
    Broker,
    BrokerLostError,
    Message,
    PlainMessage,
    Protocol,
    Session,
    Will,
)
from grid.broker_words import MALFORMED, NO_ANSWER, lost, refused, unanswered, unreachable
from grid.client import Deliver, Publication
from grid.mqtt_limits import limit
from grid.mqtt_properties import connect_properties, publish_properties, will_properties
from grid.tls import TlsSocket

logger = logging.getLogger(__name__)
logger.addHandler(logging.NullHandler())  # paho tells of every loss, for which we raise: a terminal need not see both

T = TypeVar("T")


@contextlib.contextmanager
def _as_broker_lost() -> Iterator[None]:
    try:
        yield
    except aiomqtt.MqttError as error:
        raise lost(_words(error)) from error


def _words(error: aiomqtt.MqttError) -> str:
    cause = error.__cause__ or error  # aiomqtt keeps the reason for a disconnection behind its own error
    if isinstance(cause, aiomqtt.MqttCodeError):
        return error_string(cause.rc) if isinstance(cause.rc, MQTTErrorCode) else str(cause.rc)
    if not isinstance(cause, aiomqtt.MqttError | OSError):  # whatever paho's parser stumbled over
        return MALFORMED
    return str(cause)


def _value(code: object) -> int:
    return code.value if isinstance(code, ReasonCode) else int(str(code))


class MqttClient(aiomqtt.Client):
    """aiomqtt's client, with what 2.5 keeps to itself.

    What is overridden is private in 2.5 (the version is pinned, and tests/grid/test_connection.py watches it): it
    gives session_present, delivers without a task for each message, acknowledges when the caller says so, tells
    when the broker refuses what is published, notices a broker that takes our CONNECT and gives no CONNACK, and
    leaves no socket, task or thread behind when an attempt fails or is cancelled, nor a watch on a closed socket.
    """

    def __init__(
        self,
        broker: Broker,
        protocol: Protocol,
        tls: ssl.SSLContext | None,
        client_id: str,
        deliver: Deliver | None,
        will: Will | None,
        session: Session,
    ) -> None:
        v5 = protocol is Protocol.V5
        super().__init__(
            broker.host,
            broker.port,
            username=broker.username,
            password=broker.password,
            logger=logger,
            identifier=client_id,
            protocol=aiomqtt.ProtocolVersion.V5 if v5 else aiomqtt.ProtocolVersion.V311,
            will=_aiomqtt_will(will, v5=v5),
            clean_session=None if v5 else session.clean_start,
            clean_start=session.clean_start if v5 else MQTT_CLEAN_START_FIRST_ONLY,
            properties=connect_properties(session) if v5 else None,
            keepalive=KEEP_ALIVE_SECONDS,
            timeout=ANSWER_TIMEOUT_SECONDS,
            max_inflight_messages=100,
            tls_context=tls,
        )
        self.session_present = False
        self._line: TlsSocket | None = None
        self.unanswered = False
        """The broker took the connection, and gave no CONNACK yet."""
        self.failure: Exception | None = None
        """What `deliver` raised."""
        self._abandoned = False
        self._frozen = False
        self._v5 = v5
        self._broker = broker
        self._deliver = deliver
        self._pubacks: dict[int, asyncio.Future[ReasonCode]] = {}
        self._client.connect_timeout = CONNECT_TIMEOUT_SECONDS
        self._client.manual_ack_set(session.manual_acknowledgement)
        limit(self._client, lambda because: self._give_up(aiomqtt.MqttError(because)))
        for future in (self._connected, self._disconnected):
            future.add_done_callback(_see)

    async def enter(self) -> None:
        """Connect, in place of `__aenter__`. Raises BrokerLostError, its subclasses where the broker answered."""
        connecting = self._loop.run_in_executor(None, self._client_connect)
        entered = False
        try:
            await asyncio.wait([connecting])
            connecting.result()
            await self._connack()
            entered = True
        except aiomqtt.MqttError as error:
            raise self._refusal(error) from error
        except (OSError, UnicodeError) as error:
            raise unreachable(self._broker, error) from error
        finally:
            if not entered:  # it may have been cancelled in the very turn of the CONNACK
                self._abandoned = True
                await asyncio.wait([connecting])  # a thread can't be cancelled, and what it opens must be closed
                _see(connecting)
                self.drop()

    def _refusal(self, error: aiomqtt.MqttError) -> BrokerLostError:
        if self._line is not None and isinstance(self._line.failure, ssl.SSLError):
            return unreachable(self._broker, self._line.failure)
        if self.unanswered:
            return unanswered(self._broker)
        code = _value(error.rc) if isinstance(error, aiomqtt.MqttCodeError) and error.rc is not None else None
        return refused(self._broker, code, _words(error))

    async def _connack(self) -> None:
        answers = (self._connected, self._disconnected)
        await asyncio.wait(answers, timeout=CONNECT_TIMEOUT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if not self._connected.done():
            raise aiomqtt.MqttError("no CONNACK")
        self._connected.result()

    async def lost(self) -> None:
        """Wait until the connection breaks, and raise BrokerLostError then, or what `deliver` raised."""
        await asyncio.wait([self._disconnected])
        if self.failure is not None:
            raise self.failure
        with _as_broker_lost():
            raise aiomqtt.MqttError("disconnected") from self._disconnected.exception()

    async def leave(self) -> None:
        """Say DISCONNECT if the connection still stands, and close it in any case."""
        try:
            if not self._abandoned and (line := self._client.socket()) is not None:
                await self._hang_up(line.fileno())
        except (aiomqtt.MqttError, OSError):
            logger.debug("the broker did not take our DISCONNECT")
        finally:
            self.drop()

    async def _hang_up(self, descriptor: int) -> None:
        """Say DISCONNECT, and keep the line open until the broker closes it.

        paho closes it at once. What the broker then still sends is answered by a reset, over which it forgets what
        it has not read: our last PUBACKs, and the DISCONNECT, so that the will follows the goodbye.
        """
        with socket.socket(fileno=os.dup(descriptor)) as line:
            line.setblocking(False)
            await self.__aexit__(None, None, None)
            async with asyncio.timeout(HANG_UP_SECONDS):
                while await self._loop.sock_recv(line, 4096):
                    pass

    def drop(self) -> None:
        """Close the socket at once, without a DISCONNECT."""
        self._abandoned = True
        self._client._sock_close()

    def _client_connect(self) -> None:
        if not self._abandoned:  # cancelled while it waited for a free thread
            super()._client_connect()

    async def _wait_for(self, fut: Awaitable[T], timeout: float | None) -> T:  # noqa: ASYNC109 - aiomqtt's signature
        """Wait for an answer of the broker, as long as there is a connection that can bring it.

        aiomqtt waits on when the connection is lost, until the time is over. And asyncio.wait_for, which it uses,
        swallows a cancellation that comes together with the answer (CPython before 3.12).
        """
        seconds = self.timeout if timeout is None else timeout
        answer = asyncio.ensure_future(fut)
        try:
            async with asyncio.timeout(None if seconds == math.inf else seconds):
                await asyncio.wait((answer, self._disconnected), return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            raise self._give_up(aiomqtt.MqttError(NO_ANSWER)) from None
        finally:
            if not answer.done():
                answer.cancel()
        if answer.cancelled() or not answer.done():
            raise aiomqtt.MqttError("no answer comes any more")
        return answer.result()

    def _give_up(self, error: aiomqtt.MqttError) -> aiomqtt.MqttError:
        """Let everybody know that the connection is lost, and why."""
        if not self._disconnected.done():
            self._disconnected.set_exception(error)
        return error

    async def listen(self, topic_filters: Sequence[str], qos: int) -> list[int]:
        """Subscribe, in place of `subscribe`; returns the SUBACK's reason codes."""
        wanted: list[Any] = [(name, SubscribeOptions(qos=qos) if self._v5 else qos) for name in topic_filters]
        with _as_broker_lost():
            return [_value(code) for code in await self.subscribe(wanted)]

    async def send(self, publication: Publication) -> int:
        """Publish, in place of `publish`, which is deaf to refusals; returns the PUBACK's reason code, 0 at QoS 0."""
        with _as_broker_lost():
            return await self._publish_and_wait(publication)

    async def _publish_and_wait(self, publication: Publication) -> int:
        properties = publish_properties(publication) if self._v5 else None
        info = self._client.publish(
            publication.topic, publication.payload, publication.qos, publication.retain, properties
        )
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            cause = self._disconnected.exception() if self._disconnected.done() else None
            raise aiomqtt.MqttCodeError(info.rc, "could not publish") from cause
        if publication.qos == 0:
            return 0
        puback = self._pubacks[info.mid] = self._loop.create_future()
        try:
            return _value(await self._wait_for(puback, None))
        finally:
            del self._pubacks[info.mid]

    def tell(self, messages: Iterable[tuple[str, bytes]]) -> None:
        """Publish at QoS 0, unless the broker takes no more just now: paho would keep it all in memory."""
        if self._frozen:
            return
        self._write(self._client)
        if self._client.want_write():
            return
        for topic, payload in messages:
            self._client.publish(topic, payload, 0)

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """Send the PUBACKs, but not on a connection that was given up: what it brought comes again."""
        if self._disconnected.done():
            return
        for message in messages:
            if message.packet_id:
                self._client.ack(message.packet_id, message.qos)

    def pause_reading(self) -> None:
        """Nothing: the broker's limit of unacknowledged messages must do."""

    def resume_reading(self) -> None:
        """Nothing."""

    def freeze(self) -> None:
        """Neither read nor write any more, nor keep alive, and close nothing."""
        self._frozen = True
        if (line := self._client.socket()) is not None:
            self._loop.remove_reader(line.fileno())
            self._loop.remove_writer(line.fileno())
        if self._misc_task is not None:
            self._misc_task.cancel()

    def _on_socket_open(self, client: PahoClient, userdata: Any, sock: Any) -> None:
        self.unanswered = True
        self._line = sock if isinstance(sock, TlsSocket) else None
        super()._on_socket_open(client, userdata, sock)

    def _on_socket_register_write(self, client: PahoClient, userdata: Any, sock: Any) -> None:
        self._loop.call_soon_threadsafe(self._start_writing, client, sock)

    def _start_writing(self, client: PahoClient, sock: Any) -> None:
        # Closed meanwhile, its number may be another socket's by now, which aiomqtt would take.
        if sock.fileno() >= 0 and not self._frozen:
            self._loop.add_writer(sock.fileno(), self._write, client)

    def _write(self, client: PahoClient) -> None:
        try:
            client.loop_write()
        except Exception as error:  # as aiomqtt does: whatever breaks here, the connection is lost
            if not self._disconnected.done():
                self._disconnected.set_exception(error)

    def _on_connect(
        self,
        client: PahoClient,
        userdata: Any,
        flags: ConnectFlags,
        reason_code: ReasonCode,
        properties: Properties | None = None,
    ) -> None:
        self.unanswered = False
        self.session_present = flags.session_present
        super()._on_connect(client, userdata, flags, reason_code, properties)

    def _on_disconnect(
        self,
        client: PahoClient,
        userdata: Any,
        flags: DisconnectFlags,
        reason_code: ReasonCode,
        properties: Properties | None = None,
    ) -> None:
        if self._abandoned:
            return
        if not self._connected.done():
            self._connected.set_exception(aiomqtt.MqttError("the broker closed the connection"))
            return
        super()._on_disconnect(client, userdata, flags, reason_code, properties)

    def _on_subscribe(
        self,
        client: PahoClient,
        userdata: Any,
        mid: int,
        reason_codes: list[ReasonCode],
        properties: Properties | None = None,
    ) -> None:
        if mid in self._pending_subscribes:  # else nobody waits for it any more, which aiomqtt takes for an error
            super()._on_subscribe(client, userdata, mid, reason_codes, properties)

    def _on_publish(
        self, client: PahoClient, userdata: Any, mid: int, reason_code: ReasonCode, properties: Properties
    ) -> None:
        puback = self._pubacks.get(mid)
        if puback is not None and not puback.done():
            puback.set_result(reason_code)

    def _on_message(self, client: PahoClient, userdata: Any, message: MQTTMessage) -> None:
        if self._deliver is None:
            return
        correlation = getattr(message.properties, "CorrelationData", None)
        plain = _plain(message, correlation)  # not as below: a topic that is no UTF-8 is the broker's mistake
        try:
            self._deliver([plain])
        except Exception as error:
            self.failure = error
            raise


def _plain(message: MQTTMessage, correlation_data: bytes | None) -> PlainMessage:
    payload = bytes(message.payload)
    return PlainMessage(message.topic, payload, message.qos, message.retain, message.mid, correlation_data)


def _see(future: asyncio.Future[None]) -> None:
    """Look at a future's error, so that asyncio does not complain of one that nobody waits for any more."""
    if not future.cancelled():
        future.exception()


def _aiomqtt_will(will: Will | None, *, v5: bool) -> aiomqtt.Will | None:
    if will is None:
        return None
    properties = will_properties(will.delay_seconds) if v5 else None
    return aiomqtt.Will(will.topic, will.payload, qos=1, retain=True, properties=properties)
