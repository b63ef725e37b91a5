"""MQTT 5 without a socket: bytes become messages, answers and state. The only module that knows the codec mqtt5."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import mqtt5

from grid.broker import KEEP_ALIVE_SECONDS, Broker, Message, Session, Will
from grid.broker_words import FAILURE, reason
from grid.client import Publication

BUFFER_BYTES = 1024 * 1024
"""Room for what is read at once: some 4,000 readings, the more the cheaper each of them.

And so for the largest packet that we take: CONNECT tells the broker so.
"""

_CONNACK = 0x20
_MAX_PACKET_ID = 65_535
_QOS = (mqtt5.QoS.AT_MOST_ONCE, mqtt5.QoS.AT_LEAST_ONCE)
_PING = mqtt5.PingReqPacket().write()
_DISCONNECT = mqtt5.DisconnectPacket().write()


class _ProtocolError(Exception):
    """The broker sent what it may not send."""


Answer = tuple[int, list[int]]
"""The packet id of what we published or subscribed to, and the reason codes that answer it."""


@dataclass(slots=True)
class Received:
    """What a read brought, in order of arrival."""

    messages: list[Message] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)


class Mqtt5Protocol:
    """One connection's state. Whoever reads puts bytes into `room` and calls `received`; all else returns bytes."""

    def __init__(self) -> None:
        self.is_open = False
        """Whether the broker has let us in."""
        self.session_present = False
        self.refusal: int | None = None
        """The CONNACK's reason code, if it did not let us in."""
        self.ended: str | None = None
        """Why nothing more is read, in words, as soon as the broker has disconnected us or made a mistake."""
        self.keep_alive_seconds = KEEP_ALIVE_SECONDS
        """As we asked, or as the broker will have it (Server Keep Alive)."""
        self._buffer = memoryview(bytearray(BUFFER_BYTES))
        self._filled = 0
        self._receive_maximum = _MAX_PACKET_ID
        self._max_packet_bytes: int | None = None
        self._last_id = 0
        self._published: set[int] = set()  # packet ids without a PUBACK
        self._subscribed: dict[int, int] = {}  # packet ids without a SUBACK: how many topic filters

    # --- what arrives

    @property
    def room(self) -> memoryview:
        """Where the next bytes go. Never empty."""
        return self._buffer[self._filled :]

    def received(self, count: int) -> Received:
        """Read the packets that `count` more bytes complete. What follows a mistake of the broker is left unread."""
        received = Received()
        self._filled += count
        start = 0
        try:
            start = self._read_packets(self._buffer[: self._filled], received)
        except _ProtocolError as error:
            self.ended = self.ended or str(error)
        if self.ended is not None:
            start = self._filled
        self._buffer[: self._filled - start] = self._buffer[start : self._filled]
        self._filled -= start
        return received

    def _read_packets(self, view: memoryview, received: Received) -> int:
        """Read whole packets, and return where the first incomplete one begins."""
        start, end = 0, len(view)
        read, messages = mqtt5.read, received.messages
        if not self.is_open and view[0] != _CONNACK:
            raise _ProtocolError("no CONNACK")
        try:
            while start < end and self.ended is None:
                packet, size = read(view[start:])
                start += size
                if type(packet) is mqtt5.PublishPacket and packet.topic:  # none would be an alias, which we refuse
                    messages.append(packet)
                else:
                    self._take(packet, received)
        except IndexError:
            _refuse_what_can_not_fit(view[start:])
        except ValueError as error:
            raise _ProtocolError(f"malformed packet: {error}") from error
        except BaseException as error:
            # The codec panics over a text that is not UTF-8, with an exception of Rust's that can't be imported.
            if type(error).__name__ != "PanicException":
                raise
            raise _ProtocolError("malformed packet") from error
        return start

    def _take(self, packet: mqtt5.Packet, received: Received) -> None:
        if isinstance(packet, mqtt5.ConnAckPacket) and not self.is_open:
            self._take_connack(packet)
        elif isinstance(packet, mqtt5.PubAckPacket):
            received.answers.append(self._take_puback(packet))
        elif isinstance(packet, mqtt5.SubAckPacket):
            received.answers.append(self._take_suback(packet))
        elif isinstance(packet, mqtt5.DisconnectPacket):
            self.ended = reason(int(packet.reason_code))
        elif not isinstance(packet, mqtt5.PingRespPacket):
            raise _ProtocolError(f"unexpected {type(packet).__name__}")

    def _take_connack(self, packet: mqtt5.ConnAckPacket) -> None:
        code = int(packet.reason_code)
        if code >= FAILURE:
            self.refusal = code
            self.ended = reason(code)
            return
        self.is_open = True
        self.session_present = packet.session_present
        self._receive_maximum = packet.receive_max
        self._max_packet_bytes = packet.max_packet_size
        if packet.server_keep_alive is not None:
            self.keep_alive_seconds = packet.server_keep_alive

    def _take_puback(self, packet: mqtt5.PubAckPacket) -> Answer:
        if packet.packet_id not in self._published:
            raise _ProtocolError("an answer to what was not asked")
        self._published.remove(packet.packet_id)
        return packet.packet_id, [int(packet.reason_code)]

    def _take_suback(self, packet: mqtt5.SubAckPacket) -> Answer:
        if self._subscribed.pop(packet.packet_id, None) != len(packet.reason_codes):
            raise _ProtocolError("an answer to what was not asked")
        return packet.packet_id, [int(code) for code in packet.reason_codes]

    # --- what is to be sent

    def connect(self, broker: Broker, client_id: str, will: Will | None, session: Session) -> bytes:
        """The CONNECT."""
        return mqtt5.ConnectPacket(
            client_id,
            username=broker.username,
            password=None if broker.password is None else broker.password.encode(),
            clean_start=session.clean_start,
            will=_will(will),
            keep_alive=KEEP_ALIVE_SECONDS,
            session_expiry_interval=session.expiry_seconds,
            receive_max=session.receive_maximum or _MAX_PACKET_ID,
            topic_alias_max=0,
            max_packet_size=BUFFER_BYTES,
        ).write()

    def subscribe(self, topic_filters: Sequence[str], qos: int) -> tuple[int, bytes]:
        """A SUBSCRIBE, and the packet id that its answer will name."""
        wanted = [mqtt5.TopicFilter(name, max_qos=_QOS[qos], retain_as_published=False) for name in topic_filters]
        packet_id = self._new_id()
        self._subscribed[packet_id] = len(wanted)
        return packet_id, mqtt5.SubscribePacket(packet_id, wanted).write()

    @property
    def may_publish(self) -> bool:
        """Whether the broker's Receive Maximum leaves room for a publish at QoS 1."""
        return len(self._published) < self._receive_maximum

    def publish(self, publication: Publication) -> tuple[int, bytes]:
        """A PUBLISH at QoS 1, and the packet id that its answer will name. Only while `may_publish`."""
        packet_id = self._new_id()
        self._published.add(packet_id)
        return packet_id, _publish(publication, packet_id)

    def fits(self, publication: Publication) -> bool:
        """Whether the broker takes what is so large (its Maximum Packet Size)."""
        return self._max_packet_bytes is None or self._packet_fits(
            _publish(publication, 1 if publication.qos else None)
        )

    def _packet_fits(self, packet: bytes) -> bool:
        return self._max_packet_bytes is None or len(packet) <= self._max_packet_bytes

    def publish_unanswered(self, publication: Publication) -> bytes:
        """A PUBLISH at QoS 0."""
        return _publish(publication, None)

    def tell(self, messages: Iterable[tuple[str, bytes]]) -> bytes:
        """Plain PUBLISHes at QoS 0."""
        packets = [mqtt5.PublishPacket(topic, payload).write() for topic, payload in messages]
        return b"".join([packet for packet in packets if self._packet_fits(packet)])

    def acknowledge(self, messages: Iterable[Message]) -> bytes:
        """The PUBACKs of these messages, in order; those at QoS 0 have none."""
        return b"".join([mqtt5.PubAckPacket(message.packet_id).write() for message in messages if message.packet_id])

    def ping(self) -> bytes:
        """A PINGREQ."""
        return _PING

    def disconnect(self) -> bytes:
        """A DISCONNECT, which discards the will."""
        return _DISCONNECT

    def _new_id(self) -> int:
        """A packet id that awaits no answer. There is one: what we publish is limited, and we subscribe little."""
        while True:
            self._last_id = self._last_id % _MAX_PACKET_ID + 1
            if self._last_id not in self._published and self._last_id not in self._subscribed:
                return self._last_id


def _publish(publication: Publication, packet_id: int | None) -> bytes:
    return mqtt5.PublishPacket(
        publication.topic,
        publication.payload,
        qos=_QOS[publication.qos],
        retain=publication.retain,
        packet_id=packet_id,
        message_expiry_interval=publication.expiry_seconds,
        response_topic=publication.response_topic,
        correlation_data=publication.correlation_data,
    ).write()


def _will(will: Will | None) -> mqtt5.Will | None:
    if will is None:
        return None
    return mqtt5.Will(
        will.topic,
        payload=will.payload,
        qos=mqtt5.QoS.AT_LEAST_ONCE,
        retain=True,
        will_delay_interval=will.delay_seconds,
    )


def _refuse_what_can_not_fit(rest: memoryview) -> None:
    """Look at the header of an incomplete packet: one that is too large, or complete after all, is no packet."""
    length, factor = 0, 1
    for position, byte in enumerate(rest[1:5], 2):
        length += (byte & 0x7F) * factor
        factor *= 128
        if byte < 0x80:
            if position + length > BUFFER_BYTES:
                raise _ProtocolError("packet too large")
            if position + length <= len(rest):
                raise _ProtocolError("malformed packet")
            return
