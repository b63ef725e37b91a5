from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

Get = Callable[..., Awaitable[Any]]


async def test_the_newest_readings_come_first(get: Get) -> None:
    newest, before = (await get("/turbines/7/readings", limit=2))["items"]
    assert newest == {
        "turbine_number": 7,
        "emitted_at": "2026-11-21T12:00:00.000000Z",
        "wind_speed": 8.0,
        "power_output_in_kwh": 0.0,
        "operational_status": "broken",
        "voltage": 690.0,
        "current": None,
        "temperature": 60.5,
        "session": "s-1",
        "sequence": 360,
        "received_at": "2026-11-21T12:00:00.000250Z",
    }
    assert before["emitted_at"] == "2026-11-21T11:59:50.000000Z"


@pytest.mark.parametrize("order", ["newest", "oldest"])
async def test_cursors_lead_through_all_readings_of_a_time(get: Get, order: str) -> None:
    query = {"since": "2026-11-21T11:50:00Z", "until": "2026-11-21T12:00:00Z", "order": order, "limit": 25}
    found: list[str] = []
    page = await get("/turbines/7/readings", **query)
    while True:
        found += [item["emitted_at"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        page = await get("/turbines/7/readings", **query, cursor=page["next_cursor"])
    assert len(found) == 60
    assert found == sorted(found, reverse=order == "newest")


@pytest.mark.parametrize(
    "since",
    ["2026-11-21T11:59:50Z", "2026-11-21T12:59:50+01:00", "2026-11-21T12:59:50 01:00", "2026-11-21T11:59:50"],
    ids=["in UTC", "with a zone", "with a plus that became a space", "without a zone"],
)
async def test_a_time_is_iso_8601_and_utc_without_a_zone(get: Get, since: str) -> None:
    assert len((await get("/turbines/7/readings", since=since))["items"]) == 2


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"since": "yesterday"}, "query.since: must be a time in ISO 8601"),
        ({"since": "2026-11-21T12:00Z", "until": "2026-11-21T12:00Z"}, "since must be before until"),
        ({"limit": 0}, "query.limit: must be greater"),
        ({"limit": 5001}, "query.limit: must be less"),
        ({"order": "random"}, "query.order: must be 'newest' or 'oldest'"),
        ({"cursor": "abc"}, "query.cursor"),
        ({"limitt": 5}, "query: Extra inputs are not permitted"),
    ],
)
async def test_what_can_not_be_meant_is_refused_in_words(refused: Get, query: dict[str, Any], words: str) -> None:
    problem = await refused("/turbines/7/readings", **query)
    assert problem["status"] == 422
    assert words in problem["detail"]


@pytest.mark.parametrize("path", ["", "/readings", "/readings/downsampled", "/power-curve"])
@pytest.mark.parametrize(("number", "status"), [("77", 404), ("0", 422), ("2147483648", 422), ("x", 422)])
async def test_a_turbine_that_was_never_heard_of_is_not_found(
    refused: Get, number: str, status: int, path: str
) -> None:
    assert (await refused(f"/turbines/{number}{path}"))["status"] == status


async def test_readings_are_averaged_into_columns(get: Get) -> None:
    query = {"since": "2026-11-21T11:00:00Z", "until": "2026-11-21T12:00:00Z", "points": 10}
    found = await get("/turbines/7/readings/downsampled", **query)
    assert found["width_seconds"] == 360
    assert (found["since"], found["until"]) == ("2026-11-21T11:00:00.000000Z", "2026-11-21T12:00:00.000000Z")
    assert found["start"][:2] == ["2026-11-21T11:00:00.000000Z", "2026-11-21T11:06:00.000000Z"]
    assert found["readings"] == [35, *[36] * 9]
    assert found["mean_power_in_kw"][:9] == [1800.0] * 9
    assert found["energy_in_kwh"][9] == 31 * 5.0
    assert found["broken"] == [*[0.0] * 9, round(5 / 36, 6)]
    columns = {len(column) for column in found.values() if isinstance(column, list)}
    assert columns == {10}
    assert found["sampled"] is False


async def test_a_time_may_lie_before_and_after_all_that_is_stored(get: Get) -> None:
    found = await get("/turbines/7/readings", since="0001-01-01T00:00+23:59", until="9999-12-31T23:59:59-23:59")
    assert len(found["items"]) == 100
    chart = await get("/turbines/7/readings/downsampled", since="0001-01-01", until="1970-01-02")
    assert chart["readings"] == []


async def test_a_chart_of_too_long_a_time_is_refused(refused: Get) -> None:
    problem = await refused("/turbines/7/readings/downsampled", since="2024-01-01", until="2026-01-01")
    assert problem["detail"] == "from since until until are more than 400 days"
    problem = await refused("/turbines/7/readings/downsampled", since="2190-01-01")
    assert problem["detail"] == "since is not before now"


async def test_without_a_time_a_chart_is_of_the_last_day(get: Get) -> None:
    found = await get("/turbines/7/readings/downsampled", points=10)
    since = datetime.fromisoformat(found["since"])
    assert timedelta(days=1) <= datetime.now(UTC) - since < timedelta(days=1, hours=3)


async def test_a_power_curve_tells_power_by_wind(get: Get) -> None:
    found = await get("/turbines/7/power-curve", since="2026-11-21T11:00:00Z", until="2026-11-21T12:00:01Z")
    assert found["bins"] == [
        {"centre": 8.0, "wind_speed": 8.0, "mean_power_in_kw": 1800.0, "averages": 354, "readings": 354}
    ]
    assert (found["width"], found["averaging_seconds"]) == (0.5, 4)


async def test_a_power_curve_of_too_many_averages_is_refused(refused: Get) -> None:
    problem = await refused("/turbines/7/power-curve", averaging_seconds=1)
    assert problem["detail"] == "that is more than 5,000 averages: ask for longer ones"
