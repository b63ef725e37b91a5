"""The connection on real brokers: wills, persistent sessions, acknowledgements, losses, and what ends it."""

import asyncio
import functools
import os
import signal
import subprocess
import sys
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace

import pytest

from grid.connection import (
    Backoff,
    Broker,
    BrokerLostError,
    Connection,
    Message,
    Protocol,
    Serve,
    Session,
    Will,
    connect_once,
    stay_connected,
)
from monitor.demo_broker import LocalMosquitto

UNANSWERED = "what listens at {} does not answer as a broker does; does it want TLS (--tls, --cafile)?"

pytestmark = pytest.mark.usefixtures("clean_loop", "in_bulk")

STATUS = "grid/turbines/7/status"
METRICS = "grid/turbines/7/metrics"
REPAIR = "grid/turbines/7/repair"
PATIENCE = 5.0
VERSIONS = [Protocol.V5, Protocol.V311]


@pytest.fixture(params=[False, True], ids=["aiomqtt", "codec"])
def in_bulk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """A test runs once over each client, which carries MQTT 5 for it; 3.1.1 is aiomqtt's in any case."""
    for connect in (connect_once, stay_connected):
        monkeypatch.setitem(globals(), connect.__name__, functools.partial(connect, in_bulk=request.param))
    return bool(request.param)


@dataclass
class Inbox:
    """Messages as they arrive."""

    queue: asyncio.Queue[Message] = field(default_factory=asyncio.Queue)

    def put(self, message: Message) -> None:
        self.queue.put_nowait(message)

    async def next(self) -> Message:
        return await asyncio.wait_for(self.queue.get(), PATIENCE)

    async def payloads(self, count: int) -> list[bytes]:
        return [(await self.next()).payload for _ in range(count)]

    async def payloads_until(self, last: bytes) -> list[bytes]:
        """What arrives before a payload that is sent as the last one."""
        found = []
        while (payload := (await self.next()).payload) != last:
            found.append(payload)
        return found


@dataclass
class Losses:
    """What `on_lost` heard."""

    reasons: list[str] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)

    def hear(self, reason: str, delay: float) -> None:
        self.reasons.append(reason)
        self.delays.append(delay)


def observer(address: Broker, inbox: Inbox) -> AbstractAsyncContextManager[Connection]:
    return connect_once(address, client_id="observer", deliver=inbox.put)


def quick() -> Backoff:
    return Backoff(first_seconds=0.01, cap_seconds=0.1)


def once(act: Serve) -> tuple[list[Connection], Serve]:
    """A `serve` that acts on its first connection, returns on its second, and keeps both for comparison."""
    connections: list[Connection] = []

    async def serve(connection: Connection) -> None:
        connections.append(connection)
        if len(connections) == 1:
            await act(connection)

    return connections, serve


async def break_it(_: Connection) -> None:
    raise BrokerLostError("broken on purpose")


# --- wills and goodbyes

TURBINE = """
import asyncio, sys
from grid.connection import Broker, Will, stay_connected

async def serve(connection):
    await connection.publish(sys.argv[2], b"birth", retain=True)
    await asyncio.Event().wait()

will = Will(sys.argv[2], b"lost", delay_seconds=0)
broker, in_bulk = Broker(port=int(sys.argv[1])), sys.argv[3] == "True"
asyncio.run(stay_connected(broker, serve, client_id="turbine-7", will=lambda: will, in_bulk=in_bulk))
"""


async def test_a_killed_program_leaves_its_will(address: Broker, in_bulk: bool) -> None:
    inbox = Inbox()
    async with observer(address, inbox) as connection:
        await connection.subscribe(STATUS)
        turbine = subprocess.Popen([sys.executable, "-c", TURBINE, str(address.port), STATUS, str(in_bulk)])
        try:
            assert (await inbox.next()).payload == b"birth"
        finally:
            os.kill(turbine.pid, signal.SIGKILL)
            turbine.wait()
        assert (await inbox.next()).payload == b"lost"


