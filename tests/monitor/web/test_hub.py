import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from monitor.web.hub import History, Hub, Place, Told
from monitor.web.problems import Problem

LONG = 1000


class Farm:
    """A farm of `length` letters, and a hub that tells of it."""

    def __init__(self, length: int = LONG, **bounds: int) -> None:
        self.length = length
        self.written = 0
        self.hub = Hub(self.snapshot, **bounds)

    def snapshot(self) -> dict[str, Any]:
        self.written += 1
        return {"kind": "snapshot", "turbines": "x" * self.length}

    def tell(self, *deltas: str) -> None:
        for delta in deltas:
            self.hub.tell(json.dumps({"kind": "delta", "delta": delta}))


def place(hub: Hub, number: int) -> Place:
    return Place(hub.stream, number)


async def take(told: AsyncIterator[Told], count: int) -> list[dict[str, Any]]:
    """The next messages; they must be there already."""
    return [json.loads((await asyncio.wait_for(anext(told), 1)).text) for _ in range(count)]


def kinds(messages: list[dict[str, Any]]) -> list[tuple[int, str]]:
    return [(message["number"], message.get("delta", message["kind"])) for message in messages]


def test_messages_are_numbered_from_one_at_their_front() -> None:
    history = History("abc")
    history.add('{"kind":"delta"}')
    assert history.after(0) == [Told(1, '{"stream":"abc","number":1,"kind":"delta"}')]


def test_what_was_missed_is_told_as_long_as_it_is_kept() -> None:
    history = History("abc", most=3)
    for number in range(1, 6):
        history.add(f'{{"n":{number}}}')
    missed = [None if found is None else [told.number for told in found] for found in map(history.after, range(8))]
    assert missed == [None, None, [3, 4, 5], [4, 5], [5], [], None, None]


def test_what_is_kept_is_bounded_in_bytes_too() -> None:
    history = History("abc", most_bytes=5000)
    for _ in range(20):
        history.add('{"a":"' + "x" * 990 + '"}')
    assert history.after(16) is not None
    assert history.after(15) is None


def test_a_message_that_is_too_long_to_be_kept_is_forgotten() -> None:
    history = History("abc", most_bytes=100)
    history.add('{"a":"' + "x" * 990 + '"}')
    assert (history.after(0), history.after(1)) == (None, [])


async def test_who_comes_gets_the_whole_farm_and_then_what_changes() -> None:
    farm = Farm()
    farm.tell("a", "b")
    follower = farm.hub.follow()
    first = await take(follower, 1)
    farm.tell("c")
    assert kinds(first + await take(follower, 1)) == [(2, "snapshot"), (3, "c")]


async def test_before_the_first_message_nothing_is_told() -> None:
    farm = Farm()
    waiting = asyncio.create_task(take(farm.hub.follow(), 1))
    await asyncio.sleep(0)
    assert not waiting.done()
    farm.tell("a")
    assert kinds(await waiting) == [(1, "snapshot")]


async def test_who_comes_back_gets_what_was_missed() -> None:
    farm = Farm()
    farm.tell("a", "b", "c")
    assert kinds(await take(farm.hub.follow(place(farm.hub, 1)), 2)) == [(2, "b"), (3, "c")]


@pytest.mark.parametrize("number", [0, 5, 2**53])
async def test_who_was_told_what_never_was_gets_the_whole_farm(number: int) -> None:
    farm = Farm(length=10)
    farm.tell("a" * 50, "b")
    assert kinds(await take(farm.hub.follow(place(farm.hub, number)), 1)) == [(2, "snapshot")]


async def test_the_place_in_another_stream_is_none() -> None:
    farm = Farm()
    farm.tell("a", "b")
    assert kinds(await take(farm.hub.follow(Place("another", 1)), 1)) == [(2, "snapshot")]


async def test_who_is_slow_gets_the_whole_farm_instead_of_more_than_that() -> None:
    farm = Farm(length=200)
    farm.tell("a")
    slow = farm.hub.follow()
    await take(slow, 1)
    farm.tell(*"bcdefghijk")
    assert kinds(await take(slow, 1)) == [(11, "snapshot")]
    farm.tell("l")
    assert kinds(await take(slow, 1)) == [(12, "l")]


async def test_who_is_a_little_late_gets_each_message() -> None:
    farm = Farm()
    farm.tell("a")
    late = farm.hub.follow()
    await take(late, 1)
    farm.tell("b", "c", "d")
    assert kinds(await take(late, 3)) == [(2, "b"), (3, "c"), (4, "d")]


async def test_the_whole_farm_is_written_once_for_all_who_come_together() -> None:
    farm = Farm()
    farm.tell("a")
    for _ in range(20):
        await take(farm.hub.follow(), 1)
    assert farm.written == 1
    farm.tell("b")
    await take(farm.hub.follow(), 1)
    assert farm.written == 2


async def test_all_get_the_very_same_text() -> None:
    farm = Farm()
    farm.tell("a")
    followers = [farm.hub.follow(place(farm.hub, 1)) for _ in range(3)]
    waiting = [asyncio.ensure_future(anext(follower)) for follower in followers]
    await asyncio.sleep(0)
    farm.tell("b")
    first, *others = await asyncio.gather(*waiting)
    assert all(other.text is first.text for other in others)


async def test_it_ends_for_all_when_it_is_closed() -> None:
    farm = Farm()
    farm.tell("a")
    follower = farm.hub.follow(place(farm.hub, 1))
    waiting = asyncio.ensure_future(anext(follower, None))
    await asyncio.sleep(0)
    farm.hub.close()
    assert await waiting is None
    with pytest.raises(Problem), farm.hub.seat():
        pass


def test_the_seats_are_bounded() -> None:
    hub = Farm(most_followers=2).hub
    with hub.seat():
        with hub.seat():
            with pytest.raises(Problem, match="At most 2") as refused, hub.seat():
                pass
            assert refused.value.status == 503
        with hub.seat():
            assert hub.followers == 2
    assert hub.followers == 0
