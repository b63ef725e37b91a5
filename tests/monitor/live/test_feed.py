"""Those who follow the monitor: the farm at once, then what changes, and never a backlog."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from monitor.console.known import Known
from monitor.control import Answer, control_door, follow
from monitor.facts import Health, Link, TurbineRecord
from monitor.live.feed import MOST_WAITING, FarmFeed
from monitor.live.mirror import Mirror

OFTEN = 0.005


class Farm:
    """A farm whose one turbine may get wind; counts how often anybody asks."""

    def __init__(self) -> None:
        self.asked = 0
        self.is_ready = True
        self.bug: Exception | None = None
        self.said: list[str] = []
        self.turbine = TurbineRecord(7, 0, link=Link.ONLINE, health=Health.OK, received_at=0, wind_speed=1.0)

    def known(self) -> Known | None:
        self.asked += 1
        if self.bug is not None:
            raise self.bug
        return Known(self.asked * 1_000_000, [self.turbine], [], [], [], engineers=3) if self.is_ready else None


@pytest.fixture
def farm() -> Farm:
    return Farm()


@asynccontextmanager
async def running(farm: Farm, every_seconds: float = OFTEN) -> AsyncIterator[FarmFeed]:
    feed = FarmFeed(farm.known, say=farm.said.append, every_seconds=every_seconds)
    task = asyncio.create_task(feed.run())
    try:
        yield feed
    finally:
        task.cancel()
        await asyncio.wait([task])


async def message(lines: AsyncGenerator[bytes, None]) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(await anext(lines))
    return told


async def test_a_follower_gets_a_snapshot_and_then_what_changes(farm: Farm) -> None:
    async with running(farm) as feed, aclosing(feed.follow()) as lines:
        snapshot = await message(lines)
        assert (snapshot["kind"], [row["wind_speed"] for row in snapshot["turbines"]]) == ("snapshot", [1.0])
        farm.turbine.wind_speed = 2.0
        deltas = [await message(lines) for _ in range(3)]
        assert [delta["kind"] for delta in deltas] == ["delta"] * 3
        assert [wind for delta in deltas for wind in delta["readings"]["wind_speed"]] == [2.0]


async def test_a_bug_in_telling_is_said_once_and_outlived(farm: Farm) -> None:
    async with running(farm) as feed, aclosing(feed.follow()) as lines:
        await message(lines)
        farm.bug = ZeroDivisionError("no wind")
        asked = farm.asked
        while farm.asked < asked + 3:
            await asyncio.sleep(OFTEN)
        farm.bug = None
        while (told := await message(lines))["kind"] != "snapshot":
            pass
        assert [row["turbine_number"] for row in told["turbines"]] == [7]
    (sentence,) = farm.said
    assert sentence.endswith("ZeroDivisionError: no wind")


async def test_while_nobody_follows_nothing_is_computed(farm: Farm) -> None:
    async with running(farm) as feed:
        await asyncio.sleep(5 * OFTEN)
        assert farm.asked == 0
        async with aclosing(feed.follow()) as lines:
            await message(lines)
        await asyncio.sleep(2 * OFTEN)
        asked = farm.asked
        await asyncio.sleep(5 * OFTEN)
        assert farm.asked == asked


async def test_all_followers_are_told_the_same_line(farm: Farm) -> None:
    async with running(farm) as feed, aclosing(feed.follow()) as one, aclosing(feed.follow()) as other:
        snapshots = await asyncio.gather(anext(one), anext(other))
        assert snapshots[0] is snapshots[1]
        assert await anext(one) is await anext(other)


async def test_a_newcomer_does_not_wait_for_the_next_second(farm: Farm) -> None:
    async with running(farm, every_seconds=60) as feed, aclosing(feed.follow()) as one, aclosing(feed.follow()) as two:
        assert (await message(one))["kind"] == "snapshot"
        async with asyncio.timeout(5):
            assert (await message(two))["kind"] == "snapshot"


async def test_a_slow_follower_gets_the_newest_farm_instead_of_a_backlog(farm: Farm) -> None:
    async with running(farm) as feed, aclosing(feed.follow()) as lines:
        mirror = Mirror()
        mirror.apply(await message(lines))
        asked = farm.asked
        while farm.asked < asked + 2 * MOST_WAITING:
            await asyncio.sleep(OFTEN)
        farm.turbine.wind_speed = 9.0
        newest = await message(lines)
        assert newest["kind"] == "snapshot"
        mirror.apply(newest)
        assert mirror.turbines[7]["wind_speed"] == 9.0


async def test_a_monitor_that_starts_has_nothing_to_tell_yet(farm: Farm) -> None:
    farm.is_ready = False
    async with running(farm) as feed, aclosing(feed.follow()) as lines:
        first = asyncio.create_task(message(lines))
        await asyncio.sleep(3 * OFTEN)
        assert not first.done()
        farm.is_ready = True
        assert (await first)["kind"] == "snapshot"


async def test_following_ends_with_the_monitor(farm: Farm) -> None:
    async with running(farm) as feed:
        lines = feed.follow()
        await message(lines)
    assert [line async for line in lines] == []
    assert [line async for line in feed.follow()] == []


async def nothing(request: Answer) -> Answer:
    return request


async def test_over_the_socket_a_mirror_keeps_up(farm: Farm, tmp_path: Path) -> None:
    async with running(farm) as feed, control_door(tmp_path, nothing, feed.follow):
        mirror = Mirror()
        farm.turbine.wind_speed = 3.0
        async for line in follow(tmp_path):
            mirror.apply(json.loads(line))
            if farm.turbine.wind_speed == 4.0 and mirror.turbines[7]["wind_speed"] == 4.0:
                break
            farm.turbine.wind_speed = 4.0


async def test_a_follower_at_the_end_of_the_monitor_is_no_error(
    farm: Farm, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    heard = asyncio.Event()

    async def listen() -> list[bytes]:
        lines = []
        async for line in follow(tmp_path):
            lines.append(line)
            heard.set()
        return lines

    async with running(farm) as feed, control_door(tmp_path, nothing, feed.follow):
        listening = asyncio.create_task(listen())
        await heard.wait()
    assert await listening
    assert caplog.records == []
