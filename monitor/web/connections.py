"""Connections that keep to bounds: how long a request may take to arrive, how long its head is, and who must read."""

import asyncio
from asyncio.transports import BaseTransport, Transport
from collections import Counter
from typing import Any, cast

import uvloop
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from monitor.access.throttle import network

MOST_REQUESTS = 700
"""Connections from which a request is answered with 503."""
MOST_CONNECTIONS = 800
"""Connections from which a new one is cut: a process has 1,024 files by default."""
MOST_FROM_ONE_PLACE = 600
"""Connections of one address, or of one /64 network, from which a new one of it is cut: it leaves room for others."""
HANDSHAKE_WITHIN_SECONDS = 10.0
REQUEST_WITHIN_SECONDS = 15.0
STREAMED = "/api/v1/outages"
"""What may take longer to arrive, piece by piece: each so many bytes have the same time again."""
STREAMED_BYTES = 1024
LONGEST_URL_BYTES = 8 * 1024
LONGEST_HEAD_BYTES = 32 * 1024
TAKES_NOTHING_SECONDS = 30.0
CLOSE_WITHIN_SECONDS = 2.0


class _Loop(uvloop.Loop):
    """A loop that waits less than a minute for a handshake of TLS: until it is over, a client is in no book of ours."""

    async def create_server(self, *arguments: Any, **options: Any) -> Any:
        if options.get("ssl") is not None:
            options.setdefault("ssl_handshake_timeout", HANDSHAKE_WITHIN_SECONDS)
        return await super().create_server(*arguments, **options)


def new_event_loop() -> asyncio.AbstractEventLoop:
    """The loop on which the site is served."""
    return _Loop()


class _Stall:
    """Cuts the connection of a client that takes nothing of what is written to it for 30 s."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """What is written is not taken any more: watch."""
        self._watch(self._transport.get_write_buffer_size())

    def end(self) -> None:
        """It is taken."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _watch(self, left: int) -> None:
        self.end()
        self._timer = asyncio.get_running_loop().call_later(TAKES_NOTHING_SECONDS, self._look, left)

    def _look(self, before: int) -> None:
        left = self._transport.get_write_buffer_size()
        if left < before:
            self._watch(left)
        else:
            self._transport.abort()


class _Places:
    """How many connections are open, by where from."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    def enter(self, place: str) -> bool:
        """Count one more; whether there is room for it."""
        self._open[place] += 1
        return self._open[place] <= MOST_FROM_ONE_PLACE

    def leave(self, place: str) -> None:
        """Count one less."""
        self._open[place] -= 1
        if not self._open[place]:
            del self._open[place]


_places = _Places()


class BoundedHttp(HttpToolsProtocol):
    """HTTP for clients that send a request in time and of a sane length; others are cut off."""

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Take a client, unless there are too many."""
        super().connection_made(transport)
        self._stall = _Stall(transport)
        self._head_bytes = 0
        self._body_bytes = 0
        self._due: asyncio.TimerHandle | None = None
        self._answered: RequestResponseCycle | None = None
        self._expect_request()
        self._place = network(self.client[0]) if self.client else ""
        has_room = _places.enter(self._place)
        if len(self.connections) > MOST_CONNECTIONS or not has_room:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the client."""
        self._stall.end()
        self._request_is_here()
        if self._answered is not None:  # uvicorn tells only the newest request, where others wait in line before it
            self._answered.disconnected = True
            self._answered.message_event.set()
        _places.leave(self._place)
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Expect a request, from its first byte on."""
        self._head_bytes = 0
        self._body_bytes = 0
        self._expect_request()
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Take a part of the address."""
        super().on_url(url)
        self._count(url, LONGEST_URL_BYTES)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        super().on_header(name, value)
        self._count(name + value, LONGEST_HEAD_BYTES)

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        super().on_body(body)
        self._body_bytes += len(body)
        if self._body_bytes >= STREAMED_BYTES and self.scope["path"] == STREAMED:
            self._body_bytes = 0
            self._expect_request()

    def on_message_complete(self) -> None:
        """Take the end of a request."""
        self._request_is_here()
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over."""
        self._request_is_here()
        super().handle_websocket_upgrade()
        taker = self.transport.get_protocol()
        if isinstance(taker, BoundedWebSocket):
            taker.place = self._place

    def pause_writing(self) -> None:
        """Wait for who reads slowly, and watch that it reads at all."""
        super().pause_writing()
        self._stall.begin()

    def resume_writing(self) -> None:
        """Go on."""
        self._stall.end()
        super().resume_writing()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answered = cycle
        super()._start_asgi_task(cycle, app)

    def _count(self, part: bytes, most: int) -> None:
        self._head_bytes += len(part)
        if self._head_bytes > most:
            raise ValueError("too long")  # the parser makes it its own error, which is answered with 400

    def _expect_request(self) -> None:
        self._request_is_here()
        self._due = self.loop.call_later(REQUEST_WITHIN_SECONDS, self.transport.abort)

    def _request_is_here(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """A WebSocket whose client must take what it is told, and which is really closed when it is closed."""

    def connection_made(self, transport: BaseTransport) -> None:
        """Take a client."""
        super().connection_made(transport)
        self._stall = _Stall(cast("Transport", transport))
        self.place = ""
        """Where from, as `BoundedHttp` counted it."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the client."""
        self._stall.end()
        _places.leave(self.place)
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Wait for who reads slowly, and watch that it reads at all."""
        super().pause_writing()
        self._stall.begin()

    def resume_writing(self) -> None:
        """Go on."""
        self._stall.end()
        super().resume_writing()

    def handle_ping(self) -> None:
        """Answer, but not to who pings and takes no answer."""
        if self.writable.is_set():
            super().handle_ping()
        else:
            self.transport.abort()

    async def send(self, message: Any) -> None:
        """Send; a client that is refused with an answer of its own has been answered, which uvicorn forgets."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body", False):
            self.handshake_complete = True

    async def run_asgi(self) -> Any:
        """Serve; what is not taken soon after the end is thrown away."""
        try:
            await super().run_asgi()
        finally:
            self.loop.call_later(CLOSE_WITHIN_SECONDS, self.transport.abort)
