"""F7 and F8: the disk is full, or reports errors."""

import os
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from disks import on_a_small_disk
from fault_farm import Extent, FaultFarm
from figures import Figures
from programs import Program, wait_for

ATTACHED_WITHIN_SECONDS = 10.0


@pytest.fixture
def small_disk(farm: FaultFarm) -> Iterator[Path]:
    """The farm's data folder on a disk of two megabytes."""
    yield from on_a_small_disk(farm)


def test_f7_a_full_disk_stops_acknowledgements_and_loses_nothing(
    farm: FaultFarm, small_disk: Path, extent: Extent, figures: Figures
) -> None:
    monitor = farm.monitor()
    turbines = farm.load()
    wait_for(lambda: "disk" in str(farm.health(monitor).get("store_error")), "the disk is full", 120)
    acknowledged = farm.hear("grid/turbines/+/acknowledged")
    before = farm.rows()
    time.sleep(extent(3, 30))
    assert farm.run("doctor", *farm.at_broker).returncode == 3
    assert farm.rows() == before
    assert new_acknowledgements(acknowledged.heard) == 0
    monitor.end(signal.SIGKILL)  # what it had acknowledged without having it would be lost now
    monitor = farm.start("grid-monitor", "--data-dir", farm.data_dir)
    subprocess.run(["mount", "-o", "remount,size=256m", small_disk], check=True)
    stall = farm.seconds_to_next_commit()
    farm.wait_for_store(monitor, fails=False)
    verdict = farm.verdict(turbines)
    seen = f"acknowledged while full 0, next commit {stall:.1f} s after it was enlarged"
    figures.note("F7", "disk of 2 MB full, monitor killed, disk enlarged", verdict, seen)


def new_acknowledgements(heard: list[tuple[str, str]]) -> int:
    """How many turbines were told more than once, that is: of progress."""
    told: dict[str, set[str]] = {}
    for topic, payload in heard:
        told.setdefault(topic, set()).add(payload)
    return sum(len(payloads) > 1 for payloads in told.values())


@contextmanager
def failing(program: Program, call: str) -> Iterator[None]:
    """Every call of this kind fails with EIO meanwhile: strace puts the error in the kernel's mouth."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    command = ["strace", "-f", "-o", os.devnull, "-e", f"trace={call}", "-e", f"inject={call}:error=EIO"]
    with subprocess.Popen([*command, "-p", str(program.process.pid)], stderr=subprocess.PIPE) as strace:
        assert strace.stderr is not None
        said = strace.stderr.readline().decode()
        if "attached" not in said:
            strace.wait()
            pytest.skip(f"this user may not trace processes: {said.strip()}")
        try:
            yield
        finally:
            strace.send_signal(signal.SIGINT)  # it lets go, and the program runs on
            strace.wait(ATTACHED_WITHIN_SECONDS)


@pytest.mark.parametrize("call", ["fdatasync", "pwrite64"])
def test_f8_what_was_told_ok_survives_io_errors(farm: FaultFarm, call: str, extent: Extent, figures: Figures) -> None:
    times = extent(2, 10)
    monitor = farm.monitor()
    turbines = farm.load()
    failed = 0
    for _ in range(times):
        farm.pause(0.5, 1.5)
        with failing(monitor, call):
            farm.wait_for_store(monitor, fails=True)
            failed += 1
            before = farm.rows()
            farm.pause(0.5, 1.5)
            assert farm.rows() <= before
            if failed % 2 == 0:
                monitor.end(signal.SIGKILL)  # whatever is half written now
        if monitor.process.poll() is not None:
            monitor = farm.monitor()
        farm.seconds_to_next_commit()
        farm.wait_for_store(monitor, fails=False)
    verdict = farm.verdict(turbines)
    figures.note("F8", f"{call} fails {failed} times for a second, every second time then killed", verdict)


def test_f8_a_file_that_may_not_grow_delays_and_loses_nothing(farm: FaultFarm, figures: Figures) -> None:
    """A limit on the size of files: writes beyond it fail. Needs no rights and no tools."""
    monitor = farm.monitor()
    turbines = farm.load()
    size = (farm.data_dir / "grid.db-wal").stat().st_size
    _, hard = resource.prlimit(monitor.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(monitor.process.pid, resource.RLIMIT_FSIZE, (size, hard))
    farm.wait_for_store(monitor, fails=True)
    before = farm.rows()
    farm.pause(1, 2)
    assert farm.rows() == before
    resource.prlimit(monitor.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
    stall = farm.seconds_to_next_commit()
    verdict = farm.verdict(turbines)
    figures.note("F8", "files may not grow for a while", verdict, f"next commit after {stall:.1f} s")
