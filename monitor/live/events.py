"""Follows a farm over HTTP: the live messages of a running monitor, as server-sent events."""

import http.client
import json
import ssl
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from monitor.live.documents import Document

PATH = "/api/v1/live/sse"
SILENT_SECONDS = 5.0
"""A monitor tells something every second, if only that nothing changed: a longer silence is a stream that is down."""
LONGEST_LINE_BYTES = 256 * 1024 * 1024


class StreamError(Exception):
    """Nothing can be followed there now: one sentence. It may be so only for a while."""


class StreamRefusedError(StreamError):
    """Whoever answers there will give the same answer again."""


@dataclass(frozen=True, slots=True)
class Entrance:
    """Where a site is, and what opens it."""

    url: str
    token: str | None = field(default=None, repr=False)
    cafile: Path | None = None
    """Whom to trust over TLS, PEM; else the system's authorities."""


def follow_events(site: Entrance) -> Generator[Document]:
    """The live messages of a site, the whole farm first, until the stream ends.

    Raises StreamError. There is no end without one but that of the other side.
    """
    url, parts = site.url, _parts(site.url)
    bearer = {} if site.token is None else {"Authorization": f"Bearer {site.token}"}
    headers = {"Accept": "text/event-stream"} | bearer
    try:
        with closing(_connection(parts, site.cafile)) as connection:
            connection.request("GET", parts.path.rstrip("/") + PATH, headers=headers)
            response = connection.getresponse()
            _check(url, response)
            for text in events(_lines(response)):
                yield _message(url, text)
    except TimeoutError:
        raise StreamError(f"{url} does not answer") from None
    except ssl.SSLCertVerificationError as error:
        sentence = f"{url} is not trusted: {error.verify_message}; name its certificate authority with --cafile"
        raise StreamRefusedError(sentence) from None
    except http.client.RemoteDisconnected:
        hint = "; does it speak TLS (--url https://...)?" if parts.scheme == "http" else ""
        raise StreamError(f"{url} ended the connection without an answer{hint}") from None
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise StreamError(f"nothing can be reached at {url}: {reason}") from None


def events(lines: Iterable[str]) -> Iterator[str]:
    """The data of each event, from the lines of a stream without their ends.

    As the standard says (HTML, 9.2.6 "Interpreting an event stream"): lines of data are joined, a blank line ends an
    event, comments and other fields are passed over, and so is an event that has no end.
    """
    data: list[str] = []
    for line in lines:
        if line:
            name, _, value = line.partition(":")
            if name == "data":
                data.append(value.removeprefix(" "))
        elif data:
            yield "\n".join(data)
            data = []


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0):
            return parts
    except ValueError:
        pass
    raise StreamRefusedError(f"{url!r} is no address of a site, such as http://127.0.0.1:8787")


def _connection(parts: SplitResult, cafile: Path | None) -> http.client.HTTPConnection:
    host = parts.hostname or ""
    if parts.scheme == "https":
        try:
            context = ssl.create_default_context(cafile=cafile)
        except OSError as error:
            raise StreamRefusedError(f"{cafile} holds no certificates: {error.strerror or error}") from None
        return http.client.HTTPSConnection(host, parts.port, timeout=SILENT_SECONDS, context=context)
    return http.client.HTTPConnection(host, parts.port, timeout=SILENT_SECONDS)


def _check(url: str, response: http.client.HTTPResponse) -> None:
    if response.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        raise StreamRefusedError(
            f"{url} does not let us in ({response.status}): name a file with a token of the scope read (--token-file)"
        )
    if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise StreamError(f"{url} answers {response.status} {response.reason}")
    if response.status != HTTPStatus.OK or "text/event-stream" not in response.headers.get("Content-Type", ""):
        raise StreamRefusedError(f"{url} is no site of grid-monitor: it answers {response.status} {response.reason}")


def _lines(response: http.client.HTTPResponse) -> Iterator[str]:
    while line := response.readline(LONGEST_LINE_BYTES):
        yield line.decode("utf-8", "replace").rstrip("\r\n")


def _message(url: str, text: str) -> Document:
    try:
        message = json.loads(text)
    except ValueError:
        message = None
    if not isinstance(message, dict):
        raise StreamError(f"{url} tells what is no message of grid-monitor")
    return message