@pytest.mark.parametrize("protocol", VERSIONS)
async def test_a_clean_end_leaves_the_goodbye_and_no_will(address: Broker, protocol: Protocol) -> None:
    async def serve(connection: Connection) -> None:
        await connection.publish(STATUS, b"goodbye", retain=True)

    inbox = Inbox()
    async with observer(address, inbox) as connection:
        await connection.subscribe(STATUS)
        will = Will(STATUS, b"lost", delay_seconds=0)
        await stay_connected(replace(address, protocol=protocol), serve, client_id="turbine-7", will=lambda: will)
        await connection.publish(STATUS, b"end of test")
        assert await inbox.payloads_until(b"end of test") == [b"goodbye"]


async def test_a_cancelled_program_can_still_say_goodbye(address: Broker) -> None:
    connected = asyncio.Event()

    async def serve(connection: Connection) -> None:
        try:
            connected.set()
            await asyncio.Event().wait()
        finally:
            await connection.publish(STATUS, b"goodbye", retain=True)

    inbox = Inbox()
    async with observer(address, inbox) as connection:
        await connection.subscribe(STATUS)
        will = Will(STATUS, b"lost", delay_seconds=0)
        turbine = asyncio.create_task(stay_connected(address, serve, client_id="turbine-7", will=lambda: will))
        await asyncio.wait_for(connected.wait(), PATIENCE)
        turbine.cancel()
        with pytest.raises(asyncio.CancelledError):
            await turbine
        await connection.publish(STATUS, b"end of test")
        assert await inbox.payloads_until(b"end of test") == [b"goodbye"]


async def test_a_connection_given_up_for_lost_leaves_its_will(address: Broker) -> None:
    connections, serve = once(break_it)
    inbox = Inbox()
    async with observer(address, inbox) as connection:
        await connection.subscribe(STATUS)
        wills = iter([Will(STATUS, b"first", delay_seconds=0), Will(STATUS, b"second", delay_seconds=0)])
        await stay_connected(address, serve, client_id="turbine-7", will=lambda: next(wills), backoff=quick())
        await connection.publish(STATUS, b"end of test")
        assert await inbox.payloads_until(b"end of test") == [b"first"]
    assert len(connections) == 2


async def test_a_will_waits_for_its_delay(address: Broker) -> None:
    _, serve = once(break_it)
    inbox = Inbox()
    async with observer(address, inbox) as connection:
        await connection.subscribe(STATUS)
        will = Will(STATUS, b"lost", delay_seconds=60)
        session = Session(clean_start=False)
        await stay_connected(address, serve, client_id="turbine-7", will=lambda: will, session=session, backoff=quick())
        await connection.publish(STATUS, b"end of test")
        assert await inbox.payloads_until(b"end of test") == []


# --- persistent sessions and acknowledgements


@pytest.mark.parametrize("protocol", VERSIONS)
async def test_what_is_not_acknowledged_comes_again_and_the_rest_does_not(address: Broker, protocol: Protocol) -> None:
    address = replace(address, protocol=protocol)
    session = Session(clean_start=False, receive_maximum=1000, manual_acknowledgement=True)
    present = []

    async def visit(acknowledged: int, publish: list[bytes], expected: list[bytes]) -> None:
        inbox = Inbox()

        async def serve(connection: Connection) -> None:
            present.append(connection.session_present)
            if not connection.session_present:
                await connection.subscribe("grid/turbines/+/metrics")
            async with connect_once(address, client_id="turbine-7") as turbine:
                for payload in publish:
                    await turbine.publish(METRICS, payload)
            messages = [await inbox.next() for _ in expected]
            assert [message.payload for message in messages] == expected
            for message in messages[:acknowledged]:
                connection.acknowledge(message)

        await stay_connected(address, serve, client_id="monitor", deliver=inbox.put, session=session)

    await visit(acknowledged=2, publish=[b"1", b"2", b"3", b"4"], expected=[b"1", b"2", b"3", b"4"])
    await visit(acknowledged=2, publish=[], expected=[b"3", b"4"])
    await visit(acknowledged=1, publish=[b"5"], expected=[b"5"])
    assert present == [False, True, True]


