"""The process that serves the API and the pages, beside the running monitor."""

import asyncio
import gc
import logging
import os
import resource
import signal
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import FrameType

import anyio.to_thread
import uvicorn
from fastapi import FastAPI

from grid.errors import CommandError, ExitCode, SettingsError
from monitor.access.access import Access
from monitor.access.key import read_key
from monitor.http_access import refuse_open_address, site_address
from monitor.site_settings import SiteSettings
from monitor.store import DATABASE
from monitor.web.api.present import stored_farm
from monitor.web.app import create_app
from monitor.web.connections import MOST_REQUESTS, BoundedHttp, BoundedWebSocket
from monitor.web.logs import announce, log_to_stderr
from monitor.web.monitor_link import MonitorLink
from monitor.web.readers import Readers
from monitor.web.site import Site

logger = logging.getLogger(__name__)

LARGEST_MESSAGE_BYTES = 1024
"""Of what followers say: nobody listens to it."""
THREADS = 4
KEEP_ALIVE_SECONDS = 30
PENDING_CONNECTIONS = 128
MOST_FILES = 8192
END_WITHIN_SECONDS = 0.5
"""After the monitor has ended without a word."""


def serve(settings: SiteSettings, *, until_stdin_closes: bool = False, as_json: bool = False) -> ExitCode:
    """Serve until a signal, or until standard input ends: then the monitor that started this process is gone.

    Raises SettingsError where the settings don't allow it, and CommandError where the port is taken.
    """
    log_to_stderr(as_json=as_json)
    _allow_many_files()
    site = open_site(settings)
    with _listen(settings) as listener:
        server = PageServer(site, until_stdin_closes=until_stdin_closes)
        gc.collect()
        gc.freeze()  # what is loaded by now stays: no need to look through it again and again
        announce(f"pages at {site_address(settings)}", as_json=as_json)
        server.run([listener])
    if server.has_failed:
        return ExitCode.FAILED
    return ExitCode.INTERRUPTED if server.was_interrupted else ExitCode.FINE


def _allow_many_files() -> None:
    """Have files left where many connections are: those that still shake hands over TLS are not counted by us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY:
        most = MOST_FILES if hard == resource.RLIM_INFINITY else min(MOST_FILES, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))


def open_site(settings: SiteSettings) -> Site:
    """All that the routes of a data folder work with. Raises SettingsError for what must not be served."""
    refuse_open_address(settings)
    key = None if settings.http_key_file is None else read_key(settings.http_key_file)
    access = Access.open_site() if key is None else Access.closed_site(settings.data_dir, key)
    readers = Readers(settings.data_dir / DATABASE)
    return Site(settings, readers, MonitorLink(settings.data_dir, lambda: readers.ask(stored_farm)), access)


class PageServer(uvicorn.Server):
    """uvicorn with this site's bounds, which tells its followers that it ends, and its caller why."""

    def __init__(self, site: Site, *, until_stdin_closes: bool = False) -> None:
        super().__init__(
            uvicorn.Config(
                create_app(site, self._running),
                loop="monitor.web.connections:new_event_loop",
                http=BoundedHttp,
                ws=BoundedWebSocket,
                ws_per_message_deflate=False,
                ws_max_size=LARGEST_MESSAGE_BYTES,
                lifespan="on",
                limit_concurrency=MOST_REQUESTS,
                backlog=PENDING_CONNECTIONS,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=1,
                proxy_headers=bool(site.settings.http_proxy),
                forwarded_allow_ips=list(site.settings.http_proxy),
                ssl_context_factory=_tls_of(site.settings),
                server_header=False,
                access_log=False,
                log_config=None,
                log_level="error",
            )
        )
        self.was_interrupted = False
        self.has_failed = False
        self._site = site
        self._until_stdin_closes = until_stdin_closes

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end; at the second signal, at once."""
        del frame
        self.was_interrupted |= sig == signal.SIGINT
        self.force_exit, self.should_exit = self.should_exit, True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End for followers, who would stay for ever; then wait for what is still answered."""
        self._site.hub.close()
        await super().shutdown(sockets)

    @asynccontextmanager
    async def _running(self, app: FastAPI) -> AsyncIterator[None]:
        """What goes on beside the answers."""
        del app
        anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
        if self._until_stdin_closes:
            self._stop_at_end_of_stdin()
        following = asyncio.create_task(self._site.monitor.run(), name="follow the monitor")
        following.add_done_callback(self._stop_if_failed)
        yield
        following.cancel()
        self._site.readers.close()
        self._site.door.close()

    def _stop_if_failed(self, following: "asyncio.Task[None]") -> None:
        """Pages that silently stand still are worse than none: whoever started this process starts it again."""
        if not following.cancelled():
            logger.error("the monitor is not followed any more", exc_info=following.exception())
            self.should_exit = self.has_failed = True

    def _stop_at_end_of_stdin(self) -> None:
        """Without a thread, which would hold standard input when the process ends."""
        loop, descriptor = asyncio.get_running_loop(), sys.stdin.fileno()

        def look() -> None:
            if not os.read(descriptor, 4096):
                loop.remove_reader(descriptor)
                self.should_exit = True
                # The port must be free for a monitor that is started again at once; nothing here can be lost.
                loop.call_later(END_WITHIN_SECONDS, os._exit, ExitCode.FINE)

        loop.add_reader(descriptor, look)


def _tls_of(settings: SiteSettings) -> Callable[..., ssl.SSLContext] | None:
    """What makes TLS 1.2 or later of the site's certificate; None without one."""
    certfile, keyfile = settings.http_certfile, settings.http_keyfile
    if certfile is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certfile, keyfile)
    except OSError as error:  # what OpenSSL says names neither file
        raise SettingsError(
            f"{certfile} and {keyfile} are no certificate and its key (PEM): {error.strerror}"
        ) from None
    return lambda *_: context


def _listen(settings: SiteSettings) -> socket.socket:
    """Take the port. Raises CommandError."""
    host, port = settings.http_host, settings.http_port
    if port == 0:
        raise CommandError("http_port is 0, which means no pages: name a port", ExitCode.WRONG_USAGE)
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise CommandError(f"http_host {host}: {error.strerror}") from None
    except UnicodeError:
        raise CommandError(f"http_host {host}: no name of a host can be like that") from None
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(PENDING_CONNECTIONS)
    except OSError as error:
        listener.close()
        raise CommandError(f"can't serve on {host} port {port}: {error.strerror}; choose another --http-port") from None
    return listener
