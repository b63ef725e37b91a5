"""What the tests of the connection share: a loop that must end clean, and a broker's address."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from surroundings import is_setting

from grid.broker import Broker
from monitor.demo_broker import LocalMosquitto


@pytest.fixture
def address(broker: LocalMosquitto) -> Broker:
    """A running Mosquitto, as the connection wants to know it."""
    return Broker(host=broker.host, port=broker.port)


@pytest.fixture
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty folder to work in, and no setting in the environment."""
    for name in filter(is_setting, os.environ):
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
async def clean_loop() -> AsyncIterator[None]:
    """No task and no complaint of asyncio (an exception that nobody saw) is left at the end of the test."""
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, complaint: complaints.append(complaint))
    before = asyncio.all_tasks()
    yield
    for _ in range(5):  # a cancelled task needs a turn of the loop to end
        await asyncio.sleep(0)
    gc.collect()
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    assert not left, left
    assert not complaints, complaints
