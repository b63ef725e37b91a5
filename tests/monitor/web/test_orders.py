"""Orders over HTTP, on a real monitor behind its real door."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from desk import Desk, reading, until

HOLD = {"kind": "hold", "by": "Ann", "why": "people on site"}


@pytest.fixture
async def farm(desk: Desk) -> AsyncIterator[Desk]:
    """A running monitor that has heard of turbine 7."""
    async with desk.open_to_others():
        await desk.monitor.post([reading(number=1).payload])
        yield desk


async def give(
    client: httpx.AsyncClient, order: dict[str, Any], *, turbine: int | str = 7, key: str | None = None
) -> httpx.Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    return await client.post(f"/api/v1/turbines/{turbine}/orders", json=order, headers=headers)


async def test_an_order_is_obeyed_and_answered_with_a_sentence(farm: Desk, client: httpx.AsyncClient) -> None:
    answer = await give(client, HOLD)
    assert (answer.status_code, answer.json()["accepted"]) == (200, True)
    assert "people on site" in answer.json()["sentence"]
    with farm.reader as reader:
        assert [(hold.by, hold.why) for hold in reader.holds()] == [("Ann", "people on site")]


async def test_what_can_not_be_done_now_is_told_why(farm: Desk, client: httpx.AsyncClient) -> None:
    await give(client, HOLD)
    again = await give(client, HOLD)
    assert (again.status_code, again.json()["title"]) == (409, "Not possible now")
    assert "held" in again.json()["detail"]


async def test_an_order_with_a_key_is_obeyed_once(farm: Desk, client: httpx.AsyncClient) -> None:
    first, again = await give(client, HOLD, key='"k-1"'), await give(client, HOLD, key='"k-1"')
    assert (again.status_code, again.json()) == (first.status_code, first.json()) == (200, first.json())
    other = await give(client, HOLD | {"kind": "release"}, key='"k-1"')
    assert (other.status_code, other.json()["title"]) == (422, "Key of another order")
    with farm.reader as reader:
        assert len(reader.events(turbine_number=7)) == 1


async def test_an_order_that_is_under_way_is_not_taken_again(farm: Desk, client: httpx.AsyncClient) -> None:
    with farm.locked():
        waiting = asyncio.create_task(give(client, HOLD, key="k-1"))
        await until(lambda: farm.monitor.health.store_error)
        again = await give(client, HOLD, key="k-1")
    assert (again.status_code, again.json()["title"]) == (409, "Under way")
    assert (await waiting).status_code == 200


async def test_a_turbine_that_nobody_knows_is_not_found(farm: Desk, client: httpx.AsyncClient) -> None:
    answer = await give(client, HOLD, turbine=99)
    assert (answer.status_code, answer.json()["title"]) == (404, "Unknown turbine")


async def test_without_a_monitor_nothing_is_ordered(client: httpx.AsyncClient) -> None:
    answer = await give(client, HOLD)
    assert (answer.status_code, answer.json()["title"]) == (503, "No monitor")
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "explode"},
        {"by": ""},
        {"by": "   "},
        {"by": "A\x1b[31m"},
        {"by": "x" * 65},
        {"why": "x" * 65},
        {"why": "\u202e"},
        {"by": 7},
        {"more": 1},
    ],
)
async def test_an_order_that_is_none_is_refused(client: httpx.AsyncClient, wrong: dict[str, Any]) -> None:
    answer = await give(client, HOLD | wrong)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


@pytest.mark.parametrize("turbine", ["0", "-1", "x", "2147483648", "1.5"])
async def test_a_number_that_no_turbine_has_is_refused(client: httpx.AsyncClient, turbine: str) -> None:
    assert (await give(client, HOLD, turbine=turbine)).status_code in (404, 422)


@pytest.mark.parametrize("key", ["", "x" * 256])
async def test_a_key_that_is_none_is_refused(client: httpx.AsyncClient, key: str) -> None:
    assert (await give(client, HOLD, key=key)).status_code == 422


async def test_an_order_may_leave_the_reason_out(farm: Desk, client: httpx.AsyncClient) -> None:
    assert (await give(client, {"kind": "repair", "by": "Ann"})).status_code == 200
