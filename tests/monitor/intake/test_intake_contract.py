"""What every intake promises, run over each adapter against a real broker."""

import asyncio
import itertools
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from grid.connection import Broker, BrokerRefusedError, Connection, Message, PlainMessage, Protocol, Will, connect_once
from grid.status import MonitorStatus, Presence
from grid.topics import MONITOR_STATUS
from monitor.demo_broker import LocalMosquitto
from monitor.intake.broker_intake import RECEIVE_MAXIMUM, BrokerIntake
from monitor.intake.port import Batch, Intake
from monitor.intake.waiting import HIGH_WATER_BYTES, MAX_AT_QOS_0

numbers = itertools.count(1)
BIRTH = MonitorStatus(status=Presence.ONLINE, lock_id="held").to_json()
OpenIntake = Callable[..., AbstractAsyncContextManager[BrokerIntake]]


@pytest.fixture(params=[Protocol.V5, Protocol.V311], ids=["codec-mqtt-5", "aiomqtt-mqtt-3.1.1"])
def open_intake(request: pytest.FixtureRequest, broker: LocalMosquitto) -> OpenIntake:
    """Opens an intake of one client id, as often as the test likes; leaving it disconnects without a goodbye.

    `work` runs beside it, from before it is connected.
    """
    client_id = f"monitor-{next(numbers)}"
    said: list[str] = []

    @asynccontextmanager
    async def opened(work: Callable[[Intake], Awaitable[None]] = do_nothing) -> AsyncIterator[BrokerIntake]:
        intake = BrokerIntake(
            Broker(broker.host, broker.port, protocol=request.param),
            client_id=client_id,
            lock_id="held",
            will=Will(MONITOR_STATUS, b"lost", delay_seconds=0),
            birth=lambda: BIRTH,
            goodbye=lambda: b"stopped",
            on_change=said.append,
        )
        working = asyncio.ensure_future(work(intake))
        running = asyncio.create_task(intake.run())
        try:
            await asyncio.wait_for(intake.connected(), 10)
            yield intake
        finally:
            for task in (running, working):
                task.cancel()
            await asyncio.wait([running, working])

    return opened


async def do_nothing(intake: Intake) -> None:
    """What most tests need beside the intake."""


@asynccontextmanager
async def turbine(broker: LocalMosquitto, seen: list[Message] | None = None) -> AsyncIterator[Connection]:
    deliver = seen.append if seen is not None else None
    address = Broker(broker.host, broker.port)
    async with connect_once(address, client_id=f"turbine-{next(numbers)}", deliver=deliver) as connection:
        yield connection


async def publish(broker: LocalMosquitto, *payloads: bytes, qos: int = 1) -> None:
    async with turbine(broker) as connection:
        for payload in payloads:
            await connection.publish("grid/turbines/7/metrics", payload, qos=qos)


async def collect(intake: Intake, count: int) -> list[Batch]:
    """Batches until they hold so many messages."""
    batches: list[Batch] = []
    async with asyncio.timeout(20):
        while sum(len(batch.messages) for batch in batches) < count:
            batches.append(await intake.receive(within_seconds=1.0))
    return batches


def payloads(batches: list[Batch]) -> list[bytes]:
    return [message.payload for batch in batches for message in batch.messages]


