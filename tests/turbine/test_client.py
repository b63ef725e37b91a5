"""One turbine on a real broker: birth, readings, repairs, goodbye, and the broker's absence between."""

import asyncio
import contextlib
import io
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from grid.broker import Broker, Message, PlainMessage, Protocol, Session
from grid.connection import Connection, stay_connected
from grid.metrics import OperationalStatus, TurbineMetrics
from grid.repair import RepairResult, RepairState
from grid.status import OfflineReason, Presence, TurbineStatus
from grid.topics import Kind
from monitor.demo_broker import LocalMosquitto
from tests.turbine.conftest import Listener, hear_everything
from turbine.client import TurbineClient
from turbine.generator import StaticGenerator
from turbine.life import Nameplate
from turbine.pace import Pace
from turbine.progress import Progress
from turbine.reporting import parse_command
from turbine.run import Run
from turbine.turbine import Schedule, Wear, WindTurbine

NUMBER = 7
SESSION = "1800000000000-cafe"
PLATE = Nameplate(model="MM92", rated_power_in_kw=2050.0, region="north")


def make_life(*, interval: float = 0.05, time_to_fail: float = 0.0, time_to_repair: float = 0.2) -> WindTurbine:
    return WindTurbine(
        NUMBER,
        session=SESSION,
        run_started_at=time.time_ns() // 1000,
        schedule=Schedule(interval),
        wear=Wear(1, time_to_fail, time_to_repair),
        generator=StaticGenerator(),
        nameplate=PLATE,
    )


def make_client(broker: Broker, life: WindTurbine | None = None, **settings: Any) -> TurbineClient:
    progress = Progress(turbines=1, broker=str(broker), stream=io.StringIO())
    run = Run(broker_of=lambda _: broker, pace=Pace(), progress=progress, ramp=asyncio.Semaphore(1), **settings)
    return TurbineClient(life or make_life(), run)


@contextlib.asynccontextmanager
async def running(client: TurbineClient) -> AsyncIterator[asyncio.Task[None]]:
    """The client runs meanwhile, and is stopped in order at the end."""
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(client.run())
        yield task
        client.stop()


def statuses(listener: Listener) -> list[TurbineStatus]:
    return [TurbineStatus.from_payload(message.payload) for message in listener.on(Kind.STATUS, NUMBER)]


def readings(listener: Listener) -> list[TurbineMetrics]:
    return [TurbineMetrics.model_validate_json(message.payload) for message in listener.on(Kind.METRICS, NUMBER)]


def results(listener: Listener) -> list[RepairResult]:
    return [RepairResult.model_validate_json(message.payload) for message in listener.on(Kind.REPAIR_RESULT, NUMBER)]


def command(dispatch_id: str, **fields: Any) -> bytes:
    order = {"dispatch_id": dispatch_id, "incident_id": 1, "engineer": 2, "issued_at": "2026-01-01T00:00:00Z"}
    return json.dumps(order | fields).encode()


async def test_a_turbine_is_born_reports_and_says_goodbye(mqtt: Broker, listener: Listener) -> None:
    async with running(make_client(mqtt)):
        await listener.until(lambda: len(readings(listener)) >= 3)
    await listener.until(lambda: len(statuses(listener)) == 2)
    kinds = [message.topic.rpartition("/")[2] for message in listener.messages]
    assert kinds[0] == kinds[-1] == "status"
    birth, goodbye = statuses(listener)
    assert (birth.status, birth.session, birth.connection, birth.reason) == (Presence.ONLINE, SESSION, 0, None)
    assert (birth.model, birth.rated_power_in_kw, birth.region) == ("MM92", 2050.0, "north")
    assert (goodbye.status, goodbye.reason, goodbye.session) == (Presence.OFFLINE, OfflineReason.STOPPED, SESSION)
    assert [reading.sequence for reading in readings(listener)] == list(range(len(readings(listener))))


async def test_birth_and_goodbye_are_retained_and_readings_are_not(mqtt: Broker) -> None:
    async with running(make_client(mqtt)):
        async with hear_everything(mqtt) as first:
            await first.until(lambda: readings(first))
        async with hear_everything(mqtt) as later:
            await later.until(lambda: statuses(later))
            assert statuses(later)[0].status is Presence.ONLINE
            assert [message.retain for message in later.on(Kind.STATUS, NUMBER)] == [True]
            await later.until(lambda: readings(later))
            assert not any(message.retain for message in later.on(Kind.METRICS, NUMBER))
    async with hear_everything(mqtt) as last:
        await last.until(lambda: statuses(last))
        assert statuses(last)[0].reason is OfflineReason.STOPPED


