"""Many turbines in one process, each with its own connection, and their orderly end."""

import asyncio
import os
import resource
import signal
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import Any, TypeVar

from grid.error_groups import first_if_all
from grid.errors import CommandError, ExitCode
from turbine.client import TurbineClient
from turbine.life import Life
from turbine.outbox import Monitor
from turbine.run import Run

T = TypeVar("T")

SIGNALS = (signal.SIGINT, signal.SIGTERM)

CONNECTING_AT_ONCE = 64
CONNECTING_AT_ONCE_OVER_TLS = 16
"""How many turbines may be on their way to the broker for the first time.

A handshake of TLS costs milliseconds of CPU: too many at once, on a machine with little to spare, are all too late.
"""

RETURNING_PER_SECOND = 250
RETURNING_PER_SECOND_OVER_TLS = 100
"""About how many come back a second after the broker was away."""

OTHER_FILES = 64
"""Files that a process needs beside its connections."""

DRAIN_SECONDS = 2.5
GOODBYE_SECONDS = 3.5
"""After a signal: until when readings are sent and acknowledgements waited for, and until when goodbyes are sent.

Turbines that are not done by then are cancelled. Their last words and hanging up take 1.5 s more at most.
"""

PATIENCE_SECONDS = 10.0
"""How long the end of a run waits for a broker that acknowledges nothing."""

PROGRESS_SECONDS = 1.0

Listen = Callable[[Callable[[], None]], Callable[[], None]]
"""Has a function called in the running loop whenever somebody asks for the end; returns what puts an end to that."""


class Fleet:
    """Runs lives until all of them are over and acknowledged, or until a signal.

    After the run's end (`Run.until`) it waits for a broker that acknowledges nothing only for `PATIENCE_SECONDS`.
    The first SIGINT or SIGTERM ends it in order: readings that wait are sent, a monitor that is online is given time
    to acknowledge them, every turbine says goodbye, all within 5 seconds. The second kills the process with exit
    code 130; the broker then publishes the wills.
    """

    def __init__(self, lives: Sequence[Life], run: Run, listen: Listen | None = None) -> None:
        """`listen` is how the fleet hears that it is asked to end: by signals, unless told otherwise."""
        self._run = run
        self._listen = listen or listen_to_signals
        self._clients = [TurbineClient(life, run) for life in lives]
        self._asked_to_stop = asyncio.Event()
        run.outbox_file.held = self._held

    @property
    def lives(self) -> list[Life]:
        """The lives that it runs."""
        return [client.life for client in self._clients]

    @property
    def undelivered(self) -> int:
        """Messages that the broker never acknowledged: given up by full outboxes, or left at the end."""
        return sum(client.undelivered for client in self._clients)

    @property
    def unstored(self) -> int:
        """Readings that a monitor which is online has not acknowledged."""
        return sum(len(client.outbox) for client in self._clients if client.outbox.monitor is Monitor.ONLINE)

    @property
    def unconfirmed(self) -> int:
        """Readings that the broker has, and the monitor that there is has not acknowledged."""
        known = (client.outbox for client in self._clients if client.outbox.monitor is not Monitor.UNKNOWN)
        return sum(len(outbox) - outbox.unsent for outbox in known)

    @property
    def held(self) -> int:
        """Readings that no monitor has acknowledged."""
        return sum(len(client.outbox) for client in self._clients)

    def _held(self) -> Iterator[bytes]:
        for client in self._clients:
            yield from client.outbox.payloads()

    async def run(self) -> None:
        """Run to the end. Raises CommandError when the process may not open enough connections."""
        allow_open_files(len(self._clients) + OTHER_FILES)
        deafen = self._listen(self._on_asked)
        try:
            await self._run_turbines()
        finally:
            deafen()
            self._run.progress.show()

    async def _run_turbines(self) -> None:
        async with asyncio.TaskGroup() as beside:
            showing = beside.create_task(self._show_progress(), name="show progress")
            async with asyncio.TaskGroup() as turbines:
                running = [
                    turbines.create_task(client.run(), name=f"turbine {client.life.turbine_number}")
                    for client in self._clients
                ]
                waiting = beside.create_task(self._end_when_out_of_patience(), name="end when out of patience")
                ending = beside.create_task(self._end_when_asked(running), name="end when asked")
            for task in (showing, waiting, ending):
                task.cancel()

    def _on_asked(self) -> None:
        if self._asked_to_stop.is_set():
            os._exit(ExitCode.INTERRUPTED)
        self._asked_to_stop.set()

    async def _end_when_asked(self, running: list[asyncio.Task[None]]) -> None:
        await self._asked_to_stop.wait()
        for client in self._clients:
            client.stop()
        await asyncio.sleep(DRAIN_SECONDS)
        for client in self._clients:
            client.hurry()
        await asyncio.sleep(GOODBYE_SECONDS - DRAIN_SECONDS)
        for task in running:
            task.cancel()

    async def _end_when_out_of_patience(self) -> None:
        if self._run.until is None:
            return
        await asyncio.sleep(self._run.pace.delay(self._run.until))
        over = time.monotonic()
        while True:
            silence = time.monotonic() - max(over, self._run.progress.delivered_at)
            if silence >= PATIENCE_SECONDS and not any(client.awaits_monitor for client in self._clients):
                break
            await asyncio.sleep(max(1.0, PATIENCE_SECONDS - silence))
        self._run.progress.say(f"the run is over, and for {PATIENCE_SECONDS:g} s no reading was acknowledged")
        self._asked_to_stop.set()

    async def _show_progress(self) -> None:
        while True:
            self._run.progress.show()
            await asyncio.sleep(PROGRESS_SECONDS)


def run_to_the_end(main: Coroutine[Any, Any, T]) -> T:
    """Run it in a loop of its own, and return what it returns. Raises CommandError for what a user can mend."""
    try:
        return asyncio.run(main)
    except Exception as error:
        first = first_if_all(error, OSError, CommandError)
        if isinstance(first, OSError | CommandError):
            raise CommandError(str(first)) from None
        raise


def listen_to_signals(on_asked: Callable[[], None]) -> Callable[[], None]:
    """Take SIGINT and SIGTERM for the wish that it ends."""
    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        loop.add_signal_handler(number, on_asked)

    def deafen() -> None:
        for number in SIGNALS:
            loop.remove_signal_handler(number)

    return deafen


def new_ramp(processes: int = 1, *, tls: bool = False) -> asyncio.Semaphore:
    """Bounds how many turbines connect for the first time at once, in one of so many processes."""
    at_once = CONNECTING_AT_ONCE_OVER_TLS if tls else CONNECTING_AT_ONCE
    return asyncio.Semaphore(max(1, at_once // processes))


def first_backoff_seconds(turbines: int, *, tls: bool = False) -> float:
    """How long a fleet of this size takes to come back, so that it does not rush the broker."""
    return max(0.25, turbines / (RETURNING_PER_SECOND_OVER_TLS if tls else RETURNING_PER_SECOND))


def allow_open_files(wanted: int) -> None:
    """Raise this process's limit of open files if need be. Raises CommandError where the system forbids it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise CommandError(f"so many turbines need {wanted} open files, and this process may have {hard} (ulimit -n)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
