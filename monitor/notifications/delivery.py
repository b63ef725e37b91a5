"""Keeps the courier running, hands it what is due, and brings back what became of it."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path

from grid.errors import SettingsError
from monitor.facts import Notification, Receipt
from monitor.notifications.letters import SEND_LIMIT_SECONDS, Instructions, Letter
from monitor.notifications.notify_file import NotifySettings

PAUSES_SECONDS = (0.2, 1.0, 5.0, 30.0)
"""Before the courier is started again, the last one repeated."""
END_WITHIN_SECONDS = 3.0
"""How long an orderly stop waits for the courier to finish; then it finishes by itself."""
LONGEST_LINE_BYTES = 64 * 1024

Bring = Callable[[Iterable[Receipt]], None]
Say = Callable[[str], None]


def refuse_without_apprise() -> None:
    """Raises SettingsError where the extra is not installed: found at the start, not at the first alarm."""
    if find_spec("apprise") is None:
        raise SettingsError(
            "--notify-file needs the extra notify, which is not installed: pip install 'grid-wind-farm-monitor[notify]'"
        )


class Deliveries:
    """Delivers notifications through a process of its own; `run` goes on until it is cancelled.

    What was handed over is answered once by `bring`. A courier that ends without an answer is asked again: the new
    one knows from its journal what the old one delivered.
    """

    def __init__(
        self,
        settings: NotifySettings,
        data_dir: Path,
        *,
        bring: Bring,
        say: Say,
        limit_seconds: float = SEND_LIMIT_SECONDS,
    ) -> None:
        self._instructions = Instructions(data_dir.absolute(), settings.addresses, limit_seconds)
        self._bring = bring
        self._say = say
        self._under_way: dict[int, Letter] = {}
        self._input: asyncio.WriteTransport | None = None
        self.process_id: int | None = None
        """Of the courier, while one runs."""

    def deliver(self, due: Sequence[Notification]) -> None:
        """Hand these over; one that is under way already is not handed over again."""
        for notification in due:
            letter = Letter.of(notification)
            if letter.notification_id not in self._under_way:
                self._under_way[letter.notification_id] = letter
                self._write(letter)

    async def run(self) -> None:
        """Keep a courier running; cancelled, have it finish what is under way."""
        failures = 0
        while True:
            began_well = False
            try:
                began_well = await self._run_once()
            except OSError as error:  # no memory, file or process is left
                self._say(f"the courier of notifications can't be started: {error.strerror}; it is tried again")
            failures = 0 if began_well else failures + 1
            await asyncio.sleep(PAUSES_SECONDS[min(failures, len(PAUSES_SECONDS) - 1)])

    async def _run_once(self) -> bool:
        """Run a courier to its end; returns whether it ever said anything."""
        process = await asyncio.to_thread(_start)
        self.process_id = process.pid
        has_spoken = False
        try:
            reader = await self._connect(process)
            while line := await reader.readline():
                has_spoken = True
                self._hear(line)
            self._say("the courier of notifications has ended; it is started again")
            return has_spoken
        finally:
            if self._input is not None:
                self._input.close()
                self._input = None
            self.process_id = None
            await asyncio.shield(_end(process))

    async def _connect(self, process: "subprocess.Popen[bytes]") -> asyncio.StreamReader:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=LONGEST_LINE_BYTES)
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), process.stdout)
        self._input, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, process.stdin)
        self._input.write(self._instructions.to_line())
        for letter in self._under_way.values():
            self._write(letter)
        return reader

    def _write(self, letter: Letter) -> None:
        if self._input is not None:
            self._input.write(letter.to_line())

    def _hear(self, line: bytes) -> None:
        try:
            told = json.loads(line)
        except ValueError:  # the courier was killed while it wrote
            return
        if "say" in told:
            self._say(str(told["say"]))
        elif self._under_way.pop(int(told["notification_id"]), None) is not None:
            self._bring([Receipt(int(told["notification_id"]), told["error"])])


def _start() -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "monitor.notifications.courier"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # what a library writes there may hold an address
        env=os.environ,
        start_new_session=True,  # what kills the monitor's group must not keep it from writing its receipts
    )


async def _end(process: "subprocess.Popen[bytes]") -> None:
    """Wait for its end; one that still waits for a receiver is left alone, and ends within its limit."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        await asyncio.to_thread(process.wait, END_WITHIN_SECONDS)
