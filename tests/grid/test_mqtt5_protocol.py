"""Bytes become messages, answers and state, however they are cut; what no honest broker sends ends the connection."""

from collections.abc import Iterable

import mqtt5
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.broker import Broker, PlainMessage, Session, Will
from grid.client import Publication
from grid.mqtt5_protocol import BUFFER_BYTES, Mqtt5Protocol, Received

CONNACK = mqtt5.ConnAckPacket().write()
TOPIC = "grid/turbines/7/metrics"
AT_LEAST_ONCE = mqtt5.QoS.AT_LEAST_ONCE


def feed(protocol: Mqtt5Protocol, data: bytes) -> Received:
    """What one read brings."""
    protocol.room[: len(data)] = data
    return protocol.received(len(data))


def opened(connack: bytes = CONNACK) -> Mqtt5Protocol:
    protocol = Mqtt5Protocol()
    feed(protocol, connack)
    return protocol


def message(number: int, payload: bytes = b"{}") -> bytes:
    return mqtt5.PublishPacket(TOPIC, payload, qos=AT_LEAST_ONCE, packet_id=number).write()


def cut(data: bytes, sizes: Iterable[int]) -> Iterable[bytes]:
    """The data in pieces of these sizes, and the rest as the last one."""
    start = 0
    for size in sizes:
        if start < len(data):
            yield data[start : start + size]
            start += size
    if start < len(data):
        yield data[start:]


def publication(payload: bytes = b"{}", qos: int = 1) -> Publication:
    return Publication(TOPIC, payload, qos, False, None, None, None)


# --- what arrives


@given(
    payloads=st.lists(st.binary(max_size=300), max_size=20),
    sizes=st.lists(st.integers(1, 400), max_size=60),
)
def test_messages_are_the_same_however_the_stream_is_cut(payloads: list[bytes], sizes: list[int]) -> None:
    stream = CONNACK + b"".join(message(number, payload) for number, payload in enumerate(payloads, 1))
    protocol = Mqtt5Protocol()
    read = [found for piece in cut(stream, sizes) for found in feed(protocol, piece).messages]
    assert [(found.packet_id, found.payload) for found in read] == list(enumerate(payloads, 1))
    assert protocol.ended is None
    assert len(protocol.room) == BUFFER_BYTES


@given(st.binary(max_size=200), st.lists(st.integers(1, 50), max_size=20))
def test_no_noise_raises_or_fills_the_buffer(noise: bytes, sizes: list[int]) -> None:
    protocol = opened()
    for piece in cut(noise, sizes):
        feed(protocol, piece)
        assert len(protocol.room) > 0


def test_a_packet_as_large_as_the_buffer_is_read() -> None:
    overhead = len(message(1, b"x" * BUFFER_BYTES)) - BUFFER_BYTES
    protocol = opened()
    packet = message(1, b"x" * (BUFFER_BYTES - overhead))
    assert len(packet) == BUFFER_BYTES
    assert feed(protocol, packet[:-1]).messages == []
    [found] = feed(protocol, packet[-1:]).messages
    assert len(found.payload) == BUFFER_BYTES - overhead


def test_a_larger_packet_ends_the_connection_before_it_fills_the_buffer() -> None:
    protocol = opened()
    feed(protocol, message(1, b"x" * BUFFER_BYTES)[:10])
    assert protocol.ended == "packet too large"


def test_what_came_before_a_malformed_packet_counts_and_what_follows_it_does_not() -> None:
    protocol = opened()
    received = feed(protocol, message(1) + b"\xff\xff\xff\xff\xff" + message(2))
    assert [found.packet_id for found in received.messages] == [1]
    assert protocol.ended is not None
    assert protocol.ended.startswith("malformed packet")
    assert feed(protocol, message(3)).messages == []


@pytest.mark.parametrize(
    "packet",
    [
        b"\x30\x06\x00\xff\x74\x00\x00\x00",  # a topic longer than its packet
        b"\x00\x00",  # no packet type
        b"\xd0\x01\x00",  # a PINGRESP with something in it
    ],
)
def test_a_malformed_packet_ends_the_connection(packet: bytes) -> None:
    protocol = opened()
    feed(protocol, packet)
    assert protocol.ended is not None
    assert "malformed packet" in protocol.ended


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_topic_that_is_no_utf_8_ends_the_connection_although_the_codec_panics() -> None:
    protocol = opened()
    feed(protocol, b"\x30\x07\x00\x01\xff\x00abc")
    assert protocol.ended == "malformed packet"


@pytest.mark.parametrize(
    "packet",
    [
        mqtt5.PublishPacket("", b"{}", topic_alias=1).write(),
        mqtt5.PubRelPacket(1).write(),
        mqtt5.ConnAckPacket().write(),
        mqtt5.PingReqPacket().write(),
    ],
)
def test_what_nobody_asked_for_ends_the_connection(packet: bytes) -> None:
    protocol = opened()
    feed(protocol, packet)
    assert protocol.ended is not None
    assert protocol.ended.startswith("unexpected ")


