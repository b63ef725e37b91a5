"""One client for one connection: the only module that knows aiomqtt, and says its errors and paho's in words."""

import asyncio
import contextlib
import logging
import math
import os
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any, TypeVar

import aiomqtt
from paho.mqtt.client import MQTT_CLEAN_START_FIRST_ONLY, ConnectFlags, DisconnectFlags, MQTTMessage, error_string
from paho.mqtt.client import Client as PahoClient
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from grid.broker import (
    KEEP_ALIVE_SECONDS,
    Broker,
    BrokerLostError,
    BrokerRefusedError,
    Message,
    PlainMessage,
    Protocol,
    Session,
    Will,
)
from grid.mqtt_properties import connect_properties, publish_properties, will_properties

CONNECT_TIMEOUT_SECONDS = 5.0
ANSWER_TIMEOUT_SECONDS = 10.0
HANG_UP_SECONDS = 0.5
"""How long the broker may take to close the connection after our DISCONNECT."""

logger = logging.getLogger(__name__)

T = TypeVar("T")


class UnknownProtocolError(BrokerLostError):
    """The broker gave our first packet no answer: it may not know this version of MQTT."""


class Connection:
    """One live connection. Every method raises BrokerLostError when it breaks."""

    def __init__(self, client: "MqttClient", protocol: Protocol) -> None:
        self._client = client
        self.protocol = protocol
        self.session_present = client.session_present
        """Whether the broker still had our session: if not, what was unacknowledged is forgotten there."""

    async def subscribe(self, *topic_filters: str, qos: int = 1) -> None:
        """Subscribe, and have the retained messages sent; returns after the SUBACK.

        Raises BrokerRefusedError if the broker refuses a filter.
        """
        with _as_broker_lost():
            codes = await self._client.subscribe([self._subscription(name, qos) for name in topic_filters])
        refused = [name for name, code in zip(topic_filters, codes, strict=True) if _value(code) >= 0x80]
        if refused:
            raise BrokerRefusedError(f"the broker refuses a subscription to {', '.join(refused)}")

    def _subscription(self, topic_filter: str, qos: int) -> Any:
        return (topic_filter, qos if self.protocol is Protocol.V311 else SubscribeOptions(qos=qos))

    async def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        qos: int = 1,
        retain: bool = False,
        expiry_seconds: int | None = None,
        response_topic: str | None = None,
        correlation_data: bytes | None = None,
    ) -> None:
        """Publish; at QoS 1 returns after the PUBACK: the broker has it, which says nothing of its subscribers.

        Expiry, response topic and correlation data are MQTT 5's and left out before it. Raises BrokerRefusedError
        if the broker refuses the message, which only MQTT 5 can say.
        """
        properties = None
        if self.protocol is not Protocol.V311:
            properties = publish_properties(expiry_seconds, response_topic, correlation_data)
        with _as_broker_lost():
            code = await self._client.send(topic, payload, qos=qos, retain=retain, properties=properties)
        if code is not None and code.is_failure:
            raise BrokerRefusedError(f"the broker refuses what is published on {topic}{_in_words(str(code))}")

    def acknowledge(self, *messages: Message) -> None:
        """Tell the broker that messages are dealt with, in this order. Only for messages of this connection."""
        for message in messages:
            if message.packet_id:
                self._client.acknowledge(message)

    def tell(self, messages: Iterable[tuple[str, bytes]]) -> None:
        """Publish (topic, payload) pairs at QoS 0, now or never: what can't be sent is forgotten."""
        self._client.tell(messages)

    async def lost(self) -> None:
        """Wait until the connection breaks, and raise BrokerLostError then, or what `deliver` raised."""
        with _as_broker_lost():
            await self._client.disconnected()


@contextlib.contextmanager
def _as_broker_lost() -> Iterator[None]:
    try:
        yield
    except aiomqtt.MqttError as error:
        raise BrokerLostError(f"the connection to the broker was lost{_because(error)}") from error


def _because(error: aiomqtt.MqttError) -> str:
    """The cause in words, after a colon; nothing where paho knows no more than that it broke."""
    cause = error.__cause__ or error  # aiomqtt keeps the reason for a disconnection behind its own error
    words = str(cause)
    if isinstance(cause, aiomqtt.MqttCodeError):
        words = error_string(cause.rc) if isinstance(cause.rc, MQTTErrorCode) else str(cause.rc)
    return _in_words(words)


def _in_words(reason: str) -> str:
    return "" if reason in {"Unspecified error", "None"} else f": {reason[:1].lower()}{reason[1:].rstrip('.')}"


def _refusal(broker: Broker, error: aiomqtt.MqttError, *, unanswered: bool) -> BrokerLostError:
    code = _value(error.rc) if isinstance(error, aiomqtt.MqttCodeError) and error.rc is not None else None
    if unanswered or code in (1, 132):  # 3.1.1 and 5: unsupported protocol version
        return UnknownProtocolError(f"what listens at {broker} does not answer as a broker does")
    if code in (4, 5, 134, 135):  # 3.1.1 and 5: bad user name or password, not authorised
        return BrokerRefusedError(f"the broker at {broker} refuses the user name or password")
    return BrokerRefusedError(f"the broker at {broker} refuses the connection{_because(error)}")


