"""What other processes hear at the door of a monitor."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from desk import Desk, reading, until

from monitor.control import NoMonitorError, follow, inquire, posts_request
from monitor.telemetry.measurements import COUNTERS, GAUGES, HISTOGRAMS, LABELLED


async def asked(desk: Desk, **request: Any) -> dict[str, Any]:
    return await inquire(desk.path.parent, request)


async def test_what_is_measured_has_every_name_from_the_start(desk: Desk) -> None:
    async with desk.open_to_others():
        told = (await asked(desk, ask="metrics"))["metrics"]
    assert (set(told["counters"]), set(told["gauges"])) == (set(COUNTERS), set(GAUGES))
    assert (set(told["histograms"]), set(told["by_label"])) == (set(HISTOGRAMS), set(LABELLED))
    for histogram in told["histograms"].values():
        assert len(histogram["counts"]) == len(histogram["bounds"]) + 1


async def test_a_reading_and_a_dead_letter_are_measured(desk: Desk) -> None:
    async with desk.open_to_others():
        posted = await inquire(desk.path.parent, posts_request([reading("broken", number=1).payload, b"{"]))
        assert [answer["outcome"] for answer in posted["posts"]] == ["stored", "refused"]
        told = (await asked(desk, ask="metrics"))["metrics"]
        counters, gauges = told["counters"], told["gauges"]
        assert (counters["grid_readings_received_total"], counters["grid_readings_posted_total"]) == (2, 2)
        assert (counters["grid_readings_stored_total"], counters["grid_readings_duplicate_total"]) == (1, 0)
        assert told["by_label"]["grid_readings_rejected_total"] == {"label": "reason", "values": {"not_json": 1}}
        assert (gauges["grid_turbines"], gauges["grid_incidents_open"], gauges["grid_unbalanced_readings"]) == (1, 1, 0)
        assert gauges["grid_last_reading_timestamp_seconds"] > 0
        assert (counters["grid_engineers_sent_total"], gauges["grid_engineers_free"]) == (1, 0)
        for name in ("grid_batch_readings", "grid_reading_age_seconds", "grid_visit_dispatch_seconds"):
            assert sum(told["histograms"][name]["counts"]) == 1, name
        assert sum(told["histograms"]["grid_commit_seconds"]["counts"]) == counters["grid_batches_total"] > 0


async def test_health_says_how_the_monitor_is(desk: Desk) -> None:
    async with desk.open_to_others():
        await until(lambda: desk.monitor.health.connected)
        await inquire(desk.path.parent, posts_request([reading(number=1).payload]))
        health = (await asked(desk, ask="health"))["health"]
    assert (health["connected"], health["store_error"], health["text_files_behind"]) == (True, None, False)
    assert (health["queued_messages"], health["followers"]) == (0, 0)
    assert health["last_reading_at"] == health["last_commit_at"] == "2026-11-21T12:00:00.000000Z"
    assert health["balance"]["stored"] == 1


async def test_followers_are_counted_until_they_leave(desk: Desk) -> None:
    async def followers() -> int:
        count: int = (await asked(desk, ask="health"))["health"]["followers"]
        return count

    async with desk.open_to_others():
        async for line in follow(desk.path.parent):
            assert json.loads(line)["kind"] == "snapshot"
            assert await followers() == 1
            break
        async with asyncio.timeout(10):
            while await followers():
                await asyncio.sleep(0.01)


async def test_nobody_answers_where_no_monitor_runs(tmp_path: Path) -> None:
    with pytest.raises(NoMonitorError, match="no monitor runs on"):
        await inquire(tmp_path, {"ask": "health"})


async def test_a_monitor_that_hangs_is_told_in_time(desk: Desk) -> None:
    async with desk.open_to_others():
        await until(lambda: desk.monitor.health.connected)
        with desk.locked():
            posts = posts_request([reading(number=1).payload])
            with pytest.raises(NoMonitorError, match="does not answer; what reached it may still be carried out"):
                await inquire(desk.path.parent, posts, within_seconds=0.05)
        await until(lambda: desk.numbers_of_readings() == [1.0])
