"""Many turbines in one process, on a real broker: their ends, in order and by force."""

import asyncio
import io
import json
import resource
import signal
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

import turbine.fleet
from grid.broker import Broker
from grid.errors import CommandError, ExitCode
from grid.topics import Kind
from monitor.demo_broker import LocalMosquitto
from tests.turbine.conftest import Listener, Turbines, ended, hear_everything
from turbine.fleet import allow_open_files, first_backoff_seconds
from turbine.program import run_turbines
from turbine.settings import TurbineSettings


def json_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def received(listener: Listener) -> set[tuple[int, int]]:
    """Turbine number and sequence of every reading that arrived."""
    arrived = [json.loads(message.payload) for message in listener.messages if message.topic.endswith("/metrics")]
    return {(reading["turbine_number"], reading["sequence"]) for reading in arrived}


def present(listener: Listener, status: str) -> set[int]:
    """The turbines whose last status is this."""
    last = {}
    for message in listener.messages:
        if message.topic.endswith("/status"):
            last[int(message.topic.split("/")[2])] = json.loads(message.payload)["status"]
    return {number for number, said in last.items() if said == status}


async def test_two_hundred_turbines_report_and_say_goodbye(
    turbines: Turbines, listener: Listener, tmp_path: Path
) -> None:
    emitted = tmp_path / "emitted"
    arguments = ("--count", "200", "--first-number", "1001", "--duration", "3", "--emitted", str(emitted))
    process = turbines.start(*arguments)
    everyone = set(range(1001, 1201))
    await listener.until(lambda: present(listener, "online") == everyone)
    assert await ended(process) == 0
    await listener.until(lambda: present(listener, "offline") == everyone)
    sent = {(reading["turbine_number"], reading["sequence"]) for reading in json_lines(emitted)}
    assert len(sent) == 600
    assert received(listener) == sent
    assert "600 of 600 readings acknowledged" in turbines.said()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_first_signal_ends_it_in_order(
    turbines: Turbines, listener: Listener, tmp_path: Path, number: signal.Signals
) -> None:
    emitted = tmp_path / "emitted"
    process = turbines.start("--count", "20", "--upload-interval", "0.05", "--emitted", str(emitted))
    await listener.until(lambda: len(received(listener)) > 200)
    process.send_signal(number)
    asked = time.monotonic()
    assert await ended(process) == 0
    assert time.monotonic() - asked < 5
    await listener.until(lambda: len(present(listener, "offline")) == 20)
    reasons = {status.get("reason") for n in range(1, 21) for status in listener.said(Kind.STATUS, n)[1:]}
    assert reasons == {"stopped"}
    sent = {(reading["turbine_number"], reading["sequence"]) for reading in json_lines(emitted)}
    assert received(listener) == sent


async def test_a_full_disk_ends_it_with_a_sentence_and_goodbyes(turbines: Turbines, listener: Listener) -> None:
    process = turbines.start("--count", "3", "--upload-interval", "2", "--emitted", "/dev/full")
    assert await ended(process) == 1
    assert turbines.said().splitlines()[-1] == "grid-turbines: /dev/full can't be written: No space left on device"
    assert present(listener, "online") == set()


async def test_a_killed_turbine_is_lost_and_its_will_says_so(turbines: Turbines, listener: Listener) -> None:
    process = turbines.start("--count", "2")
    await listener.until(lambda: len(present(listener, "online")) == 2 and len(received(listener)) >= 2)
    killed = time.monotonic()
    process.kill()
    await listener.until(lambda: present(listener, "offline") == {1, 2}, seconds=15)
    # The will waits for 5 s, so that a flap of seconds is no loss.
    assert time.monotonic() - killed > 4
    birth, will = listener.said(Kind.STATUS, 1)
    assert (will["status"], will["reason"]) == ("offline", "lost")
    assert (will["session"], will["connection"]) == (birth["session"], birth["connection"])
    assert "at" not in will


async def test_the_second_signal_kills_and_the_wills_follow(
    broker: LocalMosquitto, turbines: Turbines, listener: Listener
) -> None:
    process = turbines.start("--count", "3")
    await listener.until(lambda: len(present(listener, "online")) == 3)
    broker.send_signal(signal.SIGSTOP)  # no goodbye can be acknowledged now
    process.send_signal(signal.SIGTERM)
    await asyncio.sleep(0.3)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert await ended(process, seconds=2) == 130
    broker.send_signal(signal.SIGCONT)


async def test_a_stop_does_not_wait_for_a_broker_that_hangs(
    broker: LocalMosquitto, turbines: Turbines, listener: Listener
) -> None:
    process = turbines.start("--count", "3")
    await listener.until(lambda: len(present(listener, "online")) == 3)
    broker.send_signal(signal.SIGSTOP)
    process.send_signal(signal.SIGTERM)
    asked = time.monotonic()
    await ended(process)
    assert time.monotonic() - asked < 7  # 5 s, and what a busy machine adds
    broker.send_signal(signal.SIGCONT)


