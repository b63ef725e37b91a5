"""Outages over HTTP: filters, pages, one with its spans."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sites import asking, site_app

from grid.times import SECOND, format_time
from monitor.facts import Changes, KnowledgeChanges, OutageChanges, OutageReport
from monitor.store import DATABASE
from monitor.store.ledger import Ledger

NOON = 1_704_110_400_000_000
MINUTE = 60 * SECOND


def report(controller_id: str, outage_type: str, since: int, until: int) -> OutageReport:
    return OutageReport(controller_id, outage_type, NOON + since * MINUTE, NOON, until=NOON + until * MINUTE)


REPORTS = [
    report("turbine-7", "broken", 0, 30),
    report("turbine-7", "broken", 35, 40),
    report("turbine-7", "maintenance", 60, 90),
    report("turbine-70", "broken", 0, 20),
    report("plant", "pump", -60, -50),
    OutageReport("turbine-8", "offline", NOON, NOON, ongoing=True),
]


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    with Ledger.open(tmp_path / DATABASE) as ledger:
        ledger.commit(Changes(knowledge=KnowledgeChanges(outages=OutageChanges(REPORTS))))
    async with asking(site_app(tmp_path), base_url="http://localhost/api/v1") as opened:
        yield opened


def at(minute: int) -> str:
    return format_time(NOON + minute * MINUTE)


async def subjects(client: httpx.AsyncClient, **query: Any) -> list[str]:
    items = (await client.get("/events", params=query)).json()["items"]
    return [f"{item['controller_id']} {item['outage_type']}" for item in items]


async def test_the_latest_beginning_comes_first(client: httpx.AsyncClient) -> None:
    assert await subjects(client) == [
        "turbine-7 maintenance",
        "turbine-8 offline",
        "turbine-70 broken",
        "turbine-7 broken",
        "plant pump",
    ]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"turbine": 7}, ["turbine-7 maintenance", "turbine-7 broken"]),
        ({"controller_id": "plant"}, ["plant pump"]),
        ({"outage_type": "broken"}, ["turbine-70 broken", "turbine-7 broken"]),
        ({"ongoing": "true"}, ["turbine-8 offline"]),
        ({"since": at(35), "until": at(36)}, ["turbine-8 offline", "turbine-7 broken"]),
        ({"until": at(0)}, ["plant pump"]),
        ({"since": at(1000)}, ["turbine-8 offline"]),
    ],
)
async def test_outages_are_chosen_by_whose_what_and_when(
    client: httpx.AsyncClient, query: dict[str, Any], expected: list[str]
) -> None:
    assert await subjects(client, **query) == expected


async def test_pages_follow_each_other_without_gap_or_repeat(client: httpx.AsyncClient) -> None:
    seen: list[int] = []
    cursor: str | None = None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("/events", params=query)).json()
        seen += [item["outage_id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert sorted(seen) == [1, 2, 3, 4, 5]


async def test_one_outage_comes_with_its_spans_category_and_cost(client: httpx.AsyncClient) -> None:
    (item,) = (await client.get("/events", params={"turbine": 7, "outage_type": "broken"})).json()["items"]
    one = (await client.get(f"/events/{item['outage_id']}")).json()
    assert [(span["from_at"], span["until_at"]) for span in one.pop("spans")] == [(at(0), at(30)), (at(35), at(40))]
    assert one == item
    assert (one["lasted_seconds"], one["down_seconds"]) == (2400, 2100)
    assert (one["category"], one["lost_energy_in_kwh"]) == ("forced_outage", None)
    assert one["lost_energy_unknown"] == "no_curve"


async def test_one_that_goes_on_lasts_until_now(client: httpx.AsyncClient) -> None:
    (item,) = (await client.get("/events", params={"ongoing": "true"})).json()["items"]
    assert item["lasted_seconds"] > 60
    assert (item["ongoing_since"], item["ended_at"]) == (at(0), at(0))


async def test_an_outage_that_is_not_there_is_told(client: httpx.AsyncClient) -> None:
    answer = await client.get("/events/99")
    assert (answer.status_code, answer.json()["title"]) == (404, "Unknown outage")


@pytest.mark.parametrize("query", [{"type": "broken"}, {"cursor": "AAAAAAAAAAA"}, {"controller_id": "a/b"}])
async def test_what_is_not_known_of_a_query_is_refused(client: httpx.AsyncClient, query: dict[str, str]) -> None:
    assert (await client.get("/events", params=query)).status_code == 422