async def test_more_than_the_receive_maximum_does_not_arrive_unacknowledged(address: Broker) -> None:
    inbox = Inbox()
    session = Session(clean_start=False, receive_maximum=3, manual_acknowledgement=True)

    async def serve(connection: Connection) -> None:
        await connection.subscribe(METRICS)
        for number in range(5):
            await connection.publish(METRICS, b"%d" % number)
        messages = [await inbox.next() for _ in range(3)]
        assert inbox.queue.empty()
        connection.acknowledge(messages[0])
        assert (await inbox.next()).payload == b"3"

    await stay_connected(address, serve, client_id="monitor", deliver=inbox.put, session=session)


async def test_what_is_acknowledged_just_before_the_end_does_not_come_again(address: Broker) -> None:
    """Although the broker still sends while we hang up, which a closed socket would answer with a reset."""
    session = Session(clean_start=False, receive_maximum=1000, manual_acknowledgement=True)
    inbox = Inbox()

    async def acknowledge_all(connection: Connection) -> None:
        await connection.subscribe(METRICS)
        async with connect_once(address, client_id="turbine-7") as turbine, asyncio.TaskGroup() as tasks:
            for number in range(1000):
                tasks.create_task(turbine.publish(METRICS, b"%d" % number))
        for message in [await inbox.next() for _ in range(1000)]:
            connection.acknowledge(message)
        for _ in range(10):
            await connection.publish(METRICS, b"still to come", qos=0)

    async def look_again(connection: Connection) -> None:
        await connection.publish(METRICS, b"end of test")
        assert [payload for payload in await inbox.payloads_until(b"end of test") if payload != b"still to come"] == []

    await stay_connected(address, acknowledge_all, client_id="monitor", deliver=inbox.put, session=session)
    await stay_connected(address, look_again, client_id="monitor", deliver=inbox.put, session=session)


async def test_without_manual_acknowledgement_nothing_comes_again(address: Broker) -> None:
    inbox = Inbox()
    session = Session(clean_start=False)

    async def subscribed(connection: Connection) -> None:
        await connection.subscribe(METRICS)
        await connection.publish(METRICS, b"1")
        await inbox.next()

    connections, serve = once(subscribed)
    await stay_connected(address, serve, client_id="monitor", deliver=inbox.put, session=session)
    await stay_connected(address, serve, client_id="monitor", deliver=inbox.put, session=session)
    assert [connection.session_present for connection in connections] == [False, True]
    assert inbox.queue.empty()


# --- what messages carry


async def test_retained_is_what_the_broker_remembered_and_not_what_it_hears(address: Broker) -> None:
    inbox = Inbox()
    async with observer(address, inbox) as connection:
        await connection.publish(STATUS, b"old", retain=True)
        await connection.subscribe(STATUS)
        remembered = await inbox.next()
        await connection.publish(STATUS, b"new", retain=True)
        heard = await inbox.next()
    assert (remembered.payload, remembered.retain) == (b"old", True)
    assert (heard.payload, heard.retain, heard.qos) == (b"new", False, 1)


async def test_an_order_arrives_with_expiry_response_topic_and_correlation_data(address: Broker) -> None:
    inbox = Inbox()
    async with observer(address, inbox) as connection:
        await connection.subscribe(REPAIR)
        order = ["mosquitto_sub", "-V", "5", "-p", str(address.port), "-t", REPAIR, "-C", "1", "-F", "%E %R %D %p"]
        with subprocess.Popen(order, stdout=subprocess.PIPE) as reader:
            while reader.poll() is None:  # until the reader has subscribed and heard one
                await connection.publish(
                    REPAIR, b"{}", expiry_seconds=60, response_topic=f"{REPAIR}/result", correlation_data=b"k3v9-12"
                )
            heard = reader.communicate()[0]
        message = await inbox.next()
    assert heard == b"60 grid/turbines/7/repair/result k3v9-12 {}\n"
    assert (message.topic, message.correlation_data) == (REPAIR, b"k3v9-12")


