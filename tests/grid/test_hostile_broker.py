"""What a hostile broker can't do to our clients: make them hold, owe or wait for more than they choose to."""

import asyncio

import pytest
from hostile import PINGREQ, Guest, Play, hostile_broker

from grid.broker import Broker, BrokerLostError, Protocol
from grid.broker_words import TAKES_NOTHING, TOO_MUCH
from grid.connection import connect_once

pytestmark = pytest.mark.usefixtures("clean_loop")

PATIENCE = 20.0
CLIENTS = [(Protocol.V5, True), (Protocol.V5, False), (Protocol.V311, False)]
NAMES = ["codec-mqtt-5", "aiomqtt-mqtt-5", "aiomqtt-mqtt-3.1.1"]
TOPIC = b"\x00\x01t"


def publish(version: int, *, qos: int, packet_id: int = 1, payload: bytes = b"{}") -> bytes:
    properties = b"\x00" if version == 5 else b""
    body = TOPIC + packet_id.to_bytes(2, "big") + properties + payload
    return bytes([0x30 | qos << 1, len(body)]) + body


async def loss(port: int, protocol: Protocol, play: Play, *, in_bulk: bool) -> str:
    """Why a client gives up a broker that plays so."""
    async with hostile_broker(port, play):
        address = Broker("127.0.0.1", port, protocol=protocol)
        with pytest.raises(BrokerLostError) as caught:
            async with connect_once(
                address, client_id="client", deliver=lambda message: None, in_bulk=in_bulk
            ) as connection:
                await asyncio.wait_for(connection.lost(), PATIENCE)
    return str(caught.value)


@pytest.mark.parametrize(("protocol", "in_bulk"), CLIENTS, ids=NAMES)
async def test_a_packet_of_256_megabytes_is_not_waited_for(
    free_port: int, protocol: Protocol, *, in_bulk: bool
) -> None:
    async def announce(guest: Guest) -> None:
        await guest.say(b"\x30\xff\xff\xff\x7f" + bytes(1000))
        await guest.hung_up()

    because = await loss(free_port, protocol, announce, in_bulk=in_bulk)
    assert because.endswith("packet too large" if in_bulk else TOO_MUCH)


@pytest.mark.parametrize(("protocol", "in_bulk"), CLIENTS[1:], ids=NAMES[1:])
async def test_messages_at_qos_2_that_are_never_released_do_not_pile_up(
    free_port: int, protocol: Protocol, *, in_bulk: bool
) -> None:
    async def hold_back(guest: Guest) -> None:
        await guest.say(publish(guest.version, qos=2))
        await guest.hung_up()

    assert (await loss(free_port, protocol, hold_back, in_bulk=in_bulk)).endswith(TOO_MUCH)


@pytest.mark.parametrize(("protocol", "in_bulk"), CLIENTS[1:], ids=NAMES[1:])
async def test_pings_of_a_broker_that_takes_nothing_are_not_answered_for_ever(
    free_port: int, protocol: Protocol, monkeypatch: pytest.MonkeyPatch, *, in_bulk: bool
) -> None:
    monkeypatch.setattr("grid.mqtt_limits.MOST_UNSENT_PACKETS", 0)  # else the kernel takes megabytes first

    async def ping(guest: Guest) -> None:
        await guest.flood(PINGREQ * 10_000)

    assert (await loss(free_port, protocol, ping, in_bulk=in_bulk)).endswith(TAKES_NOTHING)


async def test_acknowledgements_that_a_broker_does_not_take_do_not_pile_up(
    free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grid.mqtt5_client.MOST_UNSENT_BYTES", 100_000)

    async def send(guest: Guest) -> None:
        await guest.flood(b"".join(publish(5, qos=1, packet_id=number) for number in range(1, 10_001)))

    assert (await loss(free_port, Protocol.V5, send, in_bulk=True)).endswith(TAKES_NOTHING)


@pytest.mark.parametrize(("protocol", "in_bulk"), CLIENTS, ids=NAMES)
async def test_a_packet_that_comes_byte_by_byte_is_one(free_port: int, protocol: Protocol, *, in_bulk: bool) -> None:
    heard = asyncio.Event()

    async def drip(guest: Guest) -> None:
        for byte in publish(guest.version, qos=0, payload=b"{}" * 20):
            await guest.say(bytes([byte]))
            await asyncio.sleep(0.001)
        await guest.hung_up()

    async with hostile_broker(free_port, drip):
        address = Broker("127.0.0.1", free_port, protocol=protocol)
        async with connect_once(address, client_id="c", deliver=lambda message: heard.set(), in_bulk=in_bulk):
            await asyncio.wait_for(heard.wait(), PATIENCE)


@pytest.mark.parametrize(("protocol", "in_bulk"), CLIENTS, ids=NAMES)
async def test_half_a_packet_and_no_more_ends_in_words(free_port: int, protocol: Protocol, *, in_bulk: bool) -> None:
    async def break_off(guest: Guest) -> None:
        await guest.say(publish(guest.version, qos=1)[:5])

    assert (await loss(free_port, protocol, break_off, in_bulk=in_bulk)).isprintable()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the codec panics
@pytest.mark.parametrize(("protocol", "in_bulk"), CLIENTS, ids=NAMES)
@pytest.mark.parametrize(
    "nonsense",
    [
        b"\x30\x03\x00\xff\xff",  # a topic longer than its packet
        b"\x32\x05\x00\x03t\xff\xfe\x00\x00",  # a topic that is no UTF-8
        b"\x30\x05\x00\x02\xff\xfe\x00",
        b"\x90\x00",  # a SUBACK of nothing
        b"\x40\x01\x00",  # half a packet id
        b"\xf0\x00",
        b"\x00\x00",
        b"\x30\x80\x80\x80\x80\x01",  # a length of five bytes
    ],
)
async def test_a_malformed_packet_ends_the_connection_in_words(
    free_port: int, protocol: Protocol, nonsense: bytes, *, in_bulk: bool
) -> None:
    async def say(guest: Guest) -> None:
        await guest.say(nonsense)
        await guest.hung_up()

    because = await loss(free_port, protocol, say, in_bulk=in_bulk)
    assert because.isprintable()
    assert "unpack" not in because
    assert "codec" not in because
