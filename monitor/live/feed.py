"""Followers of the running monitor: each gets the whole farm first, then once a second what has changed."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable

from grid.times import format_time
from monitor.console.documents import to_document
from monitor.console.view import FarmView

TELL_EVERY_SECONDS = 1.0


class FarmFeed:
    """Tells every follower the same lines. Nothing is computed while nobody follows."""

    def __init__(self, view: Callable[[], FarmView]) -> None:
        self._view = view

    async def follow(self) -> AsyncIterator[bytes]:
        """JSON documents, one line each without its end: a snapshot, then a delta every second."""
        while True:
            view = self._view()
            message = {
                "kind": "snapshot",
                "at": format_time(view.at),
                "turbines": [to_document(row) for row in view.rows],
                "farm": {},
            }
            yield json.dumps(message, separators=(",", ":")).encode()
            await asyncio.sleep(TELL_EVERY_SECONDS)