def _unreachable(broker: Broker, error: OSError | UnicodeError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate of the broker at {broker} is not trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"no TLS connection with {broker}: {(error.reason or str(error)).replace('_', ' ').lower()}"
    if broker.tls is not None and isinstance(error, ConnectionResetError):
        return f"no TLS connection with {broker}: it hangs up, as a broker without TLS does"
    if isinstance(error, socket.gaierror | UnicodeError):
        return f"the host name {broker.host} can't be resolved"
    if isinstance(error, TimeoutError):
        return f"no broker answers at {broker}: timed out"
    return f"no broker answers at {broker}: {error.strerror or error}"


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
        deliver: Callable[[Message], None] | None,
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
        self.unanswered = False
        """The broker took the connection, and gave no CONNACK yet."""
        self.failure: Exception | None = None
        """What `deliver` raised."""
        self._abandoned = False
        self._broker = broker
        self._deliver = deliver
        self._pubacks: dict[int, asyncio.Future[ReasonCode]] = {}
        self._client.connect_timeout = CONNECT_TIMEOUT_SECONDS
        self._client.manual_ack_set(session.manual_acknowledgement)
        for future in (self._connected, self._disconnected):
            future.add_done_callback(_see)

    async def enter(self) -> None:
        """Connect, in place of `__aenter__`. Raises BrokerLostError, its subclasses where the broker answered."""
        connecting = self._loop.run_in_executor(None, self._client_connect)
        try:
            await asyncio.wait([connecting])
            connecting.result()
            await self._connack()
        except aiomqtt.MqttError as error:
            raise _refusal(self._broker, error, unanswered=self.unanswered) from error
        except (OSError, UnicodeError) as error:
            raise BrokerLostError(_unreachable(self._broker, error)) from error
        finally:
            if not (self._connected.done() and self._connected.exception() is None):
                self._abandoned = True
                await asyncio.wait([connecting])  # a thread can't be cancelled, and what it opens must be closed
                _see(connecting)
                self.drop()

    async def _connack(self) -> None:
        answers = (self._connected, self._disconnected)
        await asyncio.wait(answers, timeout=CONNECT_TIMEOUT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if not self._connected.done():
            raise aiomqtt.MqttError("no CONNACK")
        self._connected.result()

    async def disconnected(self) -> None:
        """Wait until the connection breaks, and raise MqttError then, or what `deliver` raised."""
        await asyncio.wait([self._disconnected])
        if self.failure is not None:
            raise self.failure
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
            raise aiomqtt.MqttError("the broker does not answer in time") from None
        finally:
            if not answer.done():
                answer.cancel()
        if answer.cancelled() or not answer.done():
            raise aiomqtt.MqttError("no answer comes any more")
        return answer.result()

    async def send(
        self, topic: str, payload: bytes, *, qos: int, retain: bool, properties: Properties | None
    ) -> ReasonCode | None:
        """Publish, in place of `publish`, which is deaf to refusals: returns what the PUBACK says; None at QoS 0."""
        info = self._client.publish(topic, payload, qos, retain, properties)
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            lost = self._disconnected.exception() if self._disconnected.done() else None
            raise aiomqtt.MqttCodeError(info.rc, "could not publish") from lost
        if qos == 0:
            return None
        puback = self._pubacks[info.mid] = self._loop.create_future()
        try:
            return await self._wait_for(puback, None)
        finally:
            del self._pubacks[info.mid]

    def tell(self, messages: Iterable[tuple[str, bytes]]) -> None:
        """Publish at QoS 0 what paho takes, and forget the rest."""
        for topic, payload in messages:
            if self._client.publish(topic, payload, 0).rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
                return

    def acknowledge(self, message: Message) -> None:
        """Send the PUBACK."""
        self._client.ack(message.packet_id or 0, message.qos)

    def _on_socket_open(self, client: PahoClient, userdata: Any, sock: Any) -> None:
        self.unanswered = True
        super()._on_socket_open(client, userdata, sock)

    def _on_socket_register_write(self, client: PahoClient, userdata: Any, sock: Any) -> None:
        self._loop.call_soon_threadsafe(self._start_writing, client, sock)

    def _start_writing(self, client: PahoClient, sock: Any) -> None:
        if sock.fileno() >= 0:  # closed meanwhile, its number may be another socket's by now, which aiomqtt would take
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
        try:
            self._deliver(
                PlainMessage(
                    message.topic, bytes(message.payload), message.qos, message.retain, message.mid, correlation
                )
            )
        except Exception as error:
            self.failure = error
            raise


def _see(future: asyncio.Future[None]) -> None:
    """Look at a future's error, so that asyncio does not complain of one that nobody waits for any more."""
    if not future.cancelled():
        future.exception()


def _aiomqtt_will(will: Will | None, *, v5: bool) -> aiomqtt.Will | None:
    if will is None:
        return None
    properties = will_properties(will.delay_seconds) if v5 else None
    return aiomqtt.Will(will.topic, will.payload, qos=1, retain=True, properties=properties)
