"""What the tests of the connection share: a loop that must end clean, and a broker's address."""

import asyncio
import gc
from collections.abc import AsyncIterator
from typing import Any

import pytest

from grid.broker import Broker
from monitor.demo_broker import LocalMosquitto


@pytest.fixture
def address(broker: LocalMosquitto) -> Broker:
    """A running Mosquitto, as the connection wants to know it."""
    return Broker(host=broker.host, port=broker.port)


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
