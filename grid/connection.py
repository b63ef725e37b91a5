"""The connection to the broker: the only module that knows aiomqtt.

A caller names a broker, a client id, a will and what to do while connected; `stay_connected` makes a fresh client
for every connection, comes back after a loss with jittered back-off, and speaks MQTT 5, or 3.1.1 where the
broker knows no better.
"""

import asyncio
import contextlib
import logging
import random
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import aiomqtt
from paho.mqtt.client import MQTT_CLEAN_START_FIRST_ONLY, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.client import Client as PahoClient
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

KEEP_ALIVE_SECONDS = 10
CONNECT_TIMEOUT_SECONDS = 5.0
ANSWER_TIMEOUT_SECONDS = 10.0
PERSISTENT_SESSION_SECONDS = 7 * 24 * 3600
"""How long a broker keeps a persistent session: as long as `persistent_client_expiration` in mosquitto.conf."""

logger = logging.getLogger(__name__)


class BrokerLostError(Exception):
    """The broker can't be reached, or went away: wait and connect again. The text is fit to be shown."""


class BrokerRefusedError(BrokerLostError):
    """The broker answered, and refused: a password, a right or a subscription is wrong."""


class Protocol(StrEnum):
    """The version of MQTT to speak; `auto` tries 5 first."""

    AUTO = "auto"
    V5 = "5"
    V311 = "3.1.1"


@dataclass(frozen=True, slots=True)
class Tls:
    """Files for TLS 1.2 or later: whom to trust, and who we are. Missing files raise OSError at connect."""

    cafile: str | None = None
    certfile: str | None = None
    keyfile: str | None = None


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is and how to enter."""

    host: str = "localhost"
    port: int = 1883
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: Tls | None = None
    protocol: Protocol = Protocol.AUTO

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Will:
    """The last will: retained, QoS 1, published by the broker when it loses us for longer than the delay."""

    topic: str
    payload: bytes
    delay_seconds: int = 5


@dataclass(frozen=True, slots=True)
class Message:
    """What arrived: `packet_id` names it in its acknowledgement; 0 at QoS 0."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    packet_id: int
    correlation_data: bytes | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """What the broker keeps for this client id while it is away, and how much it may send unacknowledged.

    A persistent session (`clean_start=False`) holds subscriptions and unacknowledged messages; with
    `manual_acknowledgement` a message counts as delivered when `Connection.acknowledge` says so, not before.
    """

    clean_start: bool = True
    receive_maximum: int | None = None
    manual_acknowledgement: bool = False