async def test_the_repair_topic_is_subscribed_before_the_birth(broker: LocalMosquitto, mqtt: Broker) -> None:
    """Who orders a repair as soon as it hears the birth is heard."""
    answered: list[bool] = []
    for _ in range(5):
        async with hear_everything(mqtt) as listener, running(make_client(mqtt)):
            await listener.until(lambda: any(not message.retain for message in listener.on(Kind.STATUS, NUMBER)))
            await listener.order(NUMBER, command(f"d-{len(answered)}"))
            await listener.until(lambda: results(listener), seconds=5)
            answered.append(True)
    assert len(answered) == 5


async def test_a_broken_turbine_is_repaired_by_an_empty_order(mqtt: Broker, listener: Listener) -> None:
    async with running(make_client(mqtt, make_life(time_to_fail=2.0))):
        await listener.until(lambda: readings(listener) and readings(listener)[-1].operational_status == "broken")
        broken = len(readings(listener))
        await listener.order(NUMBER)
        await listener.until(lambda: OperationalStatus.OK in said_since(listener, broken))
    assert results(listener) == []


def said_since(listener: Listener, count: int) -> list[OperationalStatus]:
    return [reading.operational_status for reading in readings(listener)[count:]]


async def test_a_command_is_answered_once_accepted_and_once_done(mqtt: Broker, listener: Listener) -> None:
    async with running(make_client(mqtt)):
        await listener.until(lambda: readings(listener))
        await listener.order(NUMBER, command("d-1", session=SESSION))
        await listener.until(lambda: len(results(listener)) == 2)
    answers = results(listener)
    assert [answer.result for answer in answers] == [RepairState.ACCEPTED, RepairState.DONE]
    assert {(answer.dispatch_id, answer.session) for answer in answers} == {("d-1", SESSION)}
    assert all(answer.at is not None for answer in answers)


async def test_a_command_delivered_twice_is_obeyed_once(mqtt: Broker, listener: Listener) -> None:
    async with running(make_client(mqtt)):
        await listener.until(lambda: readings(listener))
        await listener.order(NUMBER, command("d-1"))
        await listener.until(lambda: len(results(listener)) == 2)
        await listener.order(NUMBER, command("d-1"))
        await listener.until(lambda: len(results(listener)) == 3)
    first, second = results(listener)[1:]
    assert first == second
    assert first.result is RepairState.DONE


async def test_a_command_for_another_start_is_refused(mqtt: Broker, listener: Listener) -> None:
    async with running(make_client(mqtt)):
        await listener.until(lambda: readings(listener))
        await listener.order(NUMBER, command("d-1", session="another"))
        await listener.until(lambda: results(listener))
    assert [answer.result for answer in results(listener)] == [RepairState.REJECTED]


async def test_a_retained_order_is_an_old_one_and_not_obeyed(mqtt: Broker, listener: Listener) -> None:
    await listener.connection.publish(Kind.REPAIR.of(NUMBER), command("old"), retain=True)
    async with running(make_client(mqtt)):
        await listener.until(lambda: readings(listener))
        await listener.order(NUMBER, command("new"))
        await listener.until(lambda: results(listener))
    assert {answer.dispatch_id for answer in results(listener)} == {"new"}


async def test_an_order_that_comes_with_the_end_is_too_late_and_leaves_nothing_unsent(mqtt: Broker) -> None:
    client = make_client(mqtt, until=0.1)
    await client.run()
    client.receive(PlainMessage(Kind.REPAIR.of(NUMBER), command("late"), qos=1, retain=False, packet_id=1))
    for _ in range(3):  # turns of the loop in which an answer would be made
        await asyncio.sleep(0)
    assert len(client.backlog) == 0


@pytest.mark.parametrize("payload", [b"", b"repair", b"{", b"\xff\x00", b"[]", b'{"dispatch_id": "a b"}', b"{}"])
def test_any_other_payload_is_a_plain_order(payload: bytes) -> None:
    assert parse_command(payload) is None


async def test_a_run_with_an_end_acknowledges_all_readings_before_its_goodbye(mqtt: Broker, listener: Listener) -> None:
    emitted: list[TurbineMetrics] = []
    client = make_client(mqtt, until=0.5, record=emitted.append)
    await client.run()
    await listener.until(lambda: len(statuses(listener)) == 2)
    assert len(emitted) == 10
    assert readings(listener) == emitted
    assert listener.messages[-1].topic == Kind.STATUS.of(NUMBER)
    assert client.undelivered == 0


async def test_without_any_speed_limit_a_full_outbox_holds_the_life_up(mqtt: Broker, listener: Listener) -> None:
    emitted: list[TurbineMetrics] = []
    progress = Progress(turbines=1, broker=str(mqtt), stream=io.StringIO())
    run = Run(
        broker_of=lambda _: mqtt,
        pace=Pace(None),
        progress=progress,
        ramp=asyncio.Semaphore(1),
        until=50.0,
        lossless=True,
        outbox_size=10,
        record=emitted.append,
    )
    client = TurbineClient(make_life(), run)
    await client.run()
    await listener.until(lambda: len(readings(listener)) == 1000)
    assert readings(listener) == emitted
    assert client.undelivered == 0


