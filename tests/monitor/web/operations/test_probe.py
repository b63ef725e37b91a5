"""Looking at the monitor for those who ask again and again."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from measured import AWAY, seen

from monitor.control import SOCKET_NAME
from monitor.web.operations.probe import KEPT_SECONDS, WITHIN_SECONDS, Probe, Seen, look


class Looks:
    """Counts looks; the time is what the test says."""

    def __init__(self) -> None:
        self.seconds = 100.0
        self.count = 0
        self.probe = Probe(self._look, lambda: self.seconds)

    def _look(self) -> Seen:
        self.count += 1
        return seen()


async def test_many_who_ask_at_once_cost_one_look() -> None:
    looks = Looks()

    found = await asyncio.gather(*(looks.probe.seen() for _ in range(50)))

    assert looks.count == 1
    assert all(one is found[0] for one in found)


async def test_a_look_is_kept_for_a_second() -> None:
    looks = Looks()

    await looks.probe.seen()
    looks.seconds += KEPT_SECONDS * 0.9
    await looks.probe.seen()
    kept = looks.count
    looks.seconds += KEPT_SECONDS * 0.2
    await looks.probe.seen()

    assert (kept, looks.count) == (1, 2)


async def test_who_gives_up_takes_the_answer_from_nobody_else() -> None:
    looks = Looks()
    impatient, patient = asyncio.create_task(looks.probe.seen()), asyncio.create_task(looks.probe.seen())
    await asyncio.sleep(0)

    impatient.cancel()

    assert (await patient).problem is None


async def test_a_look_that_hangs_is_given_up_and_looked_after_no_second_time() -> None:
    goes_on, looks = threading.Event(), list[str]()

    def look_at_a_disk_that_hangs() -> Seen:
        looks.append("begun")
        goes_on.wait()
        return seen()

    probe = Probe(look_at_a_disk_that_hangs, patience_seconds=0.05)

    given_up = [await probe.seen(), await probe.seen()]
    goes_on.set()

    assert [found.problem for found in given_up] == ["the disk of the data does not answer"] * 2
    assert looks == ["begun"]
    assert (await probe.seen()).problem is None


def test_where_no_monitor_runs_the_problem_says_so(tmp_path: Path) -> None:
    found = look(tmp_path)

    assert found.problem == f"no monitor runs on {tmp_path}"
    assert AWAY.health == found.health == {}


@pytest.fixture
def silent_monitor(tmp_path: Path) -> Iterator[Path]:
    """A data folder whose monitor takes questions and answers none."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / SOCKET_NAME))
        listener.listen()
        yield tmp_path


def test_a_monitor_that_hangs_is_a_problem_before_a_probe_gives_up(silent_monitor: Path) -> None:
    begun = time.monotonic()

    found = look(silent_monitor)

    assert found.problem is not None
    assert "does not answer" in found.problem
    assert time.monotonic() - begun < WITHIN_SECONDS + 1
