"""What stands before the routes of a site that asks who one is: limits, no bodies of strangers, sessions that slide."""

from contextlib import suppress
from functools import partial

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from grid.times import SECOND
from monitor.access.access import COOKIE, SESSION_SECONDS, Pass
from monitor.access.identity import IdentityKind
from monitor.access.refusals import Refusal
from monitor.clock import utc_now
from monitor.store.errors import StoreError
from monitor.web.access import address_of, recognised, recognised_already, session_cookie, unauthorized
from monitor.web.guards import READS
from monitor.web.problems import Problem, of_store
from monitor.web.rate_limits import SIGN_IN, kind_of
from monitor.web.site import site_of

_COOKIE_RULES = "Path=/; Secure; HttpOnly; SameSite=Strict"
FORGET_COOKIE = f"{COOKIE}=; Max-Age=0; {_COOKIE_RULES}"
"""The header that has a browser forget its session."""


def keep_cookie(session: Pass) -> str:
    """The header that has a browser keep a session: for this site only, over TLS, and shown to no script."""
    seconds = max(0, (session.expires_at - utc_now()) // SECOND)
    return f"{COOKIE}={session.text}; Max-Age={seconds}; {_COOKIE_RULES}"


class AddressLimits:
    """Refuses what comes too often from one address, before anybody looks at what it brings."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse with a problem."""
        if scope["type"] in ("http", "websocket"):
            connection = HTTPConnection(scope)
            limits = site_of(connection).limits
            kind = kind_of(scope.get("method", "GET"), scope["path"])
            try:
                if limits is not None:
                    limits.count_address(kind, address_of(connection))
            except Problem as problem:
                await problem.answer(scope, receive, send)
                return
        await self.app(scope, receive, send)


class BodiesOfStrangers:
    """Has no body read but of those who are known, and of who signs in."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; whoever asks for the body of a stranger meets an error, and the stranger a 401.

        Who asks is found out here, since FastAPI takes what is raised while it reads a body for a bad body.
        """
        if scope["type"] != "http" or scope["method"] in READS or (scope["method"], scope["path"]) == SIGN_IN:
            await self.app(scope, receive, send)
            return

        try:
            found = await recognised(HTTPConnection(scope))
        except (Problem, StoreError) as error:
            problem = of_store(error) if isinstance(error, StoreError) else error
            await problem.answer(scope, receive, send)
            return
        is_stranger = found.identity.kind is IdentityKind.STRANGER
        await self.app(scope, partial(_refuse, found.refusal or Refusal.NOTHING) if is_stranger else receive, send)


async def _refuse(refusal: Refusal) -> Message:
    problem = unauthorized(refusal)
    # FastAPI lets only its own kind of error through while it reads a body.
    raise HTTPException(problem.status, problem.detail, headers=problem.headers)


class SlidingSessions:
    """Gives who asks with a session that is half over a later one with the answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_session(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message.setdefault("headers", []))
                session = None if "set-cookie" in headers else await _renewed(HTTPConnection(scope))
                if session is not None:
                    headers.append("set-cookie", keep_cookie(session))
            await send(message)

        await self.app(scope, receive, send_with_session)


async def _renewed(connection: HTTPConnection) -> Pass | None:
    """A later session for who asked with one that is half over."""
    known, cookie = recognised_already(connection), session_cookie(connection)
    if known is None or cookie is None or known.identity.kind is not IdentityKind.USER:
        return None
    if (known.identity.expires_at or 0) - utc_now() > SESSION_SECONDS * SECOND // 2:
        return None
    with suppress(StoreError):  # who is answered already needs no other answer: the session holds a while yet
        return await site_of(connection).door.renewed(cookie)
    return None