async def test_a_missing_broker_is_waited_for_and_said_once(broker: LocalMosquitto, turbines: Turbines) -> None:
    broker.stop()
    turbines.start("--count", "30")
    async with asyncio.timeout(20):
        while "waiting for a broker" not in turbines.said():
            await asyncio.sleep(0.05)
    await asyncio.sleep(1)
    broker.start()
    async with hear_everything(Broker(broker.host, broker.port)) as listener:
        await listener.until(lambda: len(present(listener, "online")) == 30)
    assert turbines.said().count("waiting for a broker at 127.0.0.1") == 1
    assert turbines.said().count("is back") == 1


def run_to_its_end(broker: LocalMosquitto, monkeypatch: pytest.MonkeyPatch) -> tuple[ExitCode, str]:
    """A run of half a second, whose patience with the broker is as long: its exit code and what it says."""
    monkeypatch.setattr(turbine.fleet, "PATIENCE_SECONDS", 0.5)
    said = io.StringIO()
    settings = TurbineSettings(broker_host=broker.host, broker_port=broker.port, duration=0.5, upload_interval=0.1)
    return run_turbines(settings, out=io.StringIO(), err=said), said.getvalue()


def test_a_run_with_an_end_ends_without_a_broker_too(broker: LocalMosquitto, monkeypatch: pytest.MonkeyPatch) -> None:
    broker.stop()
    code, said = run_to_its_end(broker, monkeypatch)
    assert code is ExitCode.BROKER_UNREACHABLE
    assert said.splitlines()[-4:] == [
        "the run is over, and for 0.5 s no reading was acknowledged",
        "0 of 5 readings acknowledged by the broker",
        "5 messages given up",
        "no turbine ever had a connection to the broker",
    ]


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("allow_anonymous false", ExitCode.BROKER_UNREACHABLE),
        ("acl_file {folder}/rights", ExitCode.FAILED),  # births may be published, readings not
    ],
)
def test_a_run_with_an_end_does_not_wait_long_for_a_broker_that_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rule: str, code: ExitCode
) -> None:
    (tmp_path / "rights").write_text("topic grid/turbines/1/status\ntopic grid/turbines/1/repair\n", encoding="utf-8")
    with LocalMosquitto(tmp_path / "broker", extra_configuration=rule.format(folder=tmp_path)) as broker:
        ended_with, said = run_to_its_end(broker, monkeypatch)
    assert ended_with is code, said
    assert "0 of 5 readings acknowledged by the broker\n5 messages given up" in said


async def test_a_fleet_survives_a_restart_of_the_broker_without_loss(
    broker: LocalMosquitto, turbines: Turbines, tmp_path: Path
) -> None:
    emitted = tmp_path / "emitted"
    process = turbines.start("--count", "50", "--upload-interval", "0.2", "--emitted", str(emitted))
    arrived: set[tuple[int, int]] = set()
    address = Broker(broker.host, broker.port)
    async with hear_everything(address) as before:
        await before.until(lambda: len(received(before)) > 200)
        broker.stop()
        arrived |= received(before)
    await asyncio.sleep(1)
    broker.start()
    async with hear_everything(address) as after:
        await after.until(lambda: len(present(after, "online")) == 50)
        process.send_signal(signal.SIGTERM)
        assert await ended(process) == 0
        await after.until(lambda: len(present(after, "offline")) == 50)
        arrived |= received(after)
    sent = {(reading["turbine_number"], reading["sequence"]) for reading in json_lines(emitted)}
    # Readings that the restarted broker took before anybody listened are not ours to lose: they were acknowledged.
    assert "readings acknowledged by the broker" in turbines.said()
    assert "given up" not in turbines.said()
    assert arrived <= sent
    assert f"{len(sent):,} of {len(sent):,} readings acknowledged" in turbines.said()


async def test_a_turbine_costs_little_memory(turbines: Turbines, listener: Listener) -> None:
    def memory(process: psutil.Process) -> int:
        return int(process.memory_info().rss)

    alone = turbines.start("--count", "1", "--first-number", "5000")
    many = turbines.start("--count", "200")
    await listener.until(lambda: len(present(listener, "online")) == 201 and len(received(listener)) > 400)
    each = (memory(psutil.Process(many.pid)) - memory(psutil.Process(alone.pid))) / 199
    assert each < 45_000  # measured: 33 kB, and what the allocator does


def test_a_fleet_comes_back_over_seconds() -> None:
    assert first_backoff_seconds(1) == 0.25
    assert first_backoff_seconds(1000) == 4


def test_open_files_are_raised_as_far_as_the_system_allows() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (512, before[1]))
        allow_open_files(900)
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 900
        allow_open_files(100)
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 900
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    if before[1] != resource.RLIM_INFINITY:
        with pytest.raises(CommandError, match="open files"):
            allow_open_files(before[1] + 1)
