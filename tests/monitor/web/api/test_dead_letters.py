from collections.abc import Awaitable, Callable
from typing import Any

Get = Callable[..., Awaitable[Any]]


async def test_dead_letters_are_told_with_their_payload_as_text(get: Get) -> None:
    newest, first = (await get("/dead-letters"))["items"]
    assert first == {
        "dead_letter_id": 1,
        "received_at": "2026-11-21T12:00:00.000000Z",
        "topic": "grid/turbines/7/metrics",
        "payload": "\\xff{",
        "size": 2,
        "reason": "not_json",
        "detail": "expected a key",
    }
    assert newest["dead_letter_id"] == 2


async def test_dead_letters_are_found_by_their_reason(get: Get, refused: Get) -> None:
    assert [item["dead_letter_id"] for item in (await get("/dead-letters", reason="topic"))["items"]] == [2]
    assert (await refused("/dead-letters", reason="weather"))["status"] == 422


async def test_dead_letters_are_counted_by_reason(get: Get) -> None:
    assert (await get("/dead-letters/reasons"))["items"] == [
        {"reason": "not_json", "messages": 1},
        {"reason": "topic", "messages": 1},
    ]
