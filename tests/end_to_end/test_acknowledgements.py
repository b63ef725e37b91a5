"""What a turbine that counts its readings hears, from a monitor on a real broker that is killed in between."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from programs import Farm, wait_for

from monitor.books import Balance

SESSION = "1795262400000-x7Qp"
TOPIC = "grid/turbines/7/acknowledged"


class Ear:
    """What mosquitto_sub hears of acknowledgements: QoS, whether retained, and the payload."""

    def __init__(self, farm: Farm, log: Path) -> None:
        self._log = log
        command = [*farm.mosquitto_sub(TOPIC), "-F", "%q %r %p"]
        with log.open("wb") as out:
            self.process = subprocess.Popen(command, stdout=out)

    @property
    def heard(self) -> list[tuple[str, str, dict[str, object]]]:
        lines = (line.split(" ", 2) for line in self._log.read_text().splitlines())
        return [(qos, retained, json.loads(payload)) for qos, retained, payload in lines]

    @property
    def last(self) -> object:
        return self.heard[-1][2]["sequence"] if self.heard else None

    def close(self) -> None:
        self.process.terminate()
        self.process.wait()


@pytest.fixture
def ear(farm: Farm, tmp_path: Path) -> Iterator[Ear]:
    opened = Ear(farm, tmp_path / "ear")
    yield opened
    opened.close()


def send(farm: Farm, *sequences: int, **fields: object) -> None:
    for sequence in sequences:
        at = time.time()
        farm.report(7, "ok", session=SESSION, sequence=sequence, emitted_at=at, **fields)


def missing(farm: Farm) -> int:
    return sum(dict(farm.read("missing")).values())


def test_a_turbine_hears_what_is_committed_and_a_killed_monitor_forgets_nothing(farm: Farm, ear: Ear) -> None:
    monitor = farm.monitor()
    send(farm, 0, 1)
    wait_for(lambda: ear.last == 1, "the first two are acknowledged")
    send(farm, 4)
    wait_for(lambda: missing(farm) == 2, "the gap is seen")
    assert "2 readings are missing: 2 of turbine 7" in farm.run("turbines").stdout
    assert json.loads(farm.run("turbines", "--json").stdout)[0]["missing"] == 2

    monitor.end(signal.SIGKILL)
    monitor = farm.monitor()
    assert farm.health(monitor)["missing"] == {"7": 2}
    send(farm, 3, 2)
    wait_for(lambda: ear.last == 4, "the gap is closed")
    books = farm.read("books")
    assert (books["gaps_opened"], books["gaps_closed"]) == (2, 2)
    assert {(qos, retained) for qos, retained, _ in ear.heard} == {("0", "0")}
    assert {heard["session"] for _, _, heard in ear.heard} == {SESSION}
    assert {heard["sequence"] for _, _, heard in ear.heard} <= {0, 1, 4}
    assert Balance(**farm.health(monitor)["balance"]).missing == 0
    assert farm.read("invariants") == []
    gaps = next(finding for finding in json.loads(farm.run("doctor", "--json").stdout) if finding["name"] == "gaps")
    assert gaps["sentence"].startswith("No reading is missing, of 1 turbine")


def test_a_fresh_database_acknowledges_once_the_turbine_says_what_it_holds(farm: Farm, ear: Ear) -> None:
    farm.monitor()
    send(farm, 500, 501)
    wait_for(lambda: len(farm.read("readings", turbine_number=7)) == 2, "both are stored")
    assert missing(farm) == 0
    send(farm, 498, 499, oldest_held=498)
    wait_for(lambda: ear.last == 501, "nothing lacks of what the turbine still holds")
    assert {heard["sequence"] for _, _, heard in ear.heard} <= {498, 501}


def test_a_reading_refused_for_good_need_not_come_again(farm: Farm, ear: Ear) -> None:
    farm.monitor()
    send(farm, 0)
    farm.publish("grid/turbines/7/metrics", f'{{"wind_speed":NaN,"session":"{SESSION}","sequence":1}}')
    wait_for(lambda: ear.last == 1, "the dead letter is acknowledged")
    assert len(farm.read("dead_letters")) == 1