async def test_version_3_1_1_carries_the_payload_alone(address: Broker) -> None:
    inbox = Inbox()
    async with connect_once(replace(address, protocol=Protocol.V311), client_id="old", deliver=inbox.put) as connection:
        await connection.subscribe(REPAIR)
        await connection.publish(REPAIR, b"{}", expiry_seconds=60, response_topic="x", correlation_data=b"k3v9-12")
        message = await inbox.next()
    assert (message.payload, message.correlation_data, message.qos) == (b"{}", None, 1)


# --- losses


async def test_a_restarted_broker_gets_a_fresh_connection_with_a_fresh_will(
    broker: LocalMosquitto, address: Broker
) -> None:
    asked: list[int] = []
    losses = Losses()

    async def restart(_: Connection) -> None:
        broker.kill()
        broker.start()
        await asyncio.Event().wait()  # cancelled by the loss

    def will() -> Will:
        asked.append(len(asked))
        return Will(STATUS, b"lost %d" % asked[-1])

    connections, serve = once(restart)
    await stay_connected(address, serve, client_id="turbine-7", will=will, on_lost=losses.hear, backoff=quick())
    assert len(connections) == 2
    assert connections[0] is not connections[1]
    assert len(asked) == 1 + len(losses.reasons)
    assert losses.reasons[0] == "the connection to the broker was lost"


async def test_publishing_into_a_lost_connection_says_so(broker: LocalMosquitto, address: Broker) -> None:
    async with connect_once(address, client_id="turbine-7") as connection:
        broker.kill()
        with pytest.raises(BrokerLostError, match="the connection to the broker was lost"):
            await connection.lost()
        with pytest.raises(BrokerLostError, match="the connection to the broker was lost"):
            await connection.publish(METRICS, b"{}")
        with pytest.raises(BrokerLostError, match="the connection to the broker was lost"):
            await connection.subscribe(METRICS)


async def test_a_missing_broker_is_waited_for_and_named(broker: LocalMosquitto, address: Broker) -> None:
    broker.stop()
    losses = Losses()

    def hear(reason: str, delay: float) -> None:
        losses.hear(reason, delay)
        if len(losses.reasons) == 3:
            broker.start()

    connections, serve = once(break_it)
    connections.append(None)  # type: ignore[arg-type]
    await stay_connected(address, serve, client_id="turbine-7", on_lost=hear, backoff=quick())
    assert losses.reasons == [f"no broker answers at {address}: Connection refused"] * 3


async def test_a_client_id_taken_by_another_is_a_loss(address: Broker) -> None:
    losses = Losses()

    async def intrude(_: Connection) -> None:
        async with connect_once(address, client_id="monitor"):
            await asyncio.Event().wait()

    _, serve = once(intrude)
    await stay_connected(address, serve, client_id="monitor", on_lost=losses.hear, backoff=quick())
    assert losses.reasons == ["the connection to the broker was lost"]


async def test_a_broker_that_says_why_it_disconnects_is_quoted(free_port: int) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(bytes.fromhex("20 03 00 00 00"))  # CONNACK: success
        writer.write(bytes.fromhex("e0 01 8e"))  # DISCONNECT: session taken over
        writer.close()

    address = Broker(host="127.0.0.1", port=free_port)
    async with (
        await asyncio.start_server(answer, "127.0.0.1", free_port),
        connect_once(address, client_id="monitor") as connection,
    ):
        with pytest.raises(BrokerLostError, match=r"^the connection to the broker was lost: session taken over$"):
            await connection.lost()


async def test_connections_that_break_at_once_are_retried_ever_more_slowly(address: Broker) -> None:
    losses = Losses()
    count = 0

    async def serve(_: Connection) -> None:
        nonlocal count
        count += 1
        if count < 7:
            raise BrokerLostError("again")

    backoff = Backoff(first_seconds=0.001, cap_seconds=0.008)
    await stay_connected(address, serve, client_id="turbine-7", on_lost=losses.hear, backoff=backoff)
    ceilings = [0.001, 0.002, 0.004, 0.008, 0.008, 0.008]
    assert all(ceiling / 2 <= delay <= ceiling for delay, ceiling in zip(losses.delays, ceilings, strict=True))


