"""Readings over HTTP, on a real monitor behind its real door."""

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest
from desk import Desk, reading, until
from guests import Guests, bearer
from sites import asking, site_app

from grid.metrics import MAX_METRICS_BYTES
from monitor.access.roles import Scope
from monitor.control import NoMonitorError
from monitor.web.post_line import MOST_BYTES_AT_ONCE, MOST_WAITING, PostLine, PostLineFullError

JSON = {"content-type": "application/json"}


def body(number: int = 1, **fields: Any) -> bytes:
    return json.dumps(json.loads(reading(number=number).payload) | fields).encode()


async def post(client: httpx.AsyncClient, content: bytes, **headers: str) -> httpx.Response:
    return await client.post("/post_metrics", content=content, headers=JSON | headers)


async def test_a_reading_is_stored_and_its_repeat_is_a_duplicate(desk: Desk, client: httpx.AsyncClient) -> None:
    async with desk.open_to_others():
        stored, repeated = await post(client, body()), await post(client, body())
    told = {"outcome": "stored", "turbine_number": 7, "emitted_at": "2026-11-21T12:00:01.000000Z"}
    assert (stored.status_code, stored.json()) == (201, told)
    assert (repeated.status_code, repeated.json()) == (200, told | {"outcome": "duplicate"})
    assert desk.numbers_of_readings() == [1.0]


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"{", "not_json"), (body(wind_speed=-1), "invalid"), (b"\xff\0\x80", "not_json"), (b'{"a":1,"a":2}', "invalid")],
)
async def test_what_is_no_reading_is_kept_and_told_with_its_reason(
    desk: Desk, client: httpx.AsyncClient, content: bytes, reason: str
) -> None:
    async with desk.open_to_others():
        answer = await post(client, content)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert (answer.json()["type"], answer.json()["reason"]) == ("urn:grid:problem:reading-refused", reason)
    with desk.reader as reader:
        (letter,) = reader.dead_letters()
    assert (letter.topic, letter.payload, letter.reason) == ("http:/post_metrics", content, reason)


async def test_a_body_that_is_too_large_or_no_json_is_not_even_read(client: httpx.AsyncClient) -> None:
    assert (await post(client, b" " * (MAX_METRICS_BYTES + 1))).status_code == 413
    assert (await post(client, b"a=b", **{"content-type": "application/x-www-form-urlencoded"})).status_code == 415
    assert (await client.post("/post_metrics", content=body())).status_code == 415
    assert (await post(client, b"\x1f\x8b", **{"content-encoding": "gzip"})).status_code == 415


async def test_without_a_monitor_a_reading_is_to_be_sent_later(client: httpx.AsyncClient) -> None:
    answer = await post(client, body())
    assert (answer.status_code, answer.json()["title"]) == (503, "No monitor")
    assert int(answer.headers["retry-after"]) > 0


async def test_while_nothing_can_be_stored_a_reading_is_to_be_sent_later(desk: Desk, client: httpx.AsyncClient) -> None:
    async with desk.open_to_others():
        await until(lambda: desk.monitor.health.connected)
        with desk.locked():
            waiting = asyncio.create_task(desk.monitor.post([body(1)]))
            await until(lambda: desk.monitor.health.store_error)
            answer = await post(client, body(2))
        await waiting
    assert (answer.status_code, answer.json()["title"]) == (503, "Not stored")
    assert "locked" in answer.json()["detail"]


async def test_many_at_once_are_all_answered_and_stored_once_each(desk: Desk, client: httpx.AsyncClient) -> None:
    async with desk.open_to_others():
        answers = await asyncio.gather(*(post(client, body(number)) for number in [*range(1, 61), *range(1, 61)]))
        batches = desk.monitor.measurements.counters["grid_batches_total"]
    assert Counter(answer.status_code for answer in answers) == {201: 60, 200: 60}
    assert len(desk.numbers_of_readings()) == 60
    assert batches < 60


async def test_only_who_may_bring_readings_brings_them(tmp_path: Path) -> None:
    guests = Guests(tmp_path)
    async with asking(site_app(tmp_path, **guests.settings)) as client:
        brought: dict[str, str]
        for brought, status in (
            ({}, 401),
            (bearer(guests.token(Scope.READ)), 403),
            (bearer(guests.token(Scope.READINGS)), 503),  # no monitor runs
        ):
            assert (await post(client, body(), **brought)).status_code == status


async def test_a_line_that_is_full_sends_away_and_one_question_carries_many() -> None:
    asked: list[int] = []
    open_door = asyncio.Event()

    async def ask(request: dict[str, Any]) -> dict[str, Any]:
        await open_door.wait()
        asked.append(len(request["posts"]))
        return {"posts": [{"outcome": body} for body in request["posts"]]}

    line = PostLine(ask)
    first = asyncio.create_task(line.bring(b"first"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    rest = [asyncio.create_task(line.bring(b"%d" % number)) for number in range(MOST_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(PostLineFullError):
        await line.bring(b"late")
    rest[5].cancel()  # whoever asked is gone
    open_door.set()
    assert (await first)["outcome"] == "first"
    answers = await asyncio.gather(*rest, return_exceptions=True)
    assert [answer["outcome"] for answer in answers[6:] if isinstance(answer, dict)] == [
        f"{number}" for number in range(6, MOST_WAITING)
    ]
    assert asked == [1, MOST_WAITING]


async def test_no_question_is_longer_than_the_door_takes() -> None:
    asked: list[int] = []

    async def ask(request: dict[str, Any]) -> dict[str, Any]:
        asked.append(sum(map(len, request["posts"])))
        return {"posts": [{} for _ in request["posts"]]}

    line = PostLine(ask)
    await asyncio.gather(*(line.bring(b"x" * MAX_METRICS_BYTES) for _ in range(40)))
    assert max(asked) <= MOST_BYTES_AT_ONCE
    assert sum(asked) == 40 * MAX_METRICS_BYTES


async def test_all_who_wait_hear_that_the_monitor_is_gone_as_soon_as_the_first() -> None:
    asked: list[int] = []

    async def ask(request: dict[str, Any]) -> dict[str, Any]:
        asked.append(len(request["posts"]))
        await asyncio.sleep(0)
        raise NoMonitorError("the monitor does not answer")

    line = PostLine(ask)
    bodies = [b"x" * MAX_METRICS_BYTES] * 40  # of several questions
    answers = await asyncio.gather(*(line.bring(body) for body in bodies), return_exceptions=True)
    assert all(isinstance(answer, NoMonitorError) for answer in answers)
    assert len(asked) == 1


@pytest.mark.parametrize("answer", [{}, {"posts": None}, {"posts": [{}, {}]}, {"accepted": False}])
async def test_who_waits_is_not_forgotten_where_the_answer_is_none(answer: dict[str, Any]) -> None:
    async def ask(request: dict[str, Any]) -> dict[str, Any]:
        return answer

    line = PostLine(ask)
    for _ in range(2):
        with pytest.raises(NoMonitorError, match="version"):
            await asyncio.wait_for(line.bring(b""), 5)
