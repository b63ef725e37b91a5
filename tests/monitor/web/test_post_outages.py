"""Outage reports over HTTP, on a real monitor behind its real door."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
from desk import Desk, reading, until

from grid.connection import PlainMessage
from grid.times import SECOND, format_time
from monitor.store.ledger import Ledger

JSON = {"content-type": "application/json"}
LINES = {"content-type": "application/x-ndjson"}
NOON = 1_704_110_400
"""2024-01-01T12:00:00Z: by any clock it is over."""
PLACE = "/api/v1/outages"


def report(minute: float, **fields: Any) -> dict[str, Any]:
    at = format_time(round((NOON + minute * 60) * SECOND))
    return {"controller_id": "plant", "outage_type": "pump", "timestamp": at} | fields


async def post(client: httpx.AsyncClient, content: object) -> httpx.Response:
    return await client.post(PLACE, content=json.dumps(content), headers=JSON)


async def events(client: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.get("/api/v1/events", params=query)).json()["items"]
    return found


async def test_the_examples_of_the_twelve_minute_rule(desk: Desk, client: httpx.AsyncClient) -> None:
    async with desk.open_to_others():
        for minute in (-120, -110, -100):
            answer = await post(client, report(minute))
            assert (answer.status_code, answer.json()["taken"]) == (201, 1)
        assert len(await events(client)) == 1
        await post(client, report(-80))
        later, earlier = await events(client)
        await post(client, report(-90))
        (joined,) = await events(client)
    assert joined["outage_id"] == earlier["outage_id"] != later["outage_id"]
    assert (joined["started_at"], joined["ended_at"]) == (earlier["started_at"], later["ended_at"])
    assert (joined["subject"], joined["lasted_seconds"], joined["down_seconds"]) == ("plant", 2400, 2400)


async def test_the_good_ones_of_a_list_are_taken_though_others_are_bad(desk: Desk, client: httpx.AsyncClient) -> None:
    async with desk.open_to_others():
        answer = await post(client, [report(-30), report(-10, outage_type="Pump!"), 7, report(-20)])
        (outage,) = await events(client)
    assert answer.status_code == 200
    told = answer.json()
    assert (told["received"], told["taken"], told["refused"]) == (4, 2, 2)
    assert [(refusal["place"], refusal["reason"]) for refusal in told["refusals"]] == [(2, "invalid"), (3, "invalid")]
    assert outage["lasted_seconds"] == 600


async def test_what_is_no_report_is_refused_with_its_reason(desk: Desk, client: httpx.AsyncClient) -> None:
    async with desk.open_to_others():
        for content, reason in [("{", "not_json"), ("[{", "not_json"), ("{}", "invalid"), ('[{"x":1}]', "invalid")]:
            answer = await client.post(PLACE, content=content, headers=JSON)
            assert (answer.status_code, answer.json()["reason"]) == (422, reason)
        answer = await post(client, report(60 * 24 * 365 * 20))
        assert (answer.status_code, answer.json()["reason"]) == (422, "future")
    answer = await client.post(PLACE, content="a=b", headers={"content-type": "text/plain"})
    assert answer.status_code == 415


async def pieces(lines: list[bytes], size: int) -> AsyncIterator[bytes]:
    text = b"\n".join(lines)
    for begin in range(0, len(text), size):
        yield text[begin : begin + size]


async def test_a_body_that_two_readers_may_read_differently_is_refused(desk: Desk, client: httpx.AsyncClient) -> None:
    whole = json.dumps([report(0)])
    twice = whole.replace('"plant"', '"plant", "controller_id": "turbine-1"')
    bodies = {b"": "not_json", whole.encode("utf-16-le"): "not_json", twice.encode(): "duplicate_key"}
    async with desk.open_to_others():
        for body, reason in bodies.items():
            answer = await client.post(PLACE, content=body, headers=JSON)
            assert (answer.status_code, answer.json().get("reason")) == (422, reason)
        assert await events(client) == []


async def test_a_stream_of_lines_is_taken_in_pieces(desk: Desk, client: httpx.AsyncClient) -> None:
    good = [json.dumps(report(-5 * minute)).encode() for minute in range(1300)]
    lines = [*good[:600], b"", b"no report", b"x" * 10_000, *good[600:]]
    assert sum(map(len, lines)) > 64 * 1024
    async with desk.open_to_others():
        answer = await client.post(PLACE, content=pieces(lines, 1777), headers=LINES)
        (outage,) = await events(client)
    assert answer.status_code == 200
    told = answer.json()
    assert (told["received"], told["taken"], told["refused"]) == (1302, 1300, 2)
    assert [(refusal["place"], refusal["reason"]) for refusal in told["refusals"]] == [
        (602, "not_json"),
        (603, "too_large"),
    ]
    assert outage["lasted_seconds"] == 1299 * 300


async def test_a_stream_may_end_with_a_newline_or_be_empty(desk: Desk, client: httpx.AsyncClient) -> None:
    async with desk.open_to_others():
        line = json.dumps(report(-1)) + "\r\n"
        assert (await client.post(PLACE, content=line, headers=LINES)).json()["taken"] == 1
        assert (await client.post(PLACE, content="", headers=LINES)).json()["received"] == 0


async def test_without_a_monitor_reports_are_to_be_sent_later(client: httpx.AsyncClient) -> None:
    answer = await post(client, report(0))
    assert (answer.status_code, answer.json()["title"]) == (503, "No monitor")


async def test_while_nothing_can_be_stored_reports_are_to_be_sent_later(
    desk: Desk, client: httpx.AsyncClient, monkeypatch: Any
) -> None:
    monkeypatch.setattr("monitor.web.api.post_outages.PAUSE_SECONDS", 0.0)
    async with desk.open_to_others():
        await until(lambda: desk.monitor.health.connected)
        desk.monitor.health.store_error = "the disk is full"
        answer = await post(client, report(0))
        desk.monitor.health.store_error = None
    assert (answer.status_code, answer.json()["title"], answer.json()["taken"]) == (503, "Not stored", 0)


async def test_reports_of_a_controller_too_many_are_refused_for_good(tmp_path: Path, client: httpx.AsyncClient) -> None:
    path = tmp_path / "grid.db"
    many = [report(0, controller_id=f"plant-{number}") for number in range(3)]
    with Ledger.open(path) as ledger:
        async with Desk(ledger, path, max_turbines=1).open_to_others():
            answer = await post(client, many)
    told = answer.json()
    assert (answer.status_code, told["reason"], told["taken"]) == (422, "too_many", 0)
    assert told["detail"].endswith("is one controller too many: --max-turbines allows 2")


async def test_a_turbine_that_breaks_and_recovers_is_an_outage(desk: Desk, client: httpx.AsyncClient) -> None:
    async with desk.open_to_others():
        desk.intake.bring(reading("broken", number=1))
        await until(lambda: desk.intake.acknowledged)
        (outage,) = await events(client)
        assert (outage["outage_type"], outage["ongoing"], outage["category"]) == ("broken", True, "forced_outage")
        desk.intake.bring(reading(number=31))
        await until(lambda: len(desk.intake.acknowledged) == 2)
        (ended,) = await events(client, turbine=7)
    assert (ended["outage_id"], ended["ongoing"], ended["down_seconds"]) == (outage["outage_id"], False, 30)
    told = [topic for topic in desk.outlet.topics if topic == "grid/turbines/7/events"]
    assert len(told) > 2


async def test_reports_come_over_mqtt_too(desk: Desk, client: httpx.AsyncClient) -> None:
    topic = "grid/controllers/plant/outages"
    payload = json.dumps([report(0), report(10, ended_at=report(20)["timestamp"])]).encode()
    async with desk.open_to_others():
        desk.intake.bring(PlainMessage(topic, payload, qos=1, retain=False, packet_id=9))
        await until(lambda: desk.intake.acknowledged)
        (outage,) = await events(client)
        await until(lambda: "grid/controllers/plant/events" in desk.outlet.topics)
    assert (outage["controller_id"], outage["down_seconds"], outage["lost_energy_unknown"]) == (
        "plant",
        1200,
        "no_turbine",
    )
    assert desk.monitor.health.balance.missing == 0
