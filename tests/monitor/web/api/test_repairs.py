from collections.abc import Awaitable, Callable
from typing import Any

import pytest

Get = Callable[..., Awaitable[Any]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, [3, 2, 1]),
        ({"open": "true"}, [3, 2]),
        ({"open": "false"}, [1]),
        ({"turbine": 7}, [2, 1]),
        ({"since": "2026-11-21T11:59:20Z"}, [3]),
        ({"until": "2026-11-21T11:59:00Z"}, [1]),
    ],
)
async def test_incidents_are_found_by_state_turbine_and_time(get: Get, query: dict[str, Any], found: list[int]) -> None:
    assert [item["incident_id"] for item in (await get("/incidents", **query))["items"]] == found


async def test_an_incident_tells_how_it_ended(get: Get) -> None:
    assert await get("/incidents/1") == {
        "incident_id": 1,
        "turbine_number": 7,
        "cause": "broken",
        "state": "closed",
        "opened_at": "2026-11-21T11:10:00.000000Z",
        "opened_by": None,
        "why": None,
        "failed_visits": 0,
        "closed_at": "2026-11-21T11:11:40.000000Z",
        "outcome": "repaired",
    }


@pytest.mark.parametrize("path", ["/incidents/99", "/incidents/99/explain"])
async def test_an_unknown_incident_is_not_found(refused: Get, path: str) -> None:
    problem = await refused(path)
    assert (problem["status"], problem["detail"]) == (404, "there is no incident 99")


async def test_an_incident_is_explained_from_the_first_sign_on(get: Get) -> None:
    story = await get("/incidents/2/explain")
    assert story["incident"]["turbine_number"] == 7
    assert story["reading"]["emitted_at"] == "2026-11-21T11:59:00.000000Z"
    assert [visit["dispatch_id"] for visit in story["visits"]] == ["cafe-2"]
    assert [event["action"] for event in story["events"]] == ["incident_opened", "engineer_dispatched"]


@pytest.mark.parametrize(
    ("query", "found"), [({}, [2, 1]), ({"open": "true"}, [2]), ({"incident": 1}, [1]), ({"turbine": 9}, [])]
)
async def test_visits_are_found_by_state_incident_and_turbine(
    get: Get, query: dict[str, Any], found: list[int]
) -> None:
    assert [item["visit_id"] for item in (await get("/visits", **query))["items"]] == found


async def test_times_are_measured_to_dispatch_and_to_repair(get: Get) -> None:
    found = await get("/visits/times", since="2026-11-21T11:00:00Z")
    assert found == {
        "since": "2026-11-21T11:00:00.000000Z",
        "to_dispatch": {"count": 2, "median": 5.0, "p90": 10.0, "max": 10.0},
        "to_repair": {"count": 1, "median": 100.0, "p90": 100.0, "max": 100.0},
    }


async def test_decisions_are_told_page_by_page_the_newest_first(get: Get) -> None:
    first = await get("/journal", limit=2)
    assert [item["entry_id"] for item in first["items"]] == [3, 2]
    assert first["items"][0]["by"] == "Ada"
    second = await get("/journal", limit=2, cursor=first["next_cursor"])
    assert [item["entry_id"] for item in second["items"]] == [1]
    assert second["next_cursor"] is None
    assert [item["entry_id"] for item in (await get("/journal", incident=2))["items"]] == [2, 1]
    assert [item["entry_id"] for item in (await get("/journal", turbine=9))["items"]] == [3]


async def test_decisions_of_one_kind_are_found(get: Get) -> None:
    found = (await get("/journal", action="engineer_dispatched"))["items"]
    assert [(item["entry_id"], item["action"]) for item in found] == [(2, "engineer_dispatched")]
