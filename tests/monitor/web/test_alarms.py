"""Alarms over HTTP, on a real monitor behind its real door."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from desk import NOON, Desk
from lost_broker import lose_the_broker

from grid.times import SECOND, format_time


@pytest.fixture(autouse=True)
def a_quick_look_at_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.monitor.TICK_SECONDS", 0.001)


@pytest.fixture
async def farm(desk: Desk) -> AsyncIterator[Desk]:
    """A running monitor that has lost its broker."""
    async with desk.open_to_others():
        await lose_the_broker(desk)
        yield desk


async def order(client: httpx.AsyncClient, kind: str, **fields: Any) -> httpx.Response:
    return await client.post("/api/v1/alarms/orders", json={"kind": kind, "by": "Ann"} | fields)


async def test_an_alarm_tells_what_to_do_and_where_to_look(farm: Desk, client: httpx.AsyncClient) -> None:
    listed = (await client.get("/api/v1/alarms")).json()
    (alarm,) = listed["items"]
    assert listed["next_cursor"] is None
    assert (alarm["rule"], alarm["severity"], alarm["state"]) == ("broker_lost", "critical", "unacknowledged")
    assert alarm["raised_at"] == format_time(round(NOON * SECOND))
    assert "broker" in alarm["guidance"]
    assert alarm["page"] == "/about"
    assert (await client.get(f"/api/v1/alarms/{alarm['alarm_id']}")).json() == alarm


async def test_alarms_are_found_by_how_they_stand(farm: Desk, client: httpx.AsyncClient) -> None:
    questions: list[tuple[dict[str, str | int], int]] = [
        ({"state": "unacknowledged"}, 1),
        ({"state": "normal"}, 0),
        ({"severity": "critical"}, 1),
        ({"severity": "low"}, 0),
        ({"turbine": 7}, 0),
        ({"rule": "broker_lost"}, 1),
    ]
    for query, count in questions:
        listed = (await client.get("/api/v1/alarms", params=query)).json()
        assert len(listed["items"]) == count, query
    assert (await client.get("/api/v1/alarms", params={"serverity": "low"})).status_code == 422


async def test_an_acknowledgement_is_on_the_disk_when_it_is_answered(farm: Desk, client: httpx.AsyncClient) -> None:
    answer = await order(client, "acknowledge", alarm_ids=[1], comment="the switch is being changed")
    assert (answer.status_code, answer.json()) == (
        200,
        {"accepted": True, "sentence": "1 alarm is acknowledged", "changed": 1},
    )
    alarm = (await client.get("/api/v1/alarms/1")).json()
    assert (alarm["state"], alarm["acknowledged_by"]) == ("acknowledged", "Ann")
    journal = (await client.get("/api/v1/alarms/1/journal")).json()["items"]
    assert [(entry["turn"], entry["by"], entry["comment"]) for entry in journal] == [
        ("acknowledged", "Ann", "the switch is being changed"),
        ("raised", None, None),
    ]
    again = await order(client, "acknowledge", alarm_ids=[1])
    assert (again.status_code, again.json()["changed"]) == (200, 0)


async def test_all_that_wait_are_acknowledged_at_once(farm: Desk, client: httpx.AsyncClient) -> None:
    assert (await order(client, "acknowledge", all=True)).json()["changed"] == 1
    assert farm.monitor.alarm_counts.unacknowledged == 0


async def test_the_summary_counts_what_waits(farm: Desk, client: httpx.AsyncClient) -> None:
    summary = (await client.get("/api/v1/alarms/summary")).json()
    assert (summary["unacknowledged"], summary["active"], summary["highest"]) == (1, 1, "critical")
    assert (summary["flood"], summary["chattering"]) == (None, [])


async def test_a_shelved_alarm_is_listed_and_does_not_wait(farm: Desk, client: httpx.AsyncClient) -> None:
    until = format_time(round((NOON + 3600) * SECOND))
    assert (await order(client, "shelve", alarm_ids=[1], until=until)).status_code == 200
    (alarm,) = (await client.get("/api/v1/alarms")).json()["items"]
    assert (alarm["shelved_until"], alarm["shelved_by"]) == (until, "Ann")
    assert (await client.get("/api/v1/alarms/summary")).json()["unacknowledged"] == 0
    assert (await order(client, "unshelve", alarm_ids=[1])).json()["changed"] == 1


async def test_what_can_not_be_done_is_told_why(farm: Desk, client: httpx.AsyncClient) -> None:
    unknown = await order(client, "acknowledge", alarm_ids=[1, 99])
    assert (unknown.status_code, unknown.json()["detail"]) == (404, "there is no alarm 99")
    endless = await order(client, "shelve", alarm_ids=[1])
    assert (endless.status_code, endless.json()["title"]) == (409, "Not possible now")
    assert (await client.get("/api/v1/alarms/99")).status_code == 404
    assert (await client.get("/api/v1/alarms/99/journal")).status_code == 404


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"alarm_ids": [1], "all": True},
        {"alarm_ids": [0]},
        {"alarm_ids": [True]},
        {"alarm_ids": ["1"]},
        {"alarm_ids": [1], "by": " "},
        {"alarm_ids": [1], "comment": "a\x1b[2J"},
        {"alarm_ids": [1], "why": "so"},
        {"kind": "shelve", "all": True},
        {"kind": "delete", "alarm_ids": [1]},
    ],
)
async def test_an_order_that_makes_no_sense_is_refused(
    farm: Desk, client: httpx.AsyncClient, fields: dict[str, Any]
) -> None:
    body = {"kind": "acknowledge", "by": "Ann"} | fields
    assert (await client.post("/api/v1/alarms/orders", json=body)).status_code == 422


async def test_without_a_monitor_nothing_is_done(client: httpx.AsyncClient) -> None:
    assert (await order(client, "acknowledge", all=True)).status_code == 503
