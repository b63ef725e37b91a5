"""The process of the pages, started beside the monitor and kept running."""

import asyncio
import json
import os
import signal
import sys
import time
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from itertools import chain, repeat

from grid.errors import ExitCode
from grid.settings import PREFIX
from monitor.console.words import plain
from monitor.http_access import is_taken
from monitor.site_settings import SiteSettings

PAUSES_SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Before it is started again, the last one repeated; from the first on when it ran for `RAN_WELL_SECONDS`."""
RAN_WELL_SECONDS = 60.0
LOOK_AT_PORT_SECONDS = 5.0
"""How often a port that is taken is tried again. Looking costs next to nothing, starting Python would not."""
END_WITHIN_SECONDS = 3.0
LONGEST_LINE_BYTES = 64 * 1024
MOST_KNOWN = 1000
"""How many different things that one process said are told once only."""

Say = Callable[[str], None]


async def keep_serving(settings: SiteSettings, say: Say) -> None:
    """Keep a process that serves the pages, until cancelled; it also ends when this process does.

    `say` hears, in words, what a person should know, each once for as long as it goes on.
    """
    news = _News(say)
    pauses = _pauses()
    while True:
        await _wait_for_port(settings, news)
        started_at = time.monotonic()
        code = await _run_once(settings, news)
        news.end_round(_end_in_words(code))
        if time.monotonic() - started_at >= RAN_WELL_SECONDS:
            pauses = _pauses()
        await asyncio.sleep(next(pauses))


class _News:
    """Passes on what is new: what was said in this round, by one process, or in the round before is known."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._before: set[tuple[str, ...]] = set()
        self._now: set[tuple[str, ...]] = set()

    def say(self, *sentences: str) -> None:
        """Say something that has one sentence, or several that belong together."""
        if sentences not in self._before and sentences not in self._now:
            for sentence in sentences:
                self._say(sentence)
        if len(self._now) < MOST_KNOWN:
            self._now.add(sentences)

    def end_round(self, sentence: str | None) -> None:
        """One process has ended: `sentence` says how, unless it has said so itself."""
        if sentence is not None:
            self.say(sentence)
        self._before, self._now = self._now, set()


async def _wait_for_port(settings: SiteSettings, news: _News) -> None:
    place = f"port {settings.http_port} on {settings.http_host}"
    # In a thread: to look up a name may take long, and readings come in meanwhile.
    while await asyncio.to_thread(is_taken, settings.http_host, settings.http_port):
        news.say(f"{place} is taken: there are no pages until it is free; --http-port names another one")
        await asyncio.sleep(LOOK_AT_PORT_SECONDS)


async def _run_once(settings: SiteSettings, news: _News) -> int:
    """Run the process to its end; returns its exit code. Cancelled, it ends the process first."""
    try:
        process = await _start(settings)
    except OSError as error:  # no memory, file or process is left: readings are stored all the same
        news.say(f"the pages' process can't be started ({error.strerror}); it is tried again")
        return ExitCode.FAILED
    try:
        async for sentences in _told(process):
            news.say(*sentences)
        return await process.wait()
    finally:
        await _end(process)


async def _start(settings: SiteSettings) -> Process:
    return await asyncio.create_subprocess_exec(
        *_command(settings),
        stdin=PIPE,  # it ends when this one does: then its standard input is over
        stdout=PIPE,
        stderr=STDOUT,
        env=_environment(),
        limit=LONGEST_LINE_BYTES,
        start_new_session=True,  # Ctrl-C is for us: we end it in order
    )


def _command(settings: SiteSettings) -> list[str]:
    """All settings as values: it must not find others in a file that was changed since, or in the environment."""
    return [sys.executable, "-m", "monitor.web", settings.to_json()]


_MEMORY = {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}
"""Has glibc give large messages' memory back to the system: 7 MB less with 5,000 turbines."""


def _environment() -> dict[str, str]:
    return _MEMORY | {name: value for name, value in os.environ.items() if not name.upper().startswith(PREFIX)}


async def _told(process: Process) -> AsyncIterator[list[str]]:
    """What the process says, safe for a terminal, until it ends."""
    lines = process.stdout
    while lines is not None:
        try:
            line = await lines.readline()
        except ValueError:  # longer than any line of ours
            continue
        if not line:
            return
        yield in_words(line.decode(errors="replace").rstrip())


def in_words(line: str) -> list[str]:
    """A line of its log is a JSON object; a traceback is a sentence for each of its lines. Others are as they are."""
    try:
        record = json.loads(line)
        told = [str(record["sentence"]), *str(record.get("traceback", "")).splitlines()]
    except (ValueError, TypeError, KeyError):
        told = [line]
    return [plain(sentence) for sentence in told if sentence]


async def _end(process: Process) -> None:
    """Ask it to end, and make it if it does not."""
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.terminate()
        try:
            async with asyncio.timeout(END_WITHIN_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


def _end_in_words(code: int) -> str | None:
    """How the process ended; None where it has told that itself."""
    if code < 0:
        return f"the pages' process was ended by {signal.Signals(-code).name}; it is started again"
    if code == 0:
        return "the pages' process has ended; it is started again"
    return None


def _pauses() -> Iterator[float]:
    return chain(PAUSES_SECONDS, repeat(PAUSES_SECONDS[-1]))
