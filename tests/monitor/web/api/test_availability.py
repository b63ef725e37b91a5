"""Availability over HTTP, as JSON and as CSV."""

import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from accounts import DAY, HOUR, MIDNIGHT, leave, outage, quarters, turbine
from sites import asking, site_app

from grid.times import format_time
from monitor.web.api.availability import prefers_csv

LONG_AGO = MIDNIGHT - 1000 * DAY
ASKED = {"since": format_time(LONG_AGO), "until": format_time(LONG_AGO + DAY)}


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Asks about two turbines on a day long ago, of which one stood for six hours."""
    heard = [*quarters(7, LONG_AGO, 96), *quarters(8, LONG_AGO, 96)]
    broken = [outage(1, 8, LONG_AGO, LONG_AGO + 6 * HOUR, lost_energy_in_kwh=2400.0)]
    leave(tmp_path, [turbine(7, region="=cmd|' /C calc'!A0"), turbine(8, region="South")], heard, broken)
    async with asking(site_app(tmp_path), base_url="http://localhost/api/v1") as opened:
        yield opened


async def test_each_turbine_has_a_line(client: httpx.AsyncClient) -> None:
    items = (await client.get("/availability", params=ASKED)).json()["items"]
    assert [item["turbine_number"] for item in items] == [7, 8]
    assert (items[1]["since"], items[1]["until"]) == (ASKED["since"], ASKED["until"])
    assert (items[1]["time_availability"], items[1]["energy_availability"]) == (0.75, 0.8)
    assert items[1]["energy_availability_at_most"] == 0.8
    assert (items[1]["mtbf_hours"], items[1]["mttr_hours"], items[0]["mtbf_hours"]) == (18, 6, None)


async def test_the_farm_and_its_days_are_asked_for_by_name(client: httpx.AsyncClient) -> None:
    (item,) = (await client.get("/availability", params={**ASKED, "by": "farm", "per": "day"})).json()["items"]
    assert (item["turbines"], item["region"], item["time_availability"]) == (2, None, 0.875)
    (item,) = (await client.get("/availability", params={**ASKED, "region": "South"})).json()["items"]
    assert item["turbine_number"] == 8


async def test_without_a_time_the_last_30_days_are_told(client: httpx.AsyncClient) -> None:
    items = (await client.get("/availability")).json()["items"]
    assert all(30 * 86_400 <= item["period_seconds"] < 30 * 86_400 + 900 for item in items)
    assert {item["time_availability"] for item in items} == {None}


@pytest.mark.parametrize(
    ("query", "headers"), [({"format": "csv"}, {}), ({}, {"accept": "text/csv, application/json;q=0.5"})]
)
async def test_a_spreadsheet_gets_csv_without_formulas(
    client: httpx.AsyncClient, query: dict[str, str], headers: dict[str, str]
) -> None:
    answer = await client.get("/availability", params=ASKED | query, headers=headers)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "availability.csv" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    document = (await client.get("/availability", params=ASKED)).json()["items"]
    assert [row["region"] for row in rows] == ["'=cmd|' /C calc'!A0", "South"]
    assert list(rows[0]) == list(document[0])
    assert float(rows[1]["time_availability"]) == document[1]["time_availability"]


async def test_json_is_the_rule(client: httpx.AsyncClient) -> None:
    for accept in ("*/*", "application/json", "application/json, text/csv"):
        answer = await client.get("/availability", params=ASKED, headers={"accept": accept})
        assert answer.headers["content-type"] == "application/json"
    answer = await client.get("/availability", params={**ASKED, "format": "json"}, headers={"accept": "text/csv"})
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("accept", "wanted"), [("text/csv", True), ("TEXT/CSV;header=present", True), ("", False), ("text/html", False)]
)
def test_an_accept_header_may_ask_for_csv(accept: str, wanted: bool) -> None:
    assert prefers_csv(accept) is wanted


async def test_a_year_of_days_of_too_many_turbines_is_refused(tmp_path: Path) -> None:
    leave(tmp_path, [turbine(number) for number in range(1, 61)], [])
    async with asking(site_app(tmp_path), base_url="http://localhost/api/v1") as client:
        times = {"since": format_time(LONG_AGO), "until": format_time(LONG_AGO + 400 * DAY)}
        answer = await client.get("/availability", params={**times, "per": "day"})
    assert (answer.status_code, answer.json()["detail"]) == (
        422,
        "that is 24,000 lines, and 20,000 are the most: ask for less",
    )


@pytest.mark.parametrize("wrong", [{"by": "country"}, {"per": "week"}, {"format": "xml"}, {"turbine": "0"}])
async def test_what_is_no_choice_is_refused(client: httpx.AsyncClient, wrong: dict[str, str]) -> None:
    assert (await client.get("/availability", params=wrong)).status_code == 422
