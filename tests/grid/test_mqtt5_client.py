"""The client on the codec against a broker that plays what no Mosquitto does: split, huge, silent, slow, malformed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

import mqtt5
import pytest

from grid.broker import Broker, BrokerLostError, BrokerRefusedError, Message, Protocol, Session
from grid.connection import Connection, connect_once, stay_connected
from grid.mqtt5_protocol import BUFFER_BYTES

pytestmark = pytest.mark.usefixtures("clean_loop")

PATIENCE = 5.0
TOPIC = "grid/turbines/7/metrics"
AT_LEAST_ONCE = mqtt5.QoS.AT_LEAST_ONCE
PacketT = TypeVar("PacketT")


class FakeBroker:
    """One connection of a client, played by a test: it reads packets and writes what it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer
        self._buffer = b""

    async def next(self, kind: type[PacketT]) -> PacketT:
        """The next packet, which must be of this kind."""
        async with asyncio.timeout(PATIENCE):
            while True:
                with suppress(IndexError):
                    packet, size = mqtt5.read(memoryview(self._buffer))
                    self._buffer = self._buffer[size:]
                    assert isinstance(packet, kind), packet
                    return packet
                data = await self._reader.read(65_536)
                assert data, "the client hung up"
                self._buffer += data

    async def hung_up(self) -> bytes:
        """What comes before the client hangs up."""
        async with asyncio.timeout(PATIENCE):
            return self._buffer + await self._reader.read(-1)

    def say(self, *packets: bytes) -> None:
        self.writer.write(b"".join(packets))


Play = Callable[[FakeBroker], Awaitable[None]]


@asynccontextmanager
async def playing(
    port: int, play: Play, connack: mqtt5.ConnAckPacket | None = None
) -> AsyncIterator[tuple[Broker, asyncio.Future[None]]]:
    """A broker that answers the CONNECT and then plays; `played` is done when it has, and holds its error."""
    played: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        broker = FakeBroker(reader, writer)
        try:
            await broker.next(mqtt5.ConnectPacket)
            broker.say((connack or mqtt5.ConnAckPacket()).write())
            await play(broker)
            played.set_result(None)
        except Exception as error:
            played.set_exception(error)
        finally:
            writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", port):
        yield Broker("127.0.0.1", port, protocol=Protocol.V5), played


def message(number: int, payload: bytes = b"{}") -> bytes:
    return mqtt5.PublishPacket(TOPIC, payload, qos=AT_LEAST_ONCE, packet_id=number).write()


async def loss_of(broker: Broker, deliver: Callable[[Message], None] | None = None) -> str:
    """The reason for which a connection is lost that was there."""
    async with connect_once(broker, client_id="monitor", deliver=deliver, in_bulk=True) as connection:
        with pytest.raises(BrokerLostError) as caught:
            await asyncio.wait_for(connection.lost(), PATIENCE)
    return str(caught.value)


async def serve_in_bulk(
    broker: Broker, serve: Callable[[Connection], Awaitable[None]], deliver_all: Callable[[Sequence[Message]], None]
) -> None:
    """Serve one connection with manual acknowledgement, or fail."""

    def fail(reason: str, delay: float) -> None:
        raise AssertionError(reason)

    await stay_connected(
        broker,
        serve,
        client_id="monitor",
        deliver_all=deliver_all,
        session=Session(manual_acknowledgement=True),
        on_lost=fail,
        in_bulk=True,
    )


# --- what arrives


async def test_a_reads_messages_come_at_once_and_are_acknowledged_with_one_write(free_port: int) -> None:
    reads: list[Sequence[Message]] = []
    arrived = asyncio.Event()

    def deliver_all(messages: Sequence[Message]) -> None:
        reads.append(messages)
        arrived.set()

    async def play(broker: FakeBroker) -> None:
        broker.say(*(message(number) for number in range(1, 101)))
        expected = b"".join(mqtt5.PubAckPacket(number).write() for number in range(1, 101))
        assert await broker.hung_up() == expected + mqtt5.DisconnectPacket().write()

    async def serve(connection: Connection) -> None:
        await asyncio.wait_for(arrived.wait(), PATIENCE)
        [messages] = reads
        connection.acknowledge(*messages)

    async with playing(free_port, play) as (broker, played):
        await serve_in_bulk(broker, serve, deliver_all)
        await asyncio.wait_for(played, PATIENCE)
    assert [found.packet_id for found in reads[0]] == list(range(1, 101))


async def test_a_message_that_comes_byte_by_byte_is_one_message(free_port: int) -> None:
    heard: asyncio.Queue[Message] = asyncio.Queue()

    async def play(broker: FakeBroker) -> None:
        for byte in message(1, b"slow"):
            broker.say(bytes([byte]))
            await broker.writer.drain()
            await asyncio.sleep(0)
        assert (await broker.next(mqtt5.PubAckPacket)).packet_id == 1

    async with (
        playing(free_port, play) as (broker, played),
        connect_once(broker, client_id="monitor", deliver=heard.put_nowait, in_bulk=True),
    ):
        assert (await asyncio.wait_for(heard.get(), PATIENCE)).payload == b"slow"
        await asyncio.wait_for(played, PATIENCE)


