"""A disk that fills up under a running monitor, and then has room again."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from disks import on_a_small_disk
from programs import Farm, wait_for


@pytest.fixture
def small_disk(farm: Farm) -> Iterator[Path]:
    """The farm's data folder on a disk of two megabytes."""
    yield from on_a_small_disk(farm)


def test_a_full_disk_makes_the_monitor_wait_and_nothing_is_lost(farm: Farm, small_disk: Path) -> None:
    monitor = farm.monitor()
    truth = farm.folder / "emitted.jsonl"
    load = ("--count", "20", "--upload-interval", "0.02", "--time-to-fail", "0", "--duration", "20")
    turbines = farm.start("grid-turbines", *load, "--emitted", truth)
    wait_for(lambda: farm.health(monitor).get("store_error"), "the disk is full", seconds=60)
    error = farm.health(monitor)["store_error"]
    assert "disk" in error
    unhealthy = farm.run("doctor", *farm.at_broker)
    assert unhealthy.returncode == 3
    subprocess.run(["mount", "-o", "remount,size=64m", small_disk], check=True)
    wait_for(lambda: farm.health(monitor).get("store_error") is None, "it goes on by itself")
    assert turbines.wait(60) == 0, turbines.output
    emitted = len(truth.read_text().splitlines())
    wait_for(lambda: farm.read("books").get("stored") == emitted, "all readings are stored")
    wait_for(lambda: sum(len(farm.text_lines(number)) for number in range(1, 21)) == emitted, "the text files catch up")
    books = farm.read("books")
    assert books["received"] == books["stored"] + books.get("duplicate", 0) + books.get("rejected", 0)
