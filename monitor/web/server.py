"""The process that serves the API and the pages, beside the running monitor."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI

from grid.command_line import ExitCode
from monitor.settings import HttpSettings
from monitor.store import DATABASE
from monitor.web.app import create_app
from monitor.web.monitor_link import MonitorLink
from monitor.web.readers import Readers
from monitor.web.site import Site


def serve(settings: HttpSettings, *, until_stdin_closes: bool = False) -> ExitCode:
    """Serve until a signal, or until standard input ends: then the monitor that started this process is gone."""
    site = Site(settings, Readers(settings.data_dir / DATABASE), MonitorLink(settings.data_dir))
    app = create_app(site)
    app.router.lifespan_context = lambda app: _lifespan(app, site)
    config = uvicorn.Config(
        app,
        host=settings.http_host,
        port=settings.http_port,
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        server_header=False,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    if until_stdin_closes:
        _stop_at_end_of_stdin(server)
    server.run()
    return ExitCode.FINE


@asynccontextmanager
async def _lifespan(app: FastAPI, site: Site) -> AsyncIterator[None]:
    del app
    async with asyncio.TaskGroup() as tasks:
        following = tasks.create_task(site.monitor.run(), name="follow the monitor")
        yield
        following.cancel()
    site.readers.close()


def _stop_at_end_of_stdin(server: uvicorn.Server) -> None:
    import threading

    def wait() -> None:
        sys.stdin.buffer.read()
        server.should_exit = True

    threading.Thread(target=wait, name="wait for the end of the monitor", daemon=True).start()