async def until(is_true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await is_true():
            await asyncio.sleep(0.01)


async def test_messages_arrive_in_order(broker: LocalMosquitto, open_intake: OpenIntake) -> None:
    sent = [str(number).encode() for number in range(300)]
    async with open_intake() as intake:
        await publish(broker, *sent)
        assert payloads(await collect(intake, 300)) == sent


async def test_silence_is_an_empty_batch_that_tells_the_connection(open_intake: OpenIntake) -> None:
    async with open_intake() as intake:
        await intake.receive(within_seconds=0)
        batch = await intake.receive(within_seconds=0.05)
        assert batch.messages == ()
        assert batch.connected


async def test_who_asks_for_something_ends_the_wait_and_loses_no_message(
    broker: LocalMosquitto, open_intake: OpenIntake
) -> None:
    async with open_intake() as intake:
        await intake.receive(within_seconds=0)
        intake.wake()
        async with asyncio.timeout(20):
            assert (await intake.receive(within_seconds=1000)).connected
            waiting = asyncio.create_task(intake.receive(within_seconds=1000))
            await asyncio.sleep(0)
            intake.wake()
            assert (await waiting).messages == ()
        await publish(broker, b"1")
        intake.wake()
        assert payloads(await collect(intake, 1)) == [b"1"]


async def test_what_was_not_acknowledged_comes_again_and_the_rest_does_not(
    broker: LocalMosquitto, open_intake: OpenIntake
) -> None:
    async with open_intake() as intake:
        await publish(broker, b"a")
        for batch in await collect(intake, 1):
            intake.acknowledge(batch)
        await publish(broker, b"b")
        await collect(intake, 1)
    await publish(broker, b"c")
    async with open_intake() as intake:
        assert payloads(await collect(intake, 2)) == [b"b", b"c"]


async def test_what_a_kept_session_brings_at_once_is_acknowledged_too(
    broker: LocalMosquitto, open_intake: OpenIntake
) -> None:
    """It comes before the subscription stands. Unacknowledged, it would take the broker's room for good."""
    async with open_intake():
        pass
    await publish(broker, *(str(number).encode() for number in range(RECEIVE_MAXIMUM)))
    taken: list[Message] = []

    async def commit_in_no_time(intake: Intake) -> None:
        while True:
            batch = await intake.receive(within_seconds=1.0)
            taken.extend(batch.messages)
            intake.acknowledge(batch)

    async with open_intake(commit_in_no_time):
        async with asyncio.timeout(20):
            while len(taken) < RECEIVE_MAXIMUM:
                await asyncio.sleep(0.01)
    async with open_intake() as intake:
        assert (await intake.receive(within_seconds=0.2)).messages == ()


async def test_a_new_connection_has_a_higher_epoch(broker: LocalMosquitto, open_intake: OpenIntake) -> None:
    async with open_intake() as intake:
        before = await intake.receive(within_seconds=0)
        broker.kill()
        await until(lambda: away(intake))
        broker.start()
        await asyncio.wait_for(intake.connected(), 20)
        assert (await intake.receive(within_seconds=1)).epoch > before.epoch


async def away(intake: BrokerIntake) -> bool:
    return not (await intake.receive(within_seconds=0.01)).connected


async def test_a_batch_of_an_earlier_connection_is_never_acknowledged(
    broker: LocalMosquitto, open_intake: OpenIntake
) -> None:
    """Its packet ids name other messages by now."""
    async with open_intake() as intake:
        await publish(broker, b"old")
        old = await collect(intake, 1)
        broker.kill()  # without having saved anything: the session is gone, packet ids start anew
        await until(lambda: away(intake))
        broker.start()
        await asyncio.wait_for(intake.connected(), 20)
        await publish(broker, b"new")
        assert payloads(await collect(intake, 1)) == [b"new"]
        for batch in old:
            intake.acknowledge(batch)
    async with open_intake() as intake:
        assert payloads(await collect(intake, 1)) == [b"new"]


async def test_what_arrived_before_the_broker_forgot_us_is_still_handed_out(
    broker: LocalMosquitto, open_intake: OpenIntake
) -> None:
    async with open_intake() as intake:
        await publish(broker, b"only here")
        broker.kill()
        broker.start()
        assert payloads(await collect(intake, 1)) == [b"only here"]


async def test_a_slow_monitor_makes_the_broker_wait(broker: LocalMosquitto, open_intake: OpenIntake) -> None:
    sent = [str(number).encode() for number in range(RECEIVE_MAXIMUM + 200)]
    async with open_intake() as intake:
        await publish(broker, *sent)
        batches = await collect(intake, RECEIVE_MAXIMUM)
        assert (await intake.receive(within_seconds=0.2)).messages == ()
        for batch in batches:
            intake.acknowledge(batch)
        batches += await collect(intake, 200)
        assert payloads(batches) == sent


async def test_while_a_batch_is_dealt_with_the_next_one_gathers(
    broker: LocalMosquitto, open_intake: OpenIntake
) -> None:
    async with open_intake() as intake:
        await publish(broker, b"first")
        [first] = await collect(intake, 1)
        await publish(broker, *(b"%d" % number for number in range(50)))
        intake.acknowledge(first)
        assert payloads(await collect(intake, 50)) == [b"%d" % number for number in range(50)]


async def test_what_is_left_for_later_batches_is_told(
    broker: LocalMosquitto, open_intake: OpenIntake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.intake.broker_intake.MAX_BATCH_MESSAGES", 1)
    async with open_intake() as intake:
        await intake.receive(within_seconds=0)
        for number in range(1, 4):
            intake._take_in([PlainMessage("grid/turbines/7/metrics", b"{}", 1, retain=False, packet_id=number)])
        batches = [await intake.receive(within_seconds=1) for _ in range(3)]
        assert [(len(batch.messages), batch.waiting) for batch in batches] == [(1, 2), (1, 1), (1, 0)]


async def test_a_monitor_that_is_full_still_hears_whether_its_broker_stands(
    broker: LocalMosquitto, open_intake: OpenIntake
) -> None:
    """The answer must get through the pause that lets the broker wait."""
    async with open_intake() as intake:
        await publish(broker, b"a")
        [batch] = await collect(intake, 1)
        large = [PlainMessage("x", b"x" * HIGH_WATER_BYTES, 1, retain=False, packet_id=9)]
        intake._take_in(large)
        assert await asyncio.wait_for(intake.still_stands(batch), 5)
        await publish(broker, b"b")
        assert payloads(await collect(intake, 2)) == [large[0].payload, b"b"]


async def test_what_is_told_is_published_at_qos_0_if_there_is_a_connection(
    broker: LocalMosquitto, open_intake: OpenIntake
) -> None:
    seen: list[Message] = []
    async with turbine(broker, seen) as watcher, open_intake() as intake:
        await watcher.subscribe("grid/turbines/+/acknowledged")
        intake.tell([("grid/turbines/7/acknowledged", b"7"), ("grid/turbines/8/acknowledged", b"8")])
        await until(lambda: has(seen, b"8"))
        broker.kill()
        await until(lambda: away(intake))
        intake.tell([("grid/turbines/7/acknowledged", b"into nowhere")])
    assert [(message.payload, message.qos == 0, message.retain) for message in seen] == [
        (b"7", True, False),
        (b"8", True, False),
    ]


async def test_a_flood_at_qos_0_is_bounded_and_what_is_dropped_is_counted(
    broker: LocalMosquitto, open_intake: OpenIntake
) -> None:
    async with open_intake() as intake:
        await intake.receive(within_seconds=0)
        for number in range(MAX_AT_QOS_0 + 5):
            message = PlainMessage("grid/turbines/7/metrics", str(number).encode(), 0, retain=False, packet_id=0)
            intake._take_in([message])
        batches = await collect(intake, MAX_AT_QOS_0)
        assert len(payloads(batches)) == MAX_AT_QOS_0
        assert [batch.dropped for batch in batches if batch.dropped] == [5]


async def test_the_birth_is_retained_once_the_subscription_stands(
    broker: LocalMosquitto, open_intake: OpenIntake
) -> None:
    seen: list[Message] = []
    async with open_intake(), turbine(broker, seen) as watcher:
        await watcher.subscribe(MONITOR_STATUS)
        await until(lambda: has(seen, BIRTH))


async def test_an_orderly_stop_says_goodbye(broker: LocalMosquitto, open_intake: OpenIntake) -> None:
    seen: list[Message] = []
    async with turbine(broker, seen) as watcher, open_intake() as intake:
        await watcher.subscribe(MONITOR_STATUS)
        intake.stop()
        await until(lambda: has(seen, b"stopped"))
    assert b"lost" not in [message.payload for message in seen]


async def has(seen: list[Message], payload: bytes) -> bool:
    return payload in [message.payload for message in seen]


async def test_a_connection_stands_while_its_broker_answers(broker: LocalMosquitto, open_intake: OpenIntake) -> None:
    async with open_intake() as intake:
        await publish(broker, b"a")
        [batch] = await collect(intake, 1)
        assert await intake.still_stands(batch)
        broker.kill()
        assert not await intake.still_stands(batch)


async def test_a_broker_that_refuses_the_question_has_answered_it(
    broker: LocalMosquitto, open_intake: OpenIntake, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(self: Connection, topic: str, payload: bytes) -> None:
        raise BrokerRefusedError("not authorised")

    async with open_intake() as intake:
        await publish(broker, b"a")
        [batch] = await collect(intake, 1)
        with monkeypatch.context() as patched:
            patched.setattr(Connection, "publish", refuse)
            assert await intake.still_stands(batch)


async def test_what_a_broker_said_that_did_not_answer_in_time_comes_again(
    broker: LocalMosquitto, open_intake: OpenIntake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The monitor forgets a batch's wills when its broker does not answer. To acknowledge them would lose them."""
    for client in ("mqtt_client", "mqtt5_client"):
        monkeypatch.setattr(f"grid.{client}.ANSWER_TIMEOUT_SECONDS", 1)
    async with open_intake() as intake:
        await publish(broker, b"a")
        [batch] = await collect(intake, 1)
        broker.send_signal(signal.SIGSTOP)
        assert not await intake.still_stands(batch)
        broker.send_signal(signal.SIGCONT)
        intake.acknowledge(batch)
        assert payloads(await collect(intake, 1)) == [b"a"]