async def test_a_packet_larger_than_we_said_ends_the_connection(free_port: int) -> None:
    async def play(broker: FakeBroker) -> None:
        broker.say(message(1, b"x" * BUFFER_BYTES))
        with suppress(ConnectionResetError):
            await broker.hung_up()

    async with playing(free_port, play) as (broker, _):
        assert await loss_of(broker) == "the connection to the broker was lost: packet too large"


async def test_a_malformed_packet_ends_the_connection_after_what_came_before_it(free_port: int) -> None:
    heard: list[Message] = []

    async def play(broker: FakeBroker) -> None:
        broker.say(message(1), b"\x00\x00", message(2))
        with suppress(ConnectionResetError):
            await broker.hung_up()

    async with playing(free_port, play) as (broker, _):
        said = await loss_of(broker, heard.append)
    assert said.startswith("the connection to the broker was lost: malformed packet")
    assert [found.packet_id for found in heard] == [1]


async def test_an_error_of_the_receiver_ends_it_all(free_port: int) -> None:
    def deliver_all(_: Sequence[Message]) -> None:
        raise LookupError("a bug")

    async def play(broker: FakeBroker) -> None:
        broker.say(message(1))
        assert await broker.hung_up() == b""  # neither a PUBACK nor a DISCONNECT

    async def serve(_: Connection) -> None:
        await asyncio.Event().wait()

    async with playing(free_port, play) as (broker, played):
        with pytest.raises(LookupError, match="a bug"):
            await serve_in_bulk(broker, serve, deliver_all)
        await asyncio.wait_for(played, PATIENCE)


# --- keep-alive


async def test_an_idle_client_pings_as_often_as_the_broker_wants(free_port: int) -> None:
    async def play(broker: FakeBroker) -> None:
        for _ in range(2):
            await broker.next(mqtt5.PingReqPacket)
            broker.say(mqtt5.PingRespPacket().write())

    async with (
        playing(free_port, play, mqtt5.ConnAckPacket(server_keep_alive=1)) as (broker, played),
        connect_once(broker, client_id="monitor", in_bulk=True),
    ):
        await asyncio.wait_for(played, PATIENCE)


async def test_a_broker_that_answers_no_ping_is_lost(free_port: int) -> None:
    async def play(broker: FakeBroker) -> None:
        await broker.hung_up()

    async with playing(free_port, play, mqtt5.ConnAckPacket(server_keep_alive=1)) as (broker, _):
        assert await loss_of(broker) == "the connection to the broker was lost: keep alive timeout"


# --- reading no more


async def test_a_paused_client_reads_nothing_but_what_comes_with_an_answer(free_port: int) -> None:
    heard: list[int | None] = []
    paused, asked = asyncio.Event(), asyncio.Event()

    async def play(broker: FakeBroker) -> None:
        await paused.wait()
        broker.say(message(1))
        await asked.wait()
        puback = mqtt5.PubAckPacket((await broker.next(mqtt5.PublishPacket)).packet_id or 0)
        broker.say(puback.write())
        await broker.next(mqtt5.DisconnectPacket)

    async def serve(connection: Connection) -> None:
        connection.pause_reading()
        paused.set()
        await asyncio.sleep(0.05)
        assert heard == []
        asked.set()
        await asyncio.wait_for(connection.publish(TOPIC, b"?"), PATIENCE)
        assert heard == [1]

    def deliver_all(messages: Sequence[Message]) -> None:
        heard.extend(found.packet_id for found in messages)

    async with playing(free_port, play) as (broker, played):
        await serve_in_bulk(broker, serve, deliver_all)
        await asyncio.wait_for(played, PATIENCE)


async def test_a_resumed_client_reads_what_was_left(free_port: int) -> None:
    heard: asyncio.Queue[Message] = asyncio.Queue()
    paused = asyncio.Event()

    async def play(broker: FakeBroker) -> None:
        await paused.wait()
        broker.say(message(1))
        await broker.next(mqtt5.PubAckPacket)

    async with (
        playing(free_port, play) as (broker, played),
        connect_once(broker, client_id="monitor", deliver=heard.put_nowait, in_bulk=True) as connection,
    ):
        connection.pause_reading()
        paused.set()
        await asyncio.sleep(0.05)
        assert heard.empty()
        connection.resume_reading()
        await asyncio.wait_for(heard.get(), PATIENCE)
        await asyncio.wait_for(played, PATIENCE)


# --- what is published


