"""The process of the pages, started beside the monitor and kept running."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import Callable

from monitor.settings import MonitorSettings

START_AGAIN_SECONDS = 2.0


async def keep_serving(settings: MonitorSettings, say: Callable[[str], None]) -> None:
    """Keep a process that serves the pages, until cancelled; it also ends when this process does.

    `say` hears, in words, what a person should know.
    """
    while True:
        command = [sys.executable, "-m", "monitor", "serve", "--until-stdin-closes", *_options(settings)]
        process = await asyncio.create_subprocess_exec(*command, stdin=PIPE)
        try:
            code = await process.wait()
        finally:
            if process.returncode is None:
                process.terminate()
                await process.wait()
        say(f"the pages' process ended with {code}; it is started again")
        await asyncio.sleep(START_AGAIN_SECONDS)


def _options(settings: MonitorSettings) -> list[str]:
    return [
        *("--data-dir", str(settings.data_dir)),
        *("--http-host", settings.http_host),
        *("--http-port", str(settings.http_port)),
    ]
