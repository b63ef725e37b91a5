"""The link to the running monitor: what it tells is kept, and told on to all who follow the farm."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from pathlib import Path
from typing import cast

from grid.times import format_time
from monitor.clock import utc_now
from monitor.console.known import farm_view
from monitor.control import NoMonitorError, follow
from monitor.live.documents import READING_COLUMNS, Document, view_document
from monitor.live.mirror import Mirror
from monitor.store.errors import StoreError
from monitor.web.hub import Hub
from monitor.web.problems import Problem

TELL_EVERY_SECONDS = 1.0
AWAY_AFTER_SECONDS = 3.0
"""A monitor that lives tells something every second."""


class MonitorLink:
    """Follows the monitor of a data folder for as long as `run` runs.

    While it is away the followers of `hub` are told so every second, with the farm as it was: from the last message,
    or from what `stored` gives where no message ever came.
    """

    def __init__(self, data_dir: Path, stored: Callable[[], Awaitable[Document]] | None = None) -> None:
        self._data_dir = data_dir
        self._stored = stored
        self._heard_at = -AWAY_AFTER_SECONDS
        self._away_since: int | None = None
        self.mirror = Mirror()
        self.hub = Hub(self._snapshot)
        self.told_at: int | None = None
        """When the monitor told something last, in microseconds since 1970; None before it did."""

    @property
    def is_there(self) -> bool:
        """Whether the monitor tells."""
        return time.monotonic() - self._heard_at < AWAY_AFTER_SECONDS

    async def run(self) -> None:
        """Follow the monitor; when it is away, wait for it and say so."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow(), name="follow the monitor")
            tasks.create_task(self._say_that_it_is_away(), name="watch the monitor")

    async def _follow(self) -> None:
        while True:
            # A monitor of another version may tell what we can't read: it is as good as away.
            with suppress(NoMonitorError, ValueError, KeyError, TypeError, AttributeError):
                async with aclosing(cast("AsyncGenerator[bytes, None]", follow(self._data_dir))) as lines:
                    async for line in lines:
                        self._take(line.decode())
            self._heard_at = -AWAY_AFTER_SECONDS
            await asyncio.sleep(TELL_EVERY_SECONDS)

    def _take(self, line: str) -> None:
        self.mirror.apply(json.loads(line))
        self.hub.tell(line)
        self._heard_at = time.monotonic()
        self.told_at = utc_now()
        self._away_since = None

    async def _say_that_it_is_away(self) -> None:
        while True:
            await asyncio.sleep(TELL_EVERY_SECONDS)
            if not self.is_there:
                await self._tell_without_it()

    async def _tell_without_it(self) -> None:
        if self._away_since is None:
            self._away_since = self.told_at or utc_now()
        message = self._unchanged() if self.mirror.turbines else await self._stored_farm()
        if self.is_there:  # it came while the ledger was read
            return
        if message is None:
            message = self._nothing()
        else:
            self.mirror.apply(message)
        self.hub.tell(json.dumps(message, separators=(",", ":")))

    async def _stored_farm(self) -> Document | None:
        """What the ledger knows of the farm, as the monitor would tell it; None where there is no ledger to ask."""
        if self._stored is None:
            return None
        try:
            document = await self._stored()
        except (StoreError, Problem):
            return None
        rows = [{key: value for key, value in row.items() if value is not None} for row in document["turbines"]]
        return {**document, "turbines": rows, "farm": self._without_monitor(document["farm"])}

    def _unchanged(self) -> Document:
        """Nothing but that time goes on, and the monitor is away."""
        farm = self._without_monitor(self.mirror.farm)
        return {"kind": "delta", "at": format_time(utc_now()), "turbines": [], "readings": _NO_READINGS, "farm": farm}

    def _nothing(self) -> Document:
        """A farm of which nothing is known. The mirror stays empty, so that the API tells why."""
        empty = view_document(farm_view(utc_now(), [], [], [], [], engineers=0, missing={}))
        return {**empty, "farm": self._without_monitor(empty["farm"])}

    def _snapshot(self) -> Document:
        return self._nothing() if self.mirror.at is None else self.mirror.snapshot()

    def _without_monitor(self, farm: Document) -> Document:
        away = {"running": False, "since": format_time(self._away_since or utc_now())}
        return {**farm, "monitor": {**farm.get("monitor", {}), **away}}


_NO_READINGS: Document = {name: [] for name in READING_COLUMNS}
