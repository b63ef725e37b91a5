"""The page on the live channel: its messages are messages, and its tables name every word."""

import asyncio
import json
import os
import re
import sys
from asyncio.subprocess import PIPE, create_subprocess_exec
from pathlib import Path
from typing import Any

import pytest
from sites import played, row, served

from monitor.console.standing import Standing
from monitor.live.documents import READING_COLUMNS, ROW_KEYS, farm_document, read_view
from monitor.live.mirror import Mirror

PAGE = (Path(__file__).parents[2] / "docs" / "live-channel.md").read_text(encoding="utf-8")


@pytest.fixture
def messages() -> list[dict[str, Any]]:
    return [json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]


def test_the_messages_of_the_page_keep_a_mirror_up(messages: list[dict[str, Any]]) -> None:
    mirror = Mirror()
    for message in messages:
        mirror.apply(message)
    assert [message["kind"] for message in messages] == ["snapshot", "delta"]
    row = mirror.turbines[5]
    assert (row["wind_speed"], row["received_at"]) == (4.595, "2026-11-21T10:37:40.100000Z")
    assert read_view(mirror.snapshot()).waiting == (5,)


def test_the_messages_of_the_page_have_the_keys_of_real_ones(messages: list[dict[str, Any]]) -> None:
    snapshot, delta = messages
    assert set(snapshot["turbines"][0]) <= set(ROW_KEYS)
    assert tuple(delta["readings"]) == READING_COLUMNS
    for message in messages:
        view = read_view({**snapshot, "farm": message["farm"]})
        farm = farm_document(view.totals, view.engineers, view.waiting, view.troubles, view.balance, None)
        assert message["farm"].keys() == farm.keys()
        assert message["farm"]["totals"].keys() == farm["totals"].keys()


@pytest.mark.parametrize("word", [*Standing, *ROW_KEYS, "reading_age_seconds"])
def test_every_word_is_on_the_page(word: str) -> None:
    assert f"`{word}`" in PAGE or f'"{word}"' in PAGE


async def test_the_program_of_the_page_follows_the_farm(tmp_path: Path) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    async with played(tmp_path) as (monitor, _, address):
        mine = program.replace("127.0.0.1:8787", address)
        assert mine != program
        quick = os.environ | {"WEBSOCKETS_BACKOFF_INITIAL_DELAY": "0.1"}
        running = await create_subprocess_exec(sys.executable, "-c", mine, stdout=PIPE, env=quick)
        first = await heard(running.stdout)
        monitor.tell("delta", row(9) | {"standing": "waiting"})
        second = await heard(running.stdout)
    async with served(tmp_path, port=int(address.rpartition(":")[2])):
        third = await heard(running.stdout)
        running.kill()
        await running.wait()
    assert first.endswith(" {}")
    assert second.endswith(" {9: 'waiting'}")
    assert third.endswith(" {}")


async def test_the_command_of_the_page_follows_the_farm(tmp_path: Path) -> None:
    curl = re.findall(r"```\n(curl .*?)\n```", PAGE)[0].split()
    async with played(tmp_path) as (_, _, address):
        url = curl.pop().replace("127.0.0.1:8787", address)
        running = await create_subprocess_exec(*curl, "--silent", url, stdout=PIPE)
        lines = [await heard(running.stdout) for _ in range(4)]
        running.kill()
        await running.wait()
    assert lines[0] == "retry: 2000"
    assert lines[3].startswith('data: {"stream":"')


async def heard(lines: asyncio.StreamReader | None) -> str:
    assert lines is not None
    return (await asyncio.wait_for(lines.readline(), 20)).decode().rstrip("\n")
