"""A farm over several processes: to whoever looks from outside it is one program."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from grid.broker import Broker
from grid.topics import Kind
from monitor.demo_broker import LocalMosquitto
from tests.turbine.conftest import Listener, Turbines, ended, hear_everything

ONE_SENTENCE = 1


def json_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def lives(path: Path) -> list[tuple[object, ...]]:
    """Every reading without its time and session, which every run has for itself, in the order of its turbine."""
    left_out = ("emitted_at", "session")
    readings = [{name: value for name, value in line.items() if name not in left_out} for line in json_lines(path)]
    return sorted(tuple(reading.values()) for reading in readings)


def last_statuses(listener: Listener) -> dict[int, dict[str, Any]]:
    """By turbine, what was last said of its connection."""
    said = [message for message in listener.messages if message.topic.endswith(Kind.STATUS)]
    return {int(message.topic.split("/")[2]): json.loads(message.payload) for message in said}


def are_all(listener: Listener, count: int, status: str) -> bool:
    return [said["status"] for said in last_statuses(listener).values()] == [status] * count


def children(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children()


async def gone(processes: list[psutil.Process], seconds: float = 5.0) -> bool:
    return not psutil.wait_procs(processes, timeout=seconds)[1]


async def test_the_same_seed_gives_the_same_lives_over_any_number_of_processes(
    turbines: Turbines, tmp_path: Path
) -> None:
    arguments = ("--count", "5", "--seed", "4", "--duration", "2", "--upload-interval", "0.1", "--time-to-fail", "2")
    anomalous = ("--anomaly-rate", "0.1", "--chaos", "late,skew=0.1,duplicate")
    runs = [
        turbines.start(
            *arguments, *anomalous, "--processes", str(processes),
            "--emitted", str(tmp_path / f"emitted-{processes}"),
            "--anomalies", str(tmp_path / f"anomalies-{processes}"),
            "--chaos-log", str(tmp_path / f"chaos-{processes}"),
        )
        for processes in (1, 2, 3)
    ]  # fmt: skip
    for run in runs:
        assert await ended(run) == 0, turbines.said()
    for name in ("emitted", "anomalies", "chaos"):
        one, two, three = (lives(tmp_path / f"{name}-{processes}") for processes in (1, 2, 3))
        assert one == two == three
        assert one
    assert len(lives(tmp_path / "emitted-1")) == 100


async def test_it_says_what_one_process_would_say(turbines: Turbines, listener: Listener) -> None:
    process = turbines.start("--count", "5", "--seed", "4", "--duration", "1", "--processes", "3")
    assert await ended(process) == 0
    assert turbines.said().splitlines() == [
        "turbines 1 to 5, a reading every 1 s, seed 4",
        "5 of 5 readings acknowledged by the broker",
    ]
    await listener.until(lambda: are_all(listener, 5, "offline"))


async def test_more_processes_than_turbines_are_no_harm(turbines: Turbines) -> None:
    assert await ended(turbines.start("--count", "2", "--duration", "1", "--processes", "5")) == 0
    assert "2 of 2 readings" in turbines.said()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_first_signal_ends_all_in_order(
    turbines: Turbines, listener: Listener, tmp_path: Path, number: signal.Signals
) -> None:
    emitted = tmp_path / "emitted"
    load = ("--count", "20", "--upload-interval", "0.05", "--processes", "2")
    process = turbines.start(*load, "--emitted", str(emitted))
    await listener.until(lambda: are_all(listener, 20, "online"))
    forked = children(process)
    process.send_signal(number)
    asked = time.monotonic()
    assert await ended(process) == 0
    assert time.monotonic() - asked < 5
    assert len(forked) == 2
    assert await gone(forked)
    await listener.until(lambda: are_all(listener, 20, "offline"))
    assert {said["reason"] for said in last_statuses(listener).values()} == {"stopped"}
    sent = len(json_lines(emitted))
    assert f"{sent:,} of {sent:,} readings acknowledged by the broker" in turbines.said()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_that_reaches_all_of_them_is_one_signal(
    turbines: Turbines, listener: Listener, number: signal.Signals
) -> None:
    """A terminal sends Ctrl-C to every process in the foreground, and a service manager may do the like."""
    process = turbines.start("--count", "6", "--processes", "2")
    await listener.until(lambda: are_all(listener, 6, "online"))
    for each in (*children(process), psutil.Process(process.pid)):
        each.send_signal(number)
    assert await ended(process) == 0
    await listener.until(lambda: are_all(listener, 6, "offline"))
    assert {said["reason"] for said in last_statuses(listener).values()} == {"stopped"}


async def test_the_second_signal_kills_all_of_them(
    turbines: Turbines, listener: Listener, broker: LocalMosquitto
) -> None:
    process = turbines.start("--count", "6", "--processes", "2")
    await listener.until(lambda: are_all(listener, 6, "online"))
    forked = children(process)
    broker.send_signal(signal.SIGSTOP)
    try:
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        assert await ended(process, seconds=2.0) == 130
        assert await gone(forked, seconds=2.0)
    finally:
        broker.send_signal(signal.SIGCONT)


async def test_a_child_that_dies_is_told_and_ends_the_run_with_failure(turbines: Turbines, listener: Listener) -> None:
    process = turbines.start("--count", "6", "--processes", "3")
    await listener.until(lambda: are_all(listener, 6, "online"))
    victim = children(process)[1]
    victim.kill()
    assert await ended(process) == 1
    assert "grid-turbines: process 2 of 3 died: signal 9\n" in turbines.said()
    await listener.until(lambda: are_all(listener, 6, "offline"))
    reasons = {number: said["reason"] for number, said in last_statuses(listener).items()}
    assert sorted(number for number, reason in reasons.items() if reason == "lost") == [1, 4]


async def test_children_die_with_their_parent_and_leave_their_wills(turbines: Turbines, listener: Listener) -> None:
    process = turbines.start("--count", "6", "--processes", "2")
    await listener.until(lambda: are_all(listener, 6, "online"))
    forked = children(process)
    process.kill()
    process.wait()
    assert await gone(forked)
    await listener.until(lambda: are_all(listener, 6, "offline"))
    assert {said["reason"] for said in last_statuses(listener).values()} == {"lost"}


async def test_a_broker_that_goes_is_told_once_and_so_is_its_return(
    turbines: Turbines, listener: Listener, broker: LocalMosquitto
) -> None:
    process = turbines.start("--count", "6", "--processes", "3")
    await listener.until(lambda: are_all(listener, 6, "online"))
    broker.kill()
    await said(turbines, "Connection refused")
    broker.start()
    await said(turbines, "is back")
    process.send_signal(signal.SIGTERM)
    assert await ended(process) == 0
    lines = turbines.said().splitlines()
    assert len([line for line in lines if line.endswith("is back")]) == ONE_SENTENCE
    assert len([line for line in lines if line.endswith("Connection refused")]) == ONE_SENTENCE


async def said(turbines: Turbines, words: str) -> None:
    await until(lambda: words in turbines.said())


async def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


async def test_without_a_broker_the_end_is_that_of_one_process(turbines: Turbines, broker: LocalMosquitto) -> None:
    broker.stop()
    process = turbines.start("--count", "4", "--duration", "1", "--processes", "2")
    assert await ended(process, seconds=30) == 4
    lines = turbines.said().splitlines()
    for sentence in (
        "the run is over, and for 10 s no reading was acknowledged",
        "0 of 4 readings acknowledged by the broker",
        "no turbine ever had a connection to the broker",
    ):
        assert lines.count(sentence) == ONE_SENTENCE, lines


async def test_what_a_child_can_not_write_is_one_sentence(turbines: Turbines, listener: Listener) -> None:
    process = turbines.start("--count", "4", "--upload-interval", "0.2", "--emitted", "/dev/full", "--processes", "2")
    assert await ended(process) == 1
    told = [line for line in turbines.said().splitlines() if line.startswith("grid-turbines: ")]
    assert told == ["grid-turbines: /dev/full can't be written: No space left on device"]
    assert "Traceback" not in turbines.said()
    await listener.until(lambda: "online" not in {said["status"] for said in last_statuses(listener).values()})


async def test_outboxes_outlive_a_kill_and_are_found_by_as_many_processes(
    turbines: Turbines, broker: LocalMosquitto, mqtt: Broker, tmp_path: Path
) -> None:
    broker.stop()
    outbox = tmp_path / "outbox.jsonl"
    load = ("--count", "4", "--upload-interval", "0.1", "--outbox", str(outbox))
    first = turbines.start(*load, "--processes", "2")
    files = [tmp_path / f"outbox.jsonl.{place}-of-2" for place in (1, 2)]
    await until(lambda: all(file.exists() and len(json_lines(file)) > 10 for file in files))
    first.kill()
    first.wait()
    other = turbines.start(*load, "--processes", "3", "--duration", "1")
    assert await ended(other) == 1
    assert f"the outbox {files[0]} is of a run with --processes 2: run that again" in turbines.said()
    kept = {identity(line) for file in files for line in json_lines(file)}
    assert {number for number, _, _ in kept} == {1, 2, 3, 4}
    broker.start()
    async with hear_everything(mqtt) as listener:
        again = turbines.start(*load, "--processes", "2", "--duration", "1")
        assert await ended(again) == 0
        await listener.until(lambda: are_all(listener, 4, "offline"))
    heard = [json.loads(message.payload) for message in listener.messages if message.topic.endswith(Kind.METRICS)]
    assert kept <= {identity(line) for line in heard}
    for file in files:
        assert f"of earlier runs in {file}: sent first" in turbines.said()


def identity(reading: dict[str, Any]) -> tuple[int, str, int]:
    return reading["turbine_number"], reading["session"], reading["sequence"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--dry-run", "--processes", "2"), "--processes not with --dry-run"),
        (("--replay", "x.csv", "--processes", "2"), "--processes not with --replay"),
    ],
)
async def test_what_one_process_must_do_is_refused_in_words(
    turbines: Turbines, arguments: tuple[str, ...], sentence: str
) -> None:
    assert await ended(turbines.start(*arguments)) == 2
    assert turbines.said() == f"grid-turbines: {sentence}\n"


DIES_IN_THE_MIDDLE_OF_A_WORD = """
import asyncio, os, struct, sys
from grid.errors import CommandError
from turbine.processes import run_in_processes
from turbine.progress import Progress
from turbine.shares import shares

def work(share, progress, listen):
    if share.place == 1:
        os.write(progress.line.fileno(), struct.pack("!i", 1000) + b"half of it")
        os._exit(7)
    asyncio.run(until_asked(listen))
    print("asked to end", flush=True)

async def until_asked(listen):
    asked = asyncio.Event()
    deafen = listen(asked.set)
    await asked.wait()
    deafen()

try:
    run_in_processes(work, shares(range(2), 2), Progress(2, "broker", sys.stderr))
except CommandError as error:
    print(error)
"""


def test_a_child_that_dies_in_the_middle_of_a_word_still_lets_the_others_end_in_order() -> None:
    program = [sys.executable, "-c", DIES_IN_THE_MIDDLE_OF_A_WORD]
    ended = subprocess.run(program, capture_output=True, text=True, timeout=30, check=True)
    assert ended.stdout.splitlines() == ["asked to end", "process 1 of 2 died: exit code 7"]
