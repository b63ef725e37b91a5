"""The monitor's work does not depend on who reads its lines, and whether they find room."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from programs import PROGRAMS, Farm, environment, wait_for

Running = subprocess.Popen[bytes]


@contextmanager
def monitor_into(farm: Farm, output: int | None, *options: str) -> Iterator[Running]:
    """A monitor that writes into this file descriptor, or has its standard output closed."""
    command = [str(PROGRAMS / "grid-monitor"), "--data-dir", str(farm.data_dir), *farm.at_broker, *options]
    if output is None:
        command = ["sh", "-c", 'exec "$@" >&-', "sh", *command]
    with subprocess.Popen(command, stdout=output, stderr=subprocess.PIPE, env=environment()) as monitor:
        try:
            yield monitor
        finally:
            monitor.kill()


def works_and_ends(farm: Farm, monitor: Running) -> None:
    """It connects, stores, and ends in order within the five seconds that are promised; it complains of nothing."""
    wait_for(lambda: farm.health().get("connected"), "the monitor is connected")
    farm.report(7, "broken")
    wait_for(lambda: farm.read("books").get("stored"), "the reading is stored")
    asked = time.monotonic()
    monitor.send_signal(signal.SIGTERM)
    assert monitor.wait(20) == 0
    assert time.monotonic() - asked < 5.0
    assert monitor.stderr is not None
    assert monitor.stderr.read() == b""


@pytest.fixture
def full_pipe() -> Iterator[int]:
    """The writing end of a pipe that nobody reads, and that has no room any more."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    for size in (4096, 1):
        with suppress(BlockingIOError):
            while True:
                os.write(writing, b"x" * size)
    os.set_blocking(writing, True)
    yield writing
    os.close(writing)
    os.close(reading)


@pytest.mark.parametrize("log_format", ["lines", "json"])
def test_a_pipe_that_nobody_reads_does_not_hold_the_monitor_up(farm: Farm, full_pipe: int, log_format: str) -> None:
    with monitor_into(farm, full_pipe, "--log-format", log_format) as monitor:
        works_and_ends(farm, monitor)


def test_a_log_on_a_full_disk_does_not_end_the_monitor(farm: Farm) -> None:
    with Path("/dev/full").open("wb") as full, monitor_into(farm, full.fileno()) as monitor:
        works_and_ends(farm, monitor)


def test_a_monitor_without_standard_output_works(farm: Farm) -> None:
    with monitor_into(farm, None) as monitor:
        works_and_ends(farm, monitor)
