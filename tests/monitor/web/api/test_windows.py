"""Windows over HTTP: two turbines reported every ten seconds from nine until noon; one of them was silent at ten."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from grid.metrics import OperationalStatus
from grid.times import SECOND, parse_time
from monitor.facts import Changes, KnowledgeChanges, Now, Reading, TurbineRecord
from monitor.store import DATABASE
from monitor.store.ledger import Ledger
from monitor.windows.windows import Windows

Get = Callable[..., Awaitable[Any]]

NINE = parse_time("2026-11-20T09:00:00Z")
STEP = 10 * SECOND
STEPS = 3 * 360
LATE = NINE + 65 * SECOND
MORNING = {"since": "2026-11-20T09:00:00Z", "until": "2026-11-20T13:00:00Z"}


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("windows")
    with Ledger.open(folder / DATABASE) as ledger:
        records = [TurbineRecord(number, NINE, region="north", emitted_at=noon()) for number in (7, 8)]
        ledger.commit(Changes(turbines=records))
        windows = Windows(ledger.load().knowledge, now=Now(NINE, 0.0))
        batches = [[reading(number, step) for number in (7, 8) if not is_silent(number, step)] for step in range(STEPS)]
        batches[700].append(reading(7, 0)._replace(emitted_at=LATE))
        for step, batch in enumerate(batches):
            decided = windows.take(batch, Now(NINE + step * STEP, step * 10.0))
            committed = ledger.commit(Changes(batch, knowledge=KnowledgeChanges(decided)))
            windows.settle(committed.knowledge.windows)
    return folder


def noon() -> int:
    return NINE + (STEPS - 1) * STEP


def is_silent(number: int, step: int) -> bool:
    return number == 8 and 360 <= step < 450


def reading(number: int, step: int) -> Reading:
    status = OperationalStatus.BROKEN if number == 8 and step < 6 else OperationalStatus.OK
    at = NINE + step * STEP
    return Reading(number, at, 8.0, 5.0, status, None, None, None, None, None, at)


async def test_a_minute_tells_what_its_readings_come_to(get: Get) -> None:
    first, second = (await get("/turbines/7/windows", width="1m", limit=2, **MORNING))["items"]
    assert {name: value for name, value in first.items() if name != "figured_at"} == {
        "turbine_number": 7,
        "start_at": "2026-11-20T09:00:00.000000Z",
        "width_seconds": 60,
        "complete": True,
        "revision": 1,
        "readings": 6,
        "expected_readings": 6.0,
        "coverage": 1.0,
        "covered_seconds": 60.0,
        "broken_seconds": 0.0,
        "silent_seconds": 0.0,
        "wind_speed_mean": 8.0,
        "wind_speed_min": 8.0,
        "wind_speed_max": 8.0,
        "energy_in_kwh": 30.0,
        "mean_power_in_kw": 1800.0,
        "max_power_in_kw": 1800.0,
    }
    assert (second["readings"], second["revision"]) == (7, 2), "a late reading corrected it"


async def test_broken_time_and_silence_are_told_apart(get: Get) -> None:
    (broken,) = (await get("/turbines/8/windows", width="1m", limit=1, **MORNING))["items"]
    assert (broken["broken_seconds"], broken["silent_seconds"]) == (60.0, 0.0)
    quarters = (await get("/turbines/8/windows", width="15m", **MORNING))["items"]
    assert "2026-11-20T10:00:00.000000Z" not in [quarter["start_at"] for quarter in quarters]
    hours = (await get("/turbines/8/windows", width="1h", **MORNING))["items"]
    assert [(hour["silent_seconds"], hour["coverage"]) for hour in hours] == [(0.0, 1.0), (900.0, 0.75), (0.0, 1.0)]


async def test_cursors_lead_through_all_windows(get: Get) -> None:
    found: list[str] = []
    page = await get("/turbines/7/windows", width="1m", limit=50, **MORNING)
    while True:
        found += [item["start_at"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        page = await get("/turbines/7/windows", width="1m", limit=50, cursor=page["next_cursor"], **MORNING)
    assert len(found) == len(set(found)) == 180
    assert found == sorted(found)


async def test_the_window_that_lasts_is_figured_for_the_answer(get: Get) -> None:
    minutes = (await get("/turbines/7/windows", width="1m", **MORNING))["items"]
    assert [minute["complete"] for minute in minutes[-3:]] == [True, True, False]
    assert minutes[-1]["readings"] == 6
    for width, readings in (("15m", 90), ("1h", 360), ("1d", STEPS + 1)):
        *_, last = (await get("/turbines/7/windows", width=width, **MORNING))["items"]
        assert (last["complete"], last["readings"]) == (False, readings)


async def test_an_hour_is_complete_when_readings_came_from_after_it(get: Get) -> None:
    hours = (await get("/turbines/7/windows", width="1h", **MORNING))["items"]
    assert [hour["complete"] for hour in hours] == [True, True, False]
    assert [hour["energy_in_kwh"] for hour in hours] == [1805.0, 1800.0, 1800.0]


@pytest.mark.parametrize("region", [None, "north"])
async def test_an_area_adds_up_its_turbines(get: Get, region: str | None) -> None:
    query = MORNING | ({} if region is None else {"region": region})
    quarters = (await get("/windows", width="15m", **query))["items"]
    assert (quarters[0]["region"], quarters[0]["turbines"], quarters[0]["readings"]) == (region, 2, 181)
    assert quarters[0]["broken_seconds"] == 60.0
    assert [quarter["turbines"] for quarter in quarters[3:6]] == [2, 1, 2]
    hours = (await get("/windows", width="1h", **query))["items"]
    assert [hour["complete"] for hour in hours[:2]] == [True, True]


async def test_a_region_that_nobody_named_has_no_windows(get: Get) -> None:
    assert (await get("/windows", region="south", **MORNING))["items"] == []


@pytest.mark.parametrize(
    ("query", "words"), [({"width": "5m"}, "query.width"), ({"limit": 5001}, "query.limit"), ({"by": "1m"}, "query")]
)
async def test_what_can_not_be_meant_is_refused(refused: Get, query: dict[str, Any], words: str) -> None:
    problem = await refused("/turbines/7/windows", **query)
    assert problem["status"] == 422
    assert words in problem["detail"]


async def test_an_unknown_turbine_is_not_found(refused: Get) -> None:
    assert (await refused("/turbines/77/windows"))["status"] == 404


async def test_a_chart_beyond_an_hour_is_made_of_windows(get: Get) -> None:
    found = await get("/turbines/7/readings/downsampled", points=400, **MORNING)
    assert found["width_seconds"] == 60
    assert sum(found["readings"]) == STEPS + 1
    coarse = await get("/turbines/8/readings/downsampled", points=10, **MORNING)
    assert coarse["width_seconds"] == 1800
    assert (sum(coarse["readings"]), coarse["broken"][0]) == (STEPS - 90, round(60 / 1800, 6))
    assert set(coarse["mean_power_in_kw"]) == {1800.0}


async def test_a_chart_of_an_hour_is_made_of_readings(get: Get) -> None:
    found = await get("/turbines/7/readings/downsampled", since="2026-11-20T09:00Z", until="2026-11-20T10:00Z")
    assert found["width_seconds"] == 9