async def test_an_attempt_that_fails_slowly_is_no_success(free_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grid.connection._STEADY_SECONDS", -60.0)  # as if each attempt took a minute
    backoff = Backoff(first_seconds=0.001, cap_seconds=0.004)
    losses = Losses()
    enough = asyncio.Event()

    def hear(reason: str, delay: float) -> None:
        losses.hear(reason, delay)
        if len(losses.delays) == 4:
            enough.set()

    nobody = Broker("127.0.0.1", free_port)
    attempts = asyncio.create_task(
        stay_connected(nobody, break_it, client_id="turbine-7", on_lost=hear, backoff=backoff)
    )
    await asyncio.wait_for(enough.wait(), PATIENCE)
    attempts.cancel()
    with pytest.raises(asyncio.CancelledError):
        await attempts
    ceilings = [0.001, 0.002, 0.004, 0.004]
    assert all(ceiling / 2 <= delay <= ceiling for delay, ceiling in zip(losses.delays, ceilings, strict=False))


async def test_after_a_steady_connection_the_first_retry_is_quick(
    address: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grid.connection._STEADY_SECONDS", 0.0)
    _, serve = once(break_it)
    losses = Losses()
    backoff = Backoff(first_seconds=0.001, cap_seconds=60, attempts=15)
    await stay_connected(address, serve, client_id="turbine-7", on_lost=losses.hear, backoff=backoff)
    assert losses.delays[0] <= 0.001


async def test_a_slow_broker_that_speaks_version_5_is_not_asked_for_an_older_one(
    broker: LocalMosquitto, address: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses = Losses()

    async def stop_broker(_: Connection) -> None:
        for client in ("mqtt_client", "mqtt5_client"):
            monkeypatch.setattr(f"grid.{client}.CONNECT_TIMEOUT_SECONDS", 0.1)
        broker.send_signal(signal.SIGSTOP)
        raise BrokerLostError("broken on purpose")

    def hear(reason: str, delay: float) -> None:
        losses.hear(reason, delay)
        if len(losses.reasons) == 2:
            monkeypatch.undo()
            broker.send_signal(signal.SIGCONT)

    connections, serve = once(stop_broker)
    await stay_connected(address, serve, client_id="turbine-7", on_lost=hear, backoff=quick())
    assert losses.reasons[1:] == [UNANSWERED.format(address)]
    assert [connection.protocol for connection in connections] == [Protocol.V5, Protocol.V5]


async def test_a_broker_that_knows_only_3_1_1_is_served_in_it(
    amqtt_broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    for client in ("mqtt_client", "mqtt5_client"):  # amqtt leaves version 5 unanswered
        monkeypatch.setattr(f"grid.{client}.CONNECT_TIMEOUT_SECONDS", 1.0)
    address = replace(amqtt_broker, protocol=Protocol.AUTO)
    inbox = Inbox()
    losses = Losses()

    async def serve(connection: Connection) -> None:
        assert connection.protocol is Protocol.V311
        await connection.subscribe("grid/#")
        await connection.publish(METRICS, b"{}", expiry_seconds=60, correlation_data=b"x")
        assert (await inbox.next()).payload == b"{}"

    will = Will(STATUS, b"lost")
    await stay_connected(
        address,
        serve,
        client_id="turbine-7",
        deliver=inbox.put,
        will=lambda: will,
        on_lost=losses.hear,
        backoff=quick(),
    )
    assert losses.reasons == [UNANSWERED.format(address)]
    async with connect_once(address, client_id="doctor") as connection:
        assert connection.protocol is Protocol.V311


# --- how it ends


async def test_an_error_of_serve_ends_it_and_passes_as_it_is(address: Broker) -> None:
    async def serve(_: Connection) -> None:
        raise LookupError("a bug")

    with pytest.raises(LookupError, match="a bug"):
        await stay_connected(address, serve, client_id="turbine-7")


async def test_an_error_of_deliver_ends_it_and_passes_as_it_is(
    address: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    def deliver(_: Message) -> None:
        raise LookupError("a bug")

    async def serve(connection: Connection) -> None:
        await connection.subscribe(METRICS)
        await connection.publish(METRICS, b"{}")
        await asyncio.Event().wait()

    with pytest.raises(LookupError, match="a bug"):
        await stay_connected(address, serve, client_id="turbine-7", deliver=deliver)


async def test_the_errors_of_a_task_group_in_serve_pass_as_they_are(address: Broker) -> None:
    async def serve(_: Connection) -> None:
        raise ExceptionGroup("of serve", [LookupError("a bug"), BrokerLostError("and a loss")])

    with pytest.raises(ExceptionGroup, match="of serve") as caught:
        await stay_connected(address, serve, client_id="turbine-7")
    assert [type(error) for error in caught.value.exceptions] == [LookupError]


async def test_losses_in_a_task_group_in_serve_are_losses(address: Broker) -> None:
    losses = Losses()

    async def serve(connection: Connection) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(break_it(connection))
            tasks.create_task(break_it(connection))

    connections, twice = once(serve)
    await stay_connected(address, twice, client_id="turbine-7", on_lost=losses.hear, backoff=quick())
    assert losses.reasons == ["broken on purpose"]
    assert len(connections) == 2


async def test_a_cancellation_is_not_forgotten_over_a_loss(address: Broker) -> None:
    connected = asyncio.Event()

    async def serve(_: Connection) -> None:
        try:
            connected.set()
            await asyncio.Event().wait()
        finally:
            raise BrokerLostError("lost while it was cancelled")

    task = asyncio.create_task(stay_connected(address, serve, client_id="turbine-7", backoff=quick()))
    await asyncio.wait_for(connected.wait(), PATIENCE)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, PATIENCE)


async def test_a_deadline_around_it_holds(address: Broker) -> None:
    async def serve(_: Connection) -> None:
        await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(stay_connected(address, serve, client_id="turbine-7"), 0.1)


# --- back-off


def test_delays_double_up_to_the_cap_and_differ() -> None:
    backoff = Backoff(first_seconds=1.0, cap_seconds=8.0)
    for ceiling in (1.0, 2.0, 4.0, 8.0, 8.0, 8.0):
        attempts = backoff.attempts
        drawn = set()
        for _ in range(20):
            backoff.attempts = attempts
            drawn.add(backoff.next_delay())
        assert len(drawn) > 1
        assert all(ceiling / 2 <= delay <= ceiling for delay in drawn)


def test_delays_stay_capped_after_any_number_of_attempts() -> None:
    backoff = Backoff()
    assert max(backoff.next_delay() for _ in range(5000)) <= 10.0
    backoff.reset()
    assert backoff.next_delay() <= 0.25


async def test_an_answer_that_nobody_waits_for_any_more_is_no_error(
    address: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    async with connect_once(address, client_id="turbine-7") as connection:
        asking = asyncio.create_task(connection.subscribe(REPAIR))
        await asyncio.sleep(0)  # it is asked
        asking.cancel()
        await asyncio.wait([asking])
        await connection.publish(METRICS, b"{}")  # whose answer comes after the other's
    assert asking.cancelled()
    assert caplog.records == []


# --- half-open


async def test_over_a_frozen_connection_nothing_goes_and_nothing_comes(address: Broker) -> None:
    inbox, losses = Inbox(), Losses()

    async def freeze(connection: Connection) -> None:
        connection.freeze()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(connection.publish(METRICS, b"unheard"), 0.3)
        async with connect_once(address, client_id="turbine-7"):  # the broker closes ours over it
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(connection.lost(), 0.3)
        raise BrokerLostError("it was half-open")

    async with observer(address, inbox) as connection:
        await connection.subscribe(METRICS)
        connections, serve = once(freeze)
        await stay_connected(address, serve, client_id="turbine-7", on_lost=losses.hear, backoff=quick())
        await connection.publish(METRICS, b"last")
        assert await inbox.payloads_until(b"last") == []
    assert len(connections) == 2
    assert losses.reasons == ["it was half-open"]
