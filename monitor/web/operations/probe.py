"""What the running monitor says of itself when it is asked, for those who ask again and again."""

import asyncio
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from monitor.control import NoMonitorError, ask

WITHIN_SECONDS = 2.0
"""For both questions together: a monitor that hangs is seen as such before a probe gives up."""
KEPT_SECONDS = 1.0
PATIENCE_SECONDS = 3.0
"""How long a probe waits for a look: on a disk that hangs, looking at it hangs too."""

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at the monitor and its disk: what it said, or why it said nothing."""

    health: Document = field(default_factory=dict)
    metrics: Document = field(default_factory=dict)
    problem: str | None = None
    """In words; then both documents are empty."""
    free_bytes: int | None = None
    """On the disk of the data; None if that can't be seen."""
    monitor_pid: int | None = None
    """The process that holds the data folder."""


def look(data_dir: Path) -> Seen:
    """Ask the monitor of a data folder for its health and its metrics, and look at the folder's disk.

    Takes little more than `WITHIN_SECONDS`, unless the disk hangs.
    """
    free_bytes = _free_bytes(data_dir)
    deadline = time.monotonic() + WITHIN_SECONDS

    def answer(question: str) -> Document:
        left = max(0.1, deadline - time.monotonic())
        told: Document = ask(data_dir, {"ask": question}, within_seconds=left)[question]
        return told

    try:
        return Seen(answer("health"), answer("metrics"), None, free_bytes, _monitor_pid(data_dir))
    except NoMonitorError as error:
        problem = str(error)
    except KeyError:  # another version of ours runs there
        problem = f"the monitor on {data_dir} does not understand the question: is it of another version?"
    return Seen(problem=problem, free_bytes=free_bytes)


def _free_bytes(data_dir: Path) -> int | None:
    try:
        return shutil.disk_usage(data_dir).free
    except OSError:
        return None


def _monitor_pid(data_dir: Path) -> int | None:
    try:
        return int((data_dir / "monitor.lock").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


class Probe:
    """Looks at most once a second, however many ask, and one look at a time: probes can't load the monitor."""

    def __init__(
        self,
        look: Callable[[], Seen],
        steady: Callable[[], float] = time.monotonic,
        *,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        """`look` may take its time: it is called in a thread. `steady` gives seconds that no clock step changes."""
        self._patience_seconds = patience_seconds
        self._look = look
        self._steady = steady
        self._looking: asyncio.Task[Seen] | None = None
        self._looked_at = 0.0

    async def seen(self) -> Seen:
        """The last look, or a new one where that is older than `KEPT_SECONDS`."""
        if self._looking is None or (self._looking.done() and self._steady() - self._looked_at >= KEPT_SECONDS):
            self._looking = asyncio.create_task(self._look_once(), name="look at the monitor")
        finished, _ = await asyncio.wait([self._looking], timeout=self._patience_seconds)
        return self._looking.result() if finished else Seen(problem="the disk of the data does not answer")

    async def _look_once(self) -> Seen:
        seen = await asyncio.to_thread(self._look)
        self._looked_at = self._steady()
        return seen
