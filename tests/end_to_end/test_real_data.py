"""A SCADA file through the real programs: outages and availability beside what the file says of itself."""

import csv
import json
import math
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from programs import wait_for
from served import ServedFarm

from benchmarks.real_data import spans_of, standing_reports
from benchmarks.scada_files import Said, Slot, joined, kelmarsh_day
from grid.power_curve import mm92
from monitor.demo_broker import LocalMosquitto

DAY = datetime(2024, 3, 1, tzinfo=UTC)
TEN_MINUTES = timedelta(minutes=10)


@pytest.fixture
def farm(broker: LocalMosquitto, tmp_path: Path) -> Iterator[ServedFarm]:
    """A monitor that sends nobody, and its pages."""
    with closing(ServedFarm(broker, tmp_path)) as farm:
        farm.serve("--engineers", "0")
        yield farm


def replay(farm: ServedFarm, file: Path, *options: str | Path) -> None:
    """Replay the file."""
    program = farm.start("grid-turbines", "--replay", file, "--speed", "max", *options)
    assert program.wait() == 0, program.output


def account(farm: ServedFarm, since: datetime, until: datetime) -> dict[int, dict[str, Any]]:
    """What the command says of a time, by turbine."""
    times = ("--since", since.isoformat(), "--until", until.isoformat())
    said = farm.run("availability", "--data-dir", str(farm.data_dir), *times, "--json")
    return {line["turbine_number"]: line for line in json.loads(said.stdout)}


def outages(farm: ServedFarm, outage_type: str) -> list[dict[str, Any]]:
    """What the command shows of a type, the first first."""
    said = farm.run("outages", "--data-dir", str(farm.data_dir), "--type", outage_type, "--json")
    found: list[dict[str, Any]] = json.loads(said.stdout)
    return found[::-1]


def bring(farm: ServedFarm, reports: Sequence[Mapping[str, Any]]) -> None:
    """Bring reports of outages over HTTP."""
    lines = "\n".join(map(json.dumps, reports)).encode()
    request = urllib.request.Request(
        f"{farm.url}/api/v1/outages", lines, {"content-type": "application/x-ndjson"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status in (200, 201)


def standing_in(row: int) -> bool:
    """Rows of the made-up day in which the turbine stands: an hour and a half, and an hour 20 minutes later."""
    return 30 <= row < 39 or 41 <= row < 47


def write_day(path: Path) -> Said:
    """Write a day of one turbine; what it says of itself."""
    slots = []
    for row in range(144):
        wind = 7.5 + 3 * math.sin(math.tau * row / 72)
        expected = mm92().power(wind) or 0.0
        slots.append(Slot(DAY + row * TEN_MINUTES, wind, 0.0 if standing_in(row) else expected, expected))
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("turbine", "timestamp", "wind_speed_m_s", "power_kw", "state"))
        rows.writerows(
            (1, slot.at.isoformat(), slot.wind, slot.power_kw, "error" if slot.stands else "run") for slot in slots
        )
    return Said(slots)


def test_rows_that_say_broken_become_outages_with_their_cost(farm: ServedFarm, tmp_path: Path) -> None:
    file = tmp_path / "day.csv"
    said = write_day(file)
    replay(farm, file, "--columns", "status=state", "--preset", "kelmarsh", "--broken-values", "error")
    until = DAY + timedelta(hours=23)
    wait_for(lambda: account(farm, DAY, until)[1]["unknown_seconds"] == 0, "the windows are figured")
    wait_for(lambda: account(farm, DAY, until)[1]["losses_unknown"] == 0, "the lost energy is figured")
    line = account(farm, DAY, until)[1]
    assert [outage["down_seconds"] for outage in outages(farm, "broken")] == [90 * 60, 60 * 60]
    assert line["forced_outage_seconds"] == len(said.standing) * 600
    assert line["time_availability"] == pytest.approx(1 - len(said.standing) / (23 * 6), abs=1e-6)
    assert line["energy_in_kwh"] == pytest.approx(sum(slot.power_kw for slot in said.slots[: 23 * 6]) / 6)
    assert line["lost_energy_in_kwh"] == pytest.approx(said.lost_kwh, rel=0.05)
    assert (line["forced_outages"], line["mttr_hours"]) == (2, 1.25)
    assert line["mtbf_hours"] == pytest.approx((23 - 2.5) / 2)


def test_the_day_of_kelmarsh_is_told_as_its_file_tells_it(farm: ServedFarm, shared_data: Path) -> None:
    said = kelmarsh_day(shared_data)
    replay(farm, shared_data / "kelmarsh" / "kelmarsh_2021-01-01_6_turbines.csv", "--preset", "kelmarsh")
    bring(farm, [told for number, turbine in said.items() for told in standing_reports(number, turbine.standing)])
    since, until = datetime(2021, 1, 1, tzinfo=UTC), datetime(2021, 1, 1, 23, tzinfo=UTC)
    wait_for(
        lambda: all(line["losses_unknown"] == 0 for line in account(farm, since, until).values()), "losses are figured"
    )
    lines, found = account(farm, since, until), outages(farm, "standing")
    for number, turbine in said.items():
        mine = [outage for outage in found if outage["turbine_number"] == number]
        assert len(mine) == len(joined(spans_of(turbine), 12))
        assert sum(outage["down_seconds"] for outage in mine) == 600 * len(turbine.standing)
        lost = sum(outage["lost_energy_in_kwh"] for outage in mine)
        assert lost == pytest.approx(turbine.lost_kwh, rel=0.05, abs=1), number
        energy = sum(slot.power_kw for slot in turbine.slots if slot.at < until) / 6
        assert lines[number]["energy_in_kwh"] == pytest.approx(energy)
        standing = sum(slot.at < until for slot in turbine.standing)
        assert lines[number]["time_availability"] == pytest.approx(1 - standing / 138, abs=0.02)
