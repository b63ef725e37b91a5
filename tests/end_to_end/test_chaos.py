"""A monitor that keeps its promise under `grid-turbines --chaos`: all is stored once, and no belief is led astray."""

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from checker import check
from programs import Farm, wait_for

from grid.topics import Kind
from monitor.facts import Health, Link, LinkReason


def log_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def links(farm: Farm) -> set[Link]:
    return {turbine.link for turbine in farm.read("turbines")}


def healths(farm: Farm) -> dict[int, Health]:
    return {turbine.turbine_number: turbine.health for turbine in farm.read("turbines")}


@pytest.mark.slow
def test_disorder_loses_nothing_doubles_nothing_and_misleads_nobody(farm: Farm) -> None:
    """Nobody repairs here: once broken a turbine stays so, and a late `ok` must not make it well again."""
    farm.monitor("--engineers", "0")
    truth, log = farm.folder / "emitted.jsonl", farm.folder / "chaos.jsonl"
    life = ("--count", "6", "--upload-interval", "0.05", "--time-to-fail", "4", "--seed", "3", "--duration", "16")
    chaos = ("--chaos", "late=0.1,duplicate=0.1,reorder=0.1,skew=0.02", "--chaos-log", log)
    turbines = farm.start("grid-turbines", *life, *chaos, "--emitted", truth, "--processes", "2")
    wait_for(lambda: list(healths(farm).values()) == [Health.BROKEN] * 6, "all have broken")
    believed_from = time.monotonic()
    while turbines.process.poll() is None and time.monotonic() < believed_from + 6:
        assert set(healths(farm).values()) == {Health.BROKEN}
        assert links(farm) == {Link.ONLINE}
        time.sleep(0.1)
    assert turbines.wait() == 0, turbines.output
    wait_for(lambda: links(farm) == {Link.OFFLINE}, "all said goodbye")
    verdict = check(farm.data_dir, [truth])
    assert verdict.complaints == ()
    struck = Counter(line["kind"] for line in log_lines(log))
    assert set(struck) == {"late", "duplicate", "reorder", "skew"}
    assert verdict.sent_again >= struck["duplicate"]
    assert min(struck.values()) > 10


@pytest.mark.slow
def test_a_half_open_connection_ends_in_a_will_and_a_return(farm: Farm) -> None:
    """With this seed one connection dies, at the seventh reading, for 40 s."""
    farm.monitor()
    truth, log = farm.folder / "emitted.jsonl", farm.folder / "chaos.jsonl"
    life = ("--first-number", "7", "--upload-interval", "0.2", "--time-to-fail", "0", "--seed", "166")
    chaos = ("--chaos", "half-open=0.005", "--chaos-log", log)
    turbines = farm.start("grid-turbines", *life, *chaos, "--emitted", truth)
    wait_for(lambda: links(farm) == {Link.ONLINE}, "it is online")
    wait_for(lambda: links(farm) == {Link.OFFLINE}, "the broker publishes its will")
    assert farm.read("turbine", turbine_number=7).link_reason is LinkReason.LOST
    dead = log_lines(log)
    assert [(line["kind"], line["turbine_number"], line["sequence"]) for line in dead] == [("half-open", 7, 6)]
    wait_for(lambda: links(farm) == {Link.ONLINE}, "it is back")
    assert turbines.end() == 0, turbines.output
    verdict = check(farm.data_dir, [truth])
    assert verdict.complaints == ()
    assert verdict.emitted > 100, "it went on reporting while its connection was dead"


def test_a_stop_while_the_connection_is_half_open_is_in_order(farm: Farm) -> None:
    truth, log = farm.folder / "emitted.jsonl", farm.folder / "chaos.jsonl"
    statuses = farm.hear(Kind.STATUS.of(7))
    farm.monitor()
    chaos = ("--chaos", "half-open=1", "--chaos-log", log)
    turbines = farm.start(
        "grid-turbines", "--first-number", "7", "--upload-interval", "0.2", *chaos, "--emitted", truth
    )
    wait_for(lambda: log_lines(log), "its connection is dead")
    started = time.monotonic()
    assert turbines.end() == 0, turbines.output
    assert time.monotonic() - started < 5
    wait_for(lambda: len(statuses.heard) == 3, "it was born twice, and said goodbye")
    assert json.loads(statuses.heard[-1][1])["reason"] == "stopped"
    assert check(farm.data_dir, [truth]).complaints == ()
