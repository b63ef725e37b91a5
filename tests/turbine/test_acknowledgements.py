"""Turbines and a monitor that acknowledges: late, not all, after a restart, or not at all."""

import asyncio
import json
import signal
from pathlib import Path
from typing import Any

import pytest
from small_monitor import Database, small_monitor

import turbine.client
import turbine.resending
from grid.broker import Broker, Protocol
from grid.status import Presence
from monitor.demo_broker import LocalMosquitto
from tests.turbine.conftest import Turbines, ended
from tests.turbine.test_client import SESSION, make_client, running, until
from turbine.outbox import Monitor


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send again after a moment."""
    monkeypatch.setattr(turbine.resending, "FIRST_TIMEOUT_SECONDS", 0.3)
    monkeypatch.setattr(turbine.resending, "LEAST_TIMEOUT_SECONDS", 0.2)


def sequences(database: Database) -> list[int]:
    return sorted(sequence for _, sequence in database.stored)


async def test_what_is_acknowledged_is_forgotten_and_the_end_waits_for_it(mqtt: Broker) -> None:
    async with small_monitor(mqtt, every_seconds=0.3) as monitor:
        client = make_client(mqtt, until=0.5)
        await client.run()
    assert sequences(monitor.database) == list(range(10))
    assert len(monitor.payloads) == 10
    assert (len(client.outbox), client.undelivered) == (0, 0)


@pytest.mark.parametrize("protocol", [Protocol.V5, Protocol.V311])
async def test_what_is_lost_on_the_way_is_sent_again(mqtt: Broker, protocol: Protocol) -> None:
    def loses(payload: bytes) -> bool:
        told = json.loads(payload)
        return told["sequence"] % 3 == 1 and "oldest_held" not in told

    async with small_monitor(mqtt, loses=loses) as monitor:
        client = make_client(Broker(mqtt.host, mqtt.port, protocol=protocol), until=0.5)
        await client.run()
    assert sequences(monitor.database) == list(range(10))
    assert len(client.outbox) == 0


async def test_a_monitor_with_an_empty_database_does_not_wait_for_what_is_gone(mqtt: Broker) -> None:
    async with small_monitor(mqtt) as monitor, running(make_client(mqtt)) as _:
        await until(lambda: monitor.database.prefixes[SESSION] >= 5)
        monitor.database = Database()
        await until(lambda: monitor.database.prefixes[SESSION] >= 10)
        assert sequences(monitor.database)[0] > 0


async def test_nothing_is_sent_again_to_a_monitor_that_is_offline(mqtt: Broker) -> None:
    async with small_monitor(mqtt) as monitor:
        monitor.is_silent = True
        await monitor.say(Presence.OFFLINE)
        client = make_client(mqtt)
        async with running(client):
            await until(lambda: client.outbox.monitor is Monitor.OFFLINE and len(monitor.payloads) >= 20)
            assert not any(b"oldest_held" in payload for payload in monitor.payloads)
            monitor.is_silent = False
            await monitor.say(Presence.ONLINE)
            await until(lambda: len(client.outbox) <= 3)


async def test_without_a_monitor_a_life_ends_when_the_broker_has_all(mqtt: Broker) -> None:
    client = make_client(mqtt, until=0.3)
    async with asyncio.timeout(3):
        await client.run()
    assert (len(client.outbox), client.undelivered) == (6, 0)


async def test_a_silent_monitor_is_waited_for_only_so_long(mqtt: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turbine.client, "MONITOR_PATIENCE_SECONDS", 0.5)
    async with small_monitor(mqtt) as monitor:
        monitor.is_silent = True
        client = make_client(mqtt, until=0.2)
        async with asyncio.timeout(5):
            await client.run()
    assert (len(client.outbox), client.undelivered) == (4, 0)


async def test_a_stop_that_hurries_does_not_wait_for_the_monitor(mqtt: Broker) -> None:
    async with small_monitor(mqtt) as monitor:
        monitor.is_silent = True
        client = make_client(mqtt)
        async with asyncio.timeout(5), running(client):
            await until(lambda: len(monitor.payloads) >= 3)
            client.stop()
            client.hurry()


async def test_nonsense_on_its_topics_does_not_end_a_turbine(mqtt: Broker) -> None:
    async with small_monitor(mqtt) as monitor, running(make_client(mqtt)) as task:
        for topic in ("grid/turbines/7/acknowledged", "grid/monitor/status"):
            for payload in (b"", b"{", b'{"session": "a", "sequence": -1}', b"\xff"):
                await monitor.connection.publish(topic, payload)
        await until(lambda: monitor.database.prefixes[SESSION] >= 5)
        assert not task.done()


async def test_a_broker_that_forbids_the_acknowledgements_is_served_as_before(tmp_path: Path) -> None:
    """Only a broker that says so in its SUBACK: Mosquitto grants the subscription, and delivers nothing."""
    (tmp_path / "rights").write_text("topic grid/turbines/7/#\n", encoding="utf-8")
    with LocalMosquitto(tmp_path / "broker", extra_configuration=f"acl_file {tmp_path}/rights") as broker:
        client = make_client(Broker(broker.host, broker.port), until=0.3)
        await client.run()
    assert client.undelivered == 0


def json_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def emitted_in(path: Path) -> set[tuple[str, int]]:
    return {(reading["session"], reading["sequence"]) for reading in json_lines(path)}


async def test_a_run_says_what_the_monitor_has(mqtt: Broker, turbines: Turbines) -> None:
    async with small_monitor(mqtt) as monitor:
        process = turbines.start("--duration", "1", "--upload-interval", "0.1")
        assert await ended(process) == 0
    assert len(monitor.payloads) == 10
    assert "10 of 10 readings acknowledged by the broker, 10 stored by the monitor" in turbines.said()


async def test_a_killed_program_loses_nothing_with_a_file(mqtt: Broker, turbines: Turbines, tmp_path: Path) -> None:
    emitted, outbox = tmp_path / "emitted", tmp_path / "outbox"
    arguments = ("--upload-interval", "0.05", "--outbox", str(outbox), "--emitted", str(emitted))
    async with small_monitor(mqtt, loses=lambda payload: True) as monitor:
        process = turbines.start(*arguments)
        await until(lambda: len(monitor.payloads) > 50)
        process.kill()
        process.wait()
        before = emitted_in(emitted)
        monitor.loses = lambda payload: False
        process = turbines.start(*arguments)
        await until(lambda: before <= monitor.database.stored)
        process.send_signal(signal.SIGTERM)
        assert await ended(process) == 0
    assert emitted_in(emitted) <= monitor.database.stored
    assert f"of earlier runs in {outbox}" in turbines.said()
    assert outbox.read_bytes() == b""


async def test_what_nobody_acknowledged_is_kept_for_the_next_start(
    turbines: Turbines, broker: LocalMosquitto, tmp_path: Path
) -> None:
    outbox = tmp_path / "outbox"
    process = turbines.start("--duration", "1", "--upload-interval", "0.1", "--outbox", str(outbox))
    assert await ended(process) == 0
    assert f"10 readings kept in {outbox} for the next start" in turbines.said()
    assert [reading["sequence"] for reading in json_lines(outbox)] == list(range(10))


async def test_a_folder_is_made_for_the_outboxes_of_each_process(
    turbines: Turbines, broker: LocalMosquitto, tmp_path: Path
) -> None:
    folder = tmp_path / "outboxes"
    load = ("--duration", "1", "--upload-interval", "0.1", "--outbox", f"{folder}/")
    assert await ended(turbines.start(*load, "--count", "2", "--processes", "2")) == 0
    assert sorted(file.name for file in folder.iterdir()) == ["outbox.jsonl.1-of-2", "outbox.jsonl.2-of-2"]
    assert {len(json_lines(file)) for file in folder.iterdir()} == {10}


async def test_with_the_outbox_off_each_reading_is_sent_once_and_nothing_is_kept(
    mqtt: Broker, turbines: Turbines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with small_monitor(mqtt, loses=lambda payload: True) as monitor:
        process = turbines.start("--duration", "1", "--upload-interval", "0.1", "--outbox", "off")
        assert await ended(process) == 0
    told = [json.loads(payload) for payload in monitor.payloads]
    assert [reading["sequence"] for reading in told] == list(range(10))
    assert "10 of 10 readings acknowledged by the broker" in turbines.said()
    assert list(tmp_path.iterdir()) == []


async def test_an_outbox_in_use_is_one_line(turbines: Turbines, tmp_path: Path) -> None:
    outbox = str(tmp_path / "outbox")
    turbines.start("--outbox", outbox)
    await until(lambda: Path(outbox).exists() and Path(outbox).stat().st_size > 0)
    assert await ended(turbines.start("--outbox", outbox)) == 1
    assert turbines.said().splitlines()[-1] == f"grid-turbines: the outbox {outbox} is in use by another process"


async def test_what_a_full_outbox_gave_up_is_named(broker: LocalMosquitto, turbines: Turbines) -> None:
    broker.stop()
    process = turbines.start("--first-number", "9", "--upload-interval", "0.05", "--outbox-size", "10")
    await until(lambda: "the outbox of turbine 9 is full: it gave up 1 reading" in turbines.said())
    process.send_signal(signal.SIGTERM)
    await ended(process)
    assert "given up because outboxes were full: " in turbines.said()
    assert "of turbine 9\n" in turbines.said()
