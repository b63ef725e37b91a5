from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from monitor.web.site import Site

Get = Callable[..., Awaitable[Any]]


async def test_turbines_are_listed_worst_first_a_page_at_a_time(get: Get) -> None:
    found: list[tuple[int, str]] = []
    query: dict[str, Any] = {"limit": 1}
    while True:
        page = await get("/turbines", **query)
        found += [(row["turbine_number"], row["standing"]) for row in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert found == [(9, "waiting"), (7, "visited"), (8, "held")]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ({"region": "south"}, [9, 8]),
        ({"standing": "visited"}, [7]),
        ({"standing": "held", "region": "north"}, []),
        ({"region": "nowhere"}, []),
    ],
)
async def test_turbines_are_found_by_region_and_standing(get: Get, query: dict[str, str], numbers: list[int]) -> None:
    assert [row["turbine_number"] for row in (await get("/turbines", **query))["items"]] == numbers


async def test_a_turbine_is_told_with_its_birth_its_session_and_its_newest_reading(get: Get) -> None:
    found = await get("/turbines/7")
    assert found["birth"] == {
        "model": None,
        "rated_power_in_kw": 2050.0,
        "region": "north",
        "latitude": None,
        "longitude": None,
        "serial": None,
    }
    assert (found["session"], found["standing"], found["engineer"], found["incident_id"]) == ("s-1", "visited", 2, 2)
    assert found["reading"]["voltage"] == 690.0
    assert found["hold"] is None


async def test_a_hold_is_told_with_who_and_why(get: Get) -> None:
    found = await get("/turbines/8")
    hold = {
        "turbine_number": 8,
        "held_at": "2026-11-21T12:00:00.000000Z",
        "by": "Ada",
        "why": "blades are iced",
    }
    assert found["hold"] == hold
    assert (await get("/holds"))["items"] == [hold]
    assert found["reading"] is None


async def test_rows_have_the_same_keys_in_every_list(get: Get) -> None:
    row = (await get("/turbines", limit=1))["items"][0]
    farm = await get("/farm")
    (waiting,) = (await get("/waiting-line"))["items"]
    assert set(row) == set(farm["turbines"][0]) == set(waiting)
    assert row["model"] == "<b>&"
    assert row["why"] == waiting["why"]


async def test_the_farm_is_shown_as_stored_while_no_monitor_runs(get: Get) -> None:
    farm = (await get("/farm"))["farm"]
    assert farm["monitor"]["running"] is False
    assert farm["totals"]["by_standing"] == {"waiting": 1, "visited": 1, "held": 1}
    assert farm["waiting"] == [9]
    assert [row["turbine_number"] for row in (await get("/waiting-line"))["items"]] == [9]


async def test_the_farm_is_shown_as_the_monitor_tells_it_while_one_runs(get: Get, site: Site) -> None:
    told = await get("/farm")
    (row,) = (row for row in told["turbines"] if row["turbine_number"] == 7)
    row |= {"standing": "stale", "wind_speed": None}
    left_out = {key: value for key, value in row.items() if value is not None}
    site.monitor.mirror.apply(told | {"kind": "snapshot", "turbines": [left_out]})
    (shown,) = (await get("/turbines"))["items"]
    assert shown == row


async def test_a_turbine_that_is_stored_but_not_yet_told_live_is_shown_as_stored(get: Get, site: Site) -> None:
    told = await get("/farm")
    site.monitor.mirror.apply(told | {"kind": "snapshot", "turbines": []})
    assert (await get("/turbines"))["items"] == []
    assert (await get("/turbines/7"))["standing"] == "visited"


async def test_engineers_who_are_out_are_told_with_where_and_since_when(get: Get) -> None:
    assert (await get("/engineers"))["items"] == [
        {
            "engineer": 2,
            "turbine_number": 7,
            "visit_id": 2,
            "incident_id": 2,
            "state": "sent",
            "sent_at": "2026-11-21T11:59:15.000000Z",
        }
    ]


@pytest.mark.parametrize("path", ["/farm", "/turbines", "/turbines/7", "/journal", "/dead-letters/reasons"])
async def test_head_tells_what_get_would(client: httpx.AsyncClient, path: str) -> None:
    head = await client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == "application/json"


@pytest.mark.parametrize("path", ["/farm", "/engineers", "/turbines/7", "/incidents/1", "/dead-letters/reasons"])
async def test_a_query_that_means_nothing_is_refused(refused: Get, path: str) -> None:
    assert (await refused(path, standing="ok"))["status"] == 422