class Connection:
    """One live connection. Every method raises BrokerLostError when it breaks."""

    def __init__(self, client: "_Client", protocol: Protocol) -> None:
        self._client = client
        self.protocol = protocol
        self.session_present = client.session_present
        """Whether the broker still had our session: if not, what was unacknowledged is forgotten there."""

    async def subscribe(self, *topic_filters: str, retained: bool = True) -> None:
        """Subscribe at QoS 1; returns after the SUBACK. MQTT 5 can do without the retained messages.

        Raises BrokerRefusedError if the broker refuses a filter.
        """
        with _as_broker_lost():
            codes = await self._client.subscribe([self._subscription(name, retained) for name in topic_filters])
        refused = [name for name, code in zip(topic_filters, codes, strict=True) if _value(code) >= 0x80]
        if refused:
            raise BrokerRefusedError(f"the broker refuses a subscription to {', '.join(refused)}")

    def _subscription(self, topic_filter: str, retained: bool) -> Any:
        if self.protocol is Protocol.V311:
            return (topic_filter, 1)
        handling = 0 if retained else 2
        return (topic_filter, SubscribeOptions(qos=1, retainHandling=handling))

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

        Expiry, response topic and correlation data are MQTT 5's and left out before it.
        """
        properties = None
        if self.protocol is not Protocol.V311:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            if expiry_seconds is not None:
                properties.MessageExpiryInterval = expiry_seconds
            if response_topic is not None:
                properties.ResponseTopic = response_topic
            if correlation_data is not None:
                properties.CorrelationData = correlation_data
        with _as_broker_lost():
            await self._client.publish(topic, payload, qos=qos, retain=retain, properties=properties)

    def acknowledge(self, message: Message) -> None:
        """Tell the broker that a message is dealt with. Only for messages of this connection."""
        if message.qos > 0:
            self._client.acknowledge(message)

    async def lost(self) -> None:
        """Wait until the connection breaks, and raise BrokerLostError then."""
        with _as_broker_lost():
            async for _ in self._client.messages:  # never yields: messages go to `deliver`
                pass


def _value(code: object) -> int:
    return code.value if isinstance(code, ReasonCode) else int(str(code))


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
    will: Callable[[], Will | None] = lambda: None,
    session: Session = Session(),
    on_lost: Callable[[str, float], None] = lambda reason, delay: None,
    backoff: Backoff | None = None,
) -> None:
    """Connect, run `serve` with the connection, and connect anew whenever it breaks, until `serve` returns.

    `serve` is cancelled when the connection is lost; when it returns, a clean DISCONNECT follows (which discards
    the will: publish a goodbye first). `deliver` is called with each message as it arrives, in order, and must
    not block. `will` is asked before each attempt. `on_lost` hears each loss or failed attempt with the reason
    and the seconds until the next attempt. Raises OSError for unreadable TLS files; cancellation ends it.
    """
    backoff = backoff or Backoff()
    protocols = _Protocols(broker.protocol)
    tls = _tls_context(broker.tls)
    while True:
        reason = ""
        try:
            async with _connect(broker, protocols, tls, client_id, deliver, will(), session) as connection:
                backoff.reset()
                async with asyncio.TaskGroup() as tasks:
                    watch = tasks.create_task(connection.lost(), name=f"{client_id}: watch the connection")
                    await serve(connection)
                    watch.cancel()
                return
        except* BrokerLostError as losses:
            reason = str(_first(losses))
        delay = backoff.next_delay()
        on_lost(reason, delay)
        await asyncio.sleep(delay)


@contextlib.asynccontextmanager
async def connect_once(
    broker: Broker,
    *,
    client_id: str,
    deliver: Callable[[Message], None] | None = None,
) -> AsyncIterator[Connection]:
    """One connection without a will and without a second attempt. Raises BrokerLostError if it fails."""
    protocols = _Protocols(broker.protocol)
    tls = _tls_context(broker.tls)
    while True:
        try:
            async with _connect(broker, protocols, tls, client_id, deliver, None, Session()) as connection:
                yield connection
                return
        except _UnknownProtocolError:
            if not protocols.may_fall_back:
                raise


class _UnknownProtocolError(BrokerLostError):
    """The broker gave our first packet no answer: it may not know this version of MQTT."""


class _Protocols:
    """Which version to try next: 5 until a broker does not answer to it, then 3.1.1, and so on in turn."""

    def __init__(self, wanted: Protocol) -> None:
        self._wanted = wanted
        self.current = Protocol.V311 if wanted is Protocol.V311 else Protocol.V5
        self.may_fall_back = wanted is Protocol.AUTO

    def refused(self) -> None:
        if self._wanted is Protocol.AUTO:
            self.may_fall_back = self.current is Protocol.V5
            self.current = Protocol.V311 if self.current is Protocol.V5 else Protocol.V5


def _first(group: BaseExceptionGroup[BrokerLostError]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


@contextlib.contextmanager
def _as_broker_lost() -> Any:
    try:
        yield
    except aiomqtt.MqttError as error:
        raise BrokerLostError(f"the connection to the broker broke: {error}") from error


def _tls_context(tls: Tls | None) -> ssl.SSLContext | None:
    if tls is None:
        return None
    context = ssl.create_default_context(cafile=tls.cafile)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if tls.certfile is not None:
        context.load_cert_chain(tls.certfile, tls.keyfile)
    return context


@contextlib.asynccontextmanager
async def _connect(
    broker: Broker,
    protocols: _Protocols,
    tls: ssl.SSLContext | None,
    client_id: str,
    deliver: Callable[[Message], None] | None,
    will: Will | None,
    session: Session,
) -> AsyncIterator[Connection]:
    protocol = protocols.current
    client = _Client(broker, protocol, tls, client_id, deliver, will, session)
    try:
        await client.__aenter__()
    except aiomqtt.MqttError as error:
        raise _connect_error(broker, error, protocols, unanswered=client.unanswered) from error
    client.timeout = ANSWER_TIMEOUT_SECONDS
    try:
        yield Connection(client, protocol)
    finally:
        with contextlib.suppress(aiomqtt.MqttError):
            await client.__aexit__(None, None, None)


def _connect_error(
    broker: Broker, error: aiomqtt.MqttError, protocols: _Protocols, *, unanswered: bool
) -> BrokerLostError:
    code = _value(error.rc) if isinstance(error, aiomqtt.MqttCodeError) and error.rc is not None else None
    if unanswered or code in (1, 132):  # 3.1.1 and 5: unsupported protocol version
        protocols.refused()
        return _UnknownProtocolError(f"what listens at {broker} does not answer as a broker does")
    if code in (4, 5, 134, 135):  # 3.1.1 and 5: bad user name or password, not authorised
        return BrokerRefusedError(f"the broker at {broker} refuses the user name or password")
    return BrokerLostError(f"no broker answers at {broker}: {error}")


class _Client(aiomqtt.Client):
    """aiomqtt's client, with what 2.5 keeps to itself.

    The overridden callbacks are private in 2.5 (the version is pinned, and tests/grid/test_connection.py
    watches them): they give session_present, deliver without a task for each message, acknowledge when the
    caller says so, and notice a broker that takes our CONNECT and gives no CONNACK.
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
            properties=_connect_properties(session) if v5 else None,
            keepalive=KEEP_ALIVE_SECONDS,
            timeout=CONNECT_TIMEOUT_SECONDS,
            max_inflight_messages=100,
            tls_context=tls,
        )
        self.pending_calls_threshold = 10_000
        self.session_present = False
        self.unanswered = False
        self._deliver = deliver
        self._client.manual_ack_set(session.manual_acknowledgement)

    def acknowledge(self, message: Message) -> None:
        self._client.ack(message.packet_id, message.qos)

    def _on_socket_open(self, client: PahoClient, userdata: Any, sock: Any) -> None:
        self.unanswered = True
        super()._on_socket_open(client, userdata, sock)

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
        if not self._connected.done():
            self._connected.set_exception(aiomqtt.MqttError("the broker closed the connection"))
            return
        super()._on_disconnect(client, userdata, flags, reason_code, properties)

    def _on_message(self, client: PahoClient, userdata: Any, message: MQTTMessage) -> None:
        if self._deliver is not None:
            correlation = getattr(message.properties, "CorrelationData", None)
            self._deliver(
                Message(message.topic, bytes(message.payload), message.qos, message.retain, message.mid, correlation)
            )


def _aiomqtt_will(will: Will | None, *, v5: bool) -> aiomqtt.Will | None:
    if will is None:
        return None
    properties = None
    if v5:
        properties = Properties(PacketTypes.WILLMESSAGE)  # type: ignore[no-untyped-call]
        properties.WillDelayInterval = will.delay_seconds
    return aiomqtt.Will(will.topic, will.payload, qos=1, retain=True, properties=properties)


def _connect_properties(session: Session) -> Properties:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    # A will is delayed no longer than its session lives: even a clean session must outlast the will's delay.
    properties.SessionExpiryInterval = 30 if session.clean_start else PERSISTENT_SESSION_SECONDS
    if session.receive_maximum is not None:
        properties.ReceiveMaximum = session.receive_maximum
    return properties
