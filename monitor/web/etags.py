"""Answers that a client has already are not sent again (RFC 9110, sections 8.8.3 and 13.1.2)."""

import re
from hashlib import blake2b

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_TAG = re.compile(r'(?:W/)?("[^"]*")')


class ETags:
    """Gives every answer of 200 to a GET its ETag, and answers 304 where the client names it; streams pass through.

    Tags are weak: they name what is said, compressed or not.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        known = Headers(scope=scope).getlist("if-none-match")
        await self.app(scope, receive, _Tagged(send, ",".join(known)).send)


class _Tagged:
    """One answer: its start waits for its body, which tells its tag."""

    def __init__(self, send: Send, known: str) -> None:
        self._send = send
        self._known = known
        self._start: Message | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_tagged(message):
            self._start = message
            return
        if self._start is not None:
            start, self._start = self._start, None
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                message = self._tag(start, message)
            await self._send(start)
        await self._send(message)

    def _tag(self, start: Message, body: Message) -> Message:
        tag = f'"{blake2b(body.get("body", b""), digest_size=12).hexdigest()}"'
        headers = MutableHeaders(raw=start["headers"])
        headers["etag"] = f"W/{tag}"
        if not is_known(tag, self._known):
            return body
        start["status"] = 304
        headers.add_vary_header("Accept-Encoding")
        for name in ("content-length", "content-type"):
            del headers[name]
        return {"type": "http.response.body", "body": b""}


def _is_tagged(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    return start["status"] == 200 and "etag" not in headers and headers.get("cache-control") != "no-store"


def is_known(tag: str, if_none_match: str) -> bool:
    """Whether an `If-None-Match` names this tag, compared weakly."""
    return if_none_match.strip() == "*" or tag in _TAG.findall(if_none_match)
