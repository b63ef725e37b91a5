"""The link to the running monitor: what only it knows, and orders for it."""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from monitor.control import NoMonitorError, ask, follow
from monitor.live.mirror import Document, Mirror

TRY_AGAIN_SECONDS = 1.0


class MonitorLink:
    """Follows the monitor of a data folder for as long as `run` runs; asks it on demand."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self.mirror = Mirror()
        self.is_there = False
        self.listeners: list[Callable[[Document, bytes], None]] = []
        """Each is called with every message of the monitor, parsed and as it came."""

    async def run(self) -> None:
        """Follow the monitor; when it is away, wait for it."""
        while True:
            with suppress(NoMonitorError):
                async for line in follow(self._data_dir):
                    message = json.loads(line)
                    self.mirror.apply(message)
                    self.is_there = True
                    for listener in self.listeners:
                        listener(message, line)
            self.is_there = False
            await asyncio.sleep(TRY_AGAIN_SECONDS)

    async def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Ask the monitor, and wait for its answer. Raises NoMonitorError."""
        return await asyncio.to_thread(ask, self._data_dir, request)