@pytest.mark.parametrize("answer", [mqtt5.PubAckPacket(9).write(), bytes.fromhex("90 04 00 01 00 01")])
def test_an_answer_to_what_was_not_asked_ends_the_connection(answer: bytes) -> None:
    protocol = opened()
    protocol.publish(publication())  # packet id 1 awaits a PUBACK, no SUBACK
    feed(protocol, answer)
    assert protocol.ended == "an answer to what was not asked"


def test_a_suback_that_answers_too_little_ends_the_connection() -> None:
    protocol = opened()
    protocol.subscribe(["a", "b"], 1)
    feed(protocol, bytes.fromhex("90 04 00 01 00 01"))
    assert protocol.ended == "an answer to what was not asked"


@pytest.mark.parametrize("codes", [[], [mqtt5.SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE]])
def test_a_publish_is_not_answered_by_a_suback(codes: list[mqtt5.SubAckReasonCode]) -> None:
    protocol = opened()
    packet_id, _ = protocol.publish(publication())
    assert feed(protocol, mqtt5.SubAckPacket(packet_id, codes).write()).answers == []
    assert protocol.ended == "an answer to what was not asked"


def test_a_broker_that_disconnects_says_why() -> None:
    protocol = opened()
    feed(protocol, mqtt5.DisconnectPacket(reason_code=mqtt5.DisconnectReasonCode.SERVER_SHUTTING_DOWN).write())
    assert protocol.ended == "server shutting down"


# --- the connack


def test_nothing_but_a_connack_comes_first() -> None:
    protocol = opened(message(1))
    assert not protocol.is_open
    assert protocol.ended == "no CONNACK"


def test_the_broker_has_the_last_word_on_the_keep_alive() -> None:
    protocol = opened(mqtt5.ConnAckPacket(session_present=True, server_keep_alive=3).write())
    assert protocol.is_open
    assert (protocol.session_present, protocol.keep_alive_seconds) == (True, 3)


def test_a_refusal_is_kept_with_its_code() -> None:
    protocol = opened(mqtt5.ConnAckPacket(reason_code=mqtt5.ConnAckReasonCode.BANNED).write())
    assert (protocol.is_open, protocol.refusal, protocol.ended) == (False, 138, "banned")


def test_a_connect_promises_no_alias_and_no_packet_larger_than_the_buffer() -> None:
    session = Session(clean_start=False, receive_maximum=1000, manual_acknowledgement=True)
    broker = Broker(username="monitor", password="secret")
    packet, _ = mqtt5.read(memoryview(Mqtt5Protocol().connect(broker, "monitor", Will("w", b"lost", 5), session)))
    assert isinstance(packet, mqtt5.ConnectPacket)
    assert (packet.topic_alias_max, packet.max_packet_size, packet.receive_max) == (0, BUFFER_BYTES, 1000)
    assert (packet.clean_start, packet.session_expiry_interval) == (False, 7 * 24 * 3600)
    assert (packet.username, packet.password, packet.client_id) == ("monitor", b"secret", "monitor")
    assert packet.will is not None
    assert (packet.will.topic, packet.will.payload, packet.will.retain) == ("w", b"lost", True)
    assert (packet.will.qos, packet.will.will_delay_interval) == (AT_LEAST_ONCE, 5)


# --- what is sent


def test_the_brokers_receive_maximum_bounds_what_is_unanswered() -> None:
    protocol = opened(mqtt5.ConnAckPacket(receive_max=2).write())
    first, _ = protocol.publish(publication())
    protocol.publish(publication())
    assert not protocol.may_publish
    assert feed(protocol, mqtt5.PubAckPacket(first).write()).answers == [(first, [0])]
    assert protocol.may_publish


def test_a_packet_id_is_not_used_again_before_it_is_answered() -> None:
    protocol = opened()
    waiting, _ = protocol.publish(publication())
    used = set()
    for _ in range(65_534):
        packet_id, _ = protocol.publish(publication())
        used.add(packet_id)
        feed(protocol, mqtt5.PubAckPacket(packet_id).write())
    assert waiting not in used
    assert protocol.publish(publication())[0] == 2


def test_a_packet_larger_than_the_broker_takes_does_not_fit() -> None:
    protocol = opened(mqtt5.ConnAckPacket(max_packet_size=100).write())
    room = 100 - len(protocol.publish(publication(b""))[1])
    sizes = (room, room + 1)
    assert [protocol.fits(publication(b"x" * size)) for size in sizes] == [True, False]
    assert [protocol.fits(publication(b"x" * size, qos=0)) for size in sizes] == [True, True]  # it has no packet id
    assert protocol.tell([("a", b"x" * 100), ("b", b"y")]) == mqtt5.PublishPacket("b", b"y").write()


def test_messages_are_acknowledged_in_order_and_those_at_qos_0_not_at_all() -> None:
    messages = [PlainMessage(TOPIC, b"", int(bool(number)), False, number) for number in (3, 0, 1, 2)]
    acknowledged = opened().acknowledge([*messages, PlainMessage(TOPIC, b"", 0, False, None)])
    assert acknowledged == b"".join(mqtt5.PubAckPacket(number).write() for number in (3, 1, 2))
