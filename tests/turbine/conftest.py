"""What the tests of turbines on MQTT share: somebody who hears everything, and turbines in a process."""

import asyncio
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from surroundings import environment

from grid.connection import Broker, Connection, Message, connect_once
from grid.topics import EVERYTHING, Kind
from monitor.demo_broker import LocalMosquitto


@dataclass
class Listener:
    """Everything that was published, in order of arrival."""

    connection: Connection
    messages: list[Message] = field(default_factory=list)

    def on(self, kind: Kind, turbine_number: int) -> list[Message]:
        """The messages on one topic."""
        return [message for message in self.messages if message.topic == kind.of(turbine_number)]

    def said(self, kind: Kind, turbine_number: int) -> list[dict[str, Any]]:
        """The payloads on one topic, as JSON."""
        return [json.loads(message.payload) for message in self.on(kind, turbine_number)]

    async def until(self, condition: Callable[[], object], seconds: float = 20.0) -> None:
        """Wait for what must come."""
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.sleep(0.01)

    async def order(self, turbine_number: int, payload: bytes = b"") -> None:
        """Send an order to repair."""
        await self.connection.publish(Kind.REPAIR.of(turbine_number), payload)


@contextlib.asynccontextmanager
async def hear_everything(broker: Broker) -> AsyncIterator[Listener]:
    """Subscribe to all that turbines and monitor say; what is retained comes first."""
    heard: list[Message] = []
    async with connect_once(broker, client_id="listener", deliver=heard.append) as connection:
        await connection.subscribe(EVERYTHING)
        yield Listener(connection, heard)


@pytest.fixture
def mqtt(broker: LocalMosquitto) -> Broker:
    """The broker's address, for connections."""
    return Broker(broker.host, broker.port)


@pytest.fixture
async def listener(mqtt: Broker) -> AsyncIterator[Listener]:
    """Somebody who hears everything from now on, and what is retained."""
    async with hear_everything(mqtt) as hearing:
        yield hearing


class Turbines:
    """The program grid-turbines in processes of its own, which end with the test."""

    def __init__(self, broker: LocalMosquitto, folder: Path) -> None:
        self._broker = broker
        self._folder = folder
        self.processes: list[subprocess.Popen[str]] = []

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the program on the test's broker; its standard error goes into a file, see `said`."""
        program = [sys.executable, "-c", "from turbine.cli import main; main()"]
        address = ["--broker-host", self._broker.host, "--broker-port", str(self._broker.port)]
        with (self._folder / f"said-{len(self.processes)}").open("w") as said:
            process = subprocess.Popen(
                [*program, *address, *arguments], stdout=said, stderr=said, text=True, env=environment()
            )
        self.processes.append(process)
        return process

    def said(self) -> str:
        """What the processes wrote, one after the other."""
        return "".join(
            (self._folder / f"said-{number}").read_text(encoding="utf-8") for number in range(len(self.processes))
        )

    def end(self) -> None:
        """End what still runs."""
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()


@pytest.fixture
def turbines(broker: LocalMosquitto) -> Iterator[Turbines]:
    """Starts grid-turbines."""
    with tempfile.TemporaryDirectory() as folder:
        made = Turbines(broker, Path(folder))
        try:
            yield made
        finally:
            made.end()


async def ended(process: subprocess.Popen[str], seconds: float = 20.0) -> int:
    """Wait for a process to end by itself; its exit code."""
    deadline = time.monotonic() + seconds
    while (code := process.poll()) is None and time.monotonic() < deadline:
        await asyncio.sleep(0.02)
    assert code is not None, "the process did not end"
    return code