async def test_readings_wait_for_a_broker_and_come_in_order(broker: LocalMosquitto, mqtt: Broker) -> None:
    broker.stop()
    emitted: list[TurbineMetrics] = []
    async with running(make_client(mqtt, record=emitted.append, first_backoff_seconds=0.05)):
        async with asyncio.timeout(10):
            while len(emitted) < 10:
                await asyncio.sleep(0.01)
        broker.start()
        async with hear_everything(mqtt) as listener:
            # The listener may come after the first ones: what it hears has no gap, up to what comes last.
            await listener.until(lambda: statuses(listener) and len(readings(listener)) >= 20)
            sequences = [reading.sequence for reading in readings(listener)]
    assert sequences == list(range(sequences[0] or 0, (sequences[0] or 0) + len(sequences)))


async def test_what_was_emitted_while_the_broker_was_away_arrives(broker: LocalMosquitto, mqtt: Broker) -> None:
    emitted: list[TurbineMetrics] = []
    heard: list[Message] = []
    subscribed = asyncio.Event()

    async def record(connection: Connection) -> None:
        await connection.subscribe(Kind.METRICS.of(NUMBER))
        subscribed.set()
        await asyncio.Event().wait()

    def everything_arrived() -> bool:
        arrived = {TurbineMetrics.model_validate_json(message.payload).sequence for message in heard}
        return arrived == {reading.sequence for reading in emitted}

    # Its session outlives the broker's restart: what is published before it is back waits for it.
    session = Session(clean_start=False)
    recorder = asyncio.create_task(
        stay_connected(mqtt, record, client_id="recorder", deliver=heard.append, session=session)
    )
    await asyncio.wait_for(subscribed.wait(), 10)
    async with running(make_client(mqtt, record=emitted.append, first_backoff_seconds=0.2)):
        await until(lambda: len(heard) >= 5)
        await broker_away(broker, lambda: len(emitted))
        await until(lambda: len(heard) >= 20)
    await until(everything_arrived)
    recorder.cancel()
    await asyncio.wait([recorder])


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


async def broker_away(broker: LocalMosquitto, emitted: Callable[[], int]) -> None:
    """Stop the broker, wait until ten readings were emitted without it, start it again."""
    await asyncio.to_thread(broker.stop)
    wanted = emitted() + 10
    async with asyncio.timeout(10):
        while emitted() < wanted:
            await asyncio.sleep(0.01)
    await asyncio.to_thread(broker.start)


async def test_a_full_outbox_gives_up_the_oldest_and_counts_them(broker: LocalMosquitto, mqtt: Broker) -> None:
    broker.stop()
    client = make_client(mqtt, outbox_size=5, until=0.6)
    async with running(client):
        await until(lambda: client.outbox.given_up >= 5)
        assert len(client.outbox) == 5
    assert client.undelivered == 5 + client.outbox.given_up


async def test_a_turbine_without_a_broker_stops_at_once(broker: LocalMosquitto, mqtt: Broker) -> None:
    broker.stop()
    started = time.monotonic()
    async with running(make_client(mqtt)):
        await asyncio.sleep(0)
    assert time.monotonic() - started < 2


async def test_an_error_of_ours_leaves_no_turbine_online(mqtt: Broker, listener: Listener) -> None:
    def disk_full(reading: TurbineMetrics) -> None:
        if reading.sequence == 3:
            raise OSError("no space left on device")

    with pytest.raises(ExceptionGroup):
        await make_client(mqtt, record=disk_full).run()
    await listener.until(lambda: statuses(listener) and statuses(listener)[-1].status is Presence.OFFLINE)
    assert statuses(listener)[-1].reason is OfflineReason.STOPPED


async def test_a_turbine_speaks_mqtt_3_1_1(mqtt: Broker, listener: Listener) -> None:
    old = Broker(mqtt.host, mqtt.port, protocol=Protocol.V311)
    async with running(make_client(old)):
        await listener.until(lambda: readings(listener))
        await listener.order(NUMBER, command("d-1"))
        await listener.until(lambda: len(results(listener)) == 2)
    await listener.until(lambda: statuses(listener)[-1].status is Presence.OFFLINE)


async def test_a_turbine_runs_on_a_broker_that_knows_3_1_1_only(amqtt_broker: Broker) -> None:
    emitted: list[TurbineMetrics] = []
    client = make_client(amqtt_broker, record=emitted.append, until=1.0)
    await client.run()
    assert len(emitted) == 20
    assert client.undelivered == 0
