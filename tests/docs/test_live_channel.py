"""The page on the live channel: its messages are messages, and its tables name every word."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

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