async def test_no_more_is_unanswered_than_the_broker_allows(free_port: int) -> None:
    async def play(broker: FakeBroker) -> None:
        first = await broker.next(mqtt5.PublishPacket)
        second = await broker.next(mqtt5.PublishPacket)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await broker.next(mqtt5.PublishPacket)
        broker.say(mqtt5.PubAckPacket(second.packet_id or 0).write())
        third = await broker.next(mqtt5.PublishPacket)
        broker.say(*(mqtt5.PubAckPacket(packet.packet_id or 0).write() for packet in (first, third)))

    async with playing(free_port, play, mqtt5.ConnAckPacket(receive_max=2)) as (broker, played):
        async with connect_once(broker, client_id="monitor", in_bulk=True) as connection, asyncio.TaskGroup() as tasks:
            for number in range(3):
                tasks.create_task(connection.publish(TOPIC, b"%d" % number))
        await asyncio.wait_for(played, PATIENCE)


async def test_a_publish_given_up_keeps_its_packet_id_until_the_broker_has_answered(free_port: int) -> None:
    given_up = asyncio.Event()

    async def play(broker: FakeBroker) -> None:
        first = await broker.next(mqtt5.PublishPacket)
        await given_up.wait()
        broker.say(mqtt5.PubAckPacket(first.packet_id or 0).write())
        second = await broker.next(mqtt5.PublishPacket)
        assert (first.packet_id, second.packet_id) == (1, 2)
        broker.say(mqtt5.PubAckPacket(2).write())

    async with (
        playing(free_port, play, mqtt5.ConnAckPacket(receive_max=1)) as (broker, played),
        connect_once(broker, client_id="monitor", in_bulk=True) as connection,
    ):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(connection.publish(TOPIC, b"1"), 0.05)
        given_up.set()
        await asyncio.wait_for(connection.publish(TOPIC, b"2"), PATIENCE)
        await asyncio.wait_for(played, PATIENCE)


async def test_what_is_too_large_for_the_broker_is_refused_before_it_is_sent(free_port: int) -> None:
    async def play(broker: FakeBroker) -> None:
        small = await broker.next(mqtt5.PublishPacket)
        assert small.payload == b"small"
        broker.say(mqtt5.PubAckPacket(small.packet_id or 0).write())

    async with (
        playing(free_port, play, mqtt5.ConnAckPacket(max_packet_size=100)) as (broker, played),
        connect_once(broker, client_id="monitor", in_bulk=True) as connection,
    ):
        for qos in (0, 1):
            with pytest.raises(BrokerRefusedError, match=f"^the broker refuses what is published on {TOPIC}: packet"):
                await connection.publish(TOPIC, b"x" * 100, qos=qos)
        await connection.publish(TOPIC, b"small")
        await asyncio.wait_for(played, PATIENCE)


async def test_whoever_waits_for_an_answer_hears_of_the_loss(free_port: int) -> None:
    async def play(broker: FakeBroker) -> None:
        await broker.next(mqtt5.PublishPacket)
        broker.say(mqtt5.DisconnectPacket(reason_code=mqtt5.DisconnectReasonCode.QUOTA_EXCEEDED).write())

    async with (
        playing(free_port, play, mqtt5.ConnAckPacket(receive_max=1)) as (broker, _),
        connect_once(broker, client_id="monitor", in_bulk=True) as connection,
    ):
        said = await asyncio.gather(
            connection.publish(TOPIC, b"answered by a DISCONNECT"),
            connection.publish(TOPIC, b"waits for its turn"),
            return_exceptions=True,
        )
    assert [str(error) for error in said] == ["the connection to the broker was lost: quota exceeded"] * 2


async def test_what_is_told_goes_out_at_once_and_is_not_waited_for(free_port: int) -> None:
    async def play(broker: FakeBroker) -> None:
        told = [await broker.next(mqtt5.PublishPacket) for _ in range(2)]
        assert [(packet.topic, packet.payload) for packet in told] == [("a", b"1"), ("b", b"2")]
        assert all(packet.qos == mqtt5.QoS.AT_MOST_ONCE and not packet.retain for packet in told)

    async with (
        playing(free_port, play) as (broker, played),
        connect_once(broker, client_id="monitor", in_bulk=True) as connection,
    ):
        connection.tell([("a", b"1"), ("b", b"2")])
        await asyncio.wait_for(played, PATIENCE)


@pytest.mark.parametrize("in_bulk", [True, False], ids=["codec", "aiomqtt"])
async def test_a_broker_that_takes_nothing_is_told_nothing_more(free_port: int, in_bulk: bool) -> None:
    stuck = asyncio.Event()

    async def play(broker: FakeBroker) -> None:
        await stuck.wait()
        taken = await broker.hung_up()
        assert b"never told" not in taken

    async with playing(free_port, play) as (broker, played):
        async with connect_once(broker, client_id="monitor", in_bulk=in_bulk) as connection:
            connection.tell(("a", b"x" * 60_000) for _ in range(300))  # more than the kernel takes
            connection.tell([("a", b"never told")])
            stuck.set()
        await asyncio.wait_for(played, PATIENCE)
