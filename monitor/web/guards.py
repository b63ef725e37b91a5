"""What stands before all routes: who may be spoken to from where, how much may be sent, and what answers carry."""

from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from monitor.http_access import is_loopback
from monitor.web.problems import Problem

LARGEST_BODY_BYTES = 64 * 1024
STREAMED = ("POST", "/api/v1/outages", "application/x-ndjson")
"""Method, path and media type of what a route takes in pieces, however long it is."""

SECURITY_HEADERS = {
    "content-security-policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
"""No script or style inside of a page, nothing from elsewhere, and no frame around it."""

_STRICT_TRANSPORT = {"strict-transport-security": "max-age=31536000"}
"""RFC 6797: have browsers ask for this site over TLS only, for a year."""
_TLS = frozenset({"https", "wss"})

PROBED = "/health/live"
"""What tells nothing, and is asked by addresses that nobody knows before: a Kubernetes probe asks for the pod's own."""

HEAD = "grid.head"
"""In the scope of a GET that was asked as HEAD."""
READS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing (RFC 9110, section 9.2.1)."""


class SecurityHeaders:
    """Puts what browsers are to keep to on every answer, and has each asked for anew unless a route says otherwise."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does, with more headers."""
        own = _STRICT_TRANSPORT if _is_reached_over_tls(scope) else {}

        async def send_with_headers(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                headers = MutableHeaders(raw=message.setdefault("headers", []))
                headers.setdefault("cache-control", "no-cache")
                for name, value in {**SECURITY_HEADERS, **own}.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers)


def _is_reached_over_tls(scope: Scope) -> bool:
    """Not where this machine asks itself: a browser would then ask for every other program on it over TLS, too."""
    return scope.get("scheme") in _TLS and not is_loopback(host_name(Headers(scope=scope).get("host", "")))


class Neighbours:
    """Answers only what is asked here on purpose: under the site's own name, and from its own pages or none.

    The site must be asked by one of its names, or as localhost, 127.0.0.1 or [::1], but for `PROBED`: else a page from
    anywhere could have its own name point here (DNS rebinding). What changes something, and a WebSocket, must not come
    from the page of another origin: its `Origin` (RFC 6454) is the site's, or absent as from programs. Browsers that
    say what for (Fetch Metadata) may follow a link from elsewhere, and ask for nothing else on another page's behalf.
    Who brings a cookie is a browser, and names its origin.
    """

    def __init__(self, app: ASGIApp, *, names: frozenset[str]) -> None:
        self.app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse with a problem."""
        if scope["type"] in ("http", "websocket"):
            problem = self._refused(scope, Headers(scope=scope))
            if problem is not None:
                await problem.answer(scope, receive, send)
                return
        await self.app(scope, receive, send)

    def _refused(self, scope: Scope, headers: Headers) -> Problem | None:
        hosts = headers.getlist("host")
        if len(hosts) != 1:
            return Problem(400, None, "A request names one Host.")
        name = host_name(hosts[0])
        if not self._is_ours(name) and scope["path"] != PROBED:
            return Problem(421, None, "This site does not answer to that name: http_names says to which it does.")
        writes, origins = scope.get("method") not in READS, headers.getlist("origin")
        own = _same_origin(origins, hosts[0], over_tls=scope.get("scheme") in _TLS)
        if _is_from_elsewhere(headers) or (writes and not own):
            return Problem(403, "Foreign origin", "Pages of other origins may link here, and nothing else.")
        if scope["type"] == "http" and writes and not origins and "cookie" in headers:
            return Problem(403, "No origin", "What comes with a cookie and changes something must name its Origin.")
        return None

    def _is_ours(self, name: str) -> bool:
        return is_loopback(name) or name.strip("[]").lower() in self._names


def host_name(host: str) -> str:
    """The name in a `Host` header, without its port."""
    name, colon, port = host.rpartition(":")
    return name if colon and (port.isdigit() or not port) and not name.endswith(":") else host


def _is_from_elsewhere(headers: Headers) -> bool:
    """Whether a page of another origin asks, and not to show a page of ours: https://www.w3.org/TR/fetch-metadata/."""
    site, mode = headers.get("sec-fetch-site", "none"), headers.get("sec-fetch-mode")
    return site not in ("none", "same-origin") and mode != "navigate"


def _same_origin(origins: Iterable[str], host: str, *, over_tls: bool) -> bool:
    """Whether a page of this site asks, or no page. What comes without TLS may have left it at a proxy."""
    schemes = ("https",) if over_tls else ("https", "http")
    return all(origin.lower() in [f"{scheme}://{host.lower()}" for scheme in schemes] for origin in origins)


class HeadAsGet:
    """Answers HEAD as GET without its body (RFC 9110, section 9.3.2)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer. Who answers with a stream without end asks the scope for `HEAD`, and ends it after its headers."""
        if scope.get("method") != "HEAD":
            await self.app(scope, receive, send)
            return

        async def send_without_body(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        await self.app({**scope, "method": "GET", HEAD: True}, receive, send_without_body)


class BodyLimit:
    """Refuses bodies of more than 64 KiB, told or not how long they are; but for what is `STREAMED`."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; read no more than the limit, and close the connection on who sends more."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if _is_streamed(scope):
            await self.app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "0")
        if not announced.isdecimal() or int(announced[:20]) > LARGEST_BODY_BYTES:
            await _too_large().answer(scope, receive, send)
            return
        await self.app(scope, _Counted(receive).receive, send)


def _is_streamed(scope: Scope) -> bool:
    media_type = Headers(scope=scope).get("content-type", "").partition(";")[0].strip().lower()
    return (scope["method"], scope["path"], media_type) == STREAMED


class _Counted:
    """Counts what is received of one body."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._bytes = 0

    async def receive(self) -> Message:
        message = await self._receive()
        self._bytes += len(message.get("body", b""))
        if self._bytes > LARGEST_BODY_BYTES:
            problem = _too_large()
            # FastAPI lets only its own kind of error through while it reads a body.
            raise HTTPException(problem.status, problem.detail, headers=problem.headers)
        return message


def _too_large() -> Problem:
    return Problem(413, None, f"A body has at most {LARGEST_BODY_BYTES} bytes.", headers={"connection": "close"})
