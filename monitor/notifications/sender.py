"""The one door to Apprise: sends a message to a URL, and says why not in words that hold nothing of the URL."""

import hashlib
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from http import HTTPStatus
from typing import Any

import apprise
import requests
import requests.adapters
from apprise.plugins.email import base as email_plugin

from monitor.facts import Severity
from monitor.notifications.letters import Letter

CONNECT_SECONDS = 15.0
ANSWER_SECONDS = 30.0
"""Apprise waits four seconds for either. Who gives up early sends again what was accepted a second later."""

MOST_ANSWER_BYTES = 1024**2

ID_HEADER = "X-Grid-Notification"

_KINDS = {
    Severity.CRITICAL.value: apprise.NotifyType.FAILURE,
    Severity.HIGH.value: apprise.NotifyType.FAILURE,
    Severity.MEDIUM.value: apprise.NotifyType.WARNING,
    Severity.LOW.value: apprise.NotifyType.INFO,
}
_HTTP_CODE = re.compile(r"error=(\d{3})\b")
_MAIL_CODE = re.compile(r"Socket Exception: (?:\{[^(]*)?\((\d{3}), ")
_KEY: ContextVar[str] = ContextVar("key", default="")

Accepted = Callable[[str], bool]
Accept = Callable[[str], None]


def understands(url: str) -> bool:
    """Whether a URL is one that Apprise knows."""
    return _plugin(url) is not None


def send(url: str, letter: Letter, *, accepted: Accepted, accept: Accept) -> str | None:
    """Send a message; returns None when its receiver has it, else why not. Never raises, never tells the URL.

    A URL may hold several addresses: `accept` is called with a name for each part that was accepted, and parts of
    which `accepted` says so are left out. E-mails have the letter's key as Message-ID (RFC 5322), and they and
    webhooks as the header `X-Grid-Notification`: the same at each attempt.
    """
    plugin = _plugin(url)
    if plugin is None:
        return "its URL is none that Apprise understands"
    _mark(plugin, letter, accepted=accepted, accept=accept)
    _KEY.set(letter.key)
    with _overheard() as told:
        try:
            is_sent = plugin.notify(
                body=letter.body,
                title=letter.title,
                notify_type=_KINDS[letter.severity],
                body_format=apprise.NotifyFormat.TEXT,
            )
        except Exception as error:
            return f"it failed with {type(error).__name__}"
        return None if is_sent else _why(told)


def _plugin(url: str) -> apprise.NotifyBase | None:
    asset = apprise.AppriseAsset(
        app_id="Grid",
        app_desc="Grid",
        app_url="",
        storage_mode=apprise.PersistentStoreMode.MEMORY,
        pgp_autogen=False,
        pem_autogen=False,
        http_redirects=False,  # a POST sent on becomes a GET, and whatever page it gets is no receipt
    )
    with _overheard():
        try:
            plugin = apprise.Apprise.instantiate(url, asset=asset)
        except Exception:  # a URL that breaks a plugin is one that can't be used
            return None
    if plugin is not None:
        plugin.socket_connect_timeout = max(plugin.socket_connect_timeout, CONNECT_SECONDS)
        plugin.socket_read_timeout = max(plugin.socket_read_timeout, ANSWER_SECONDS)
    return plugin


def _mark(plugin: apprise.NotifyBase, letter: Letter, *, accepted: Accepted, accept: Accept) -> None:
    """Have the message carry its key, and each of several addresses get it once, however often it is tried."""
    headers = getattr(plugin, "headers", None)
    if isinstance(headers, dict):
        headers.setdefault(ID_HEADER, letter.key)
    extras = getattr(plugin, "payload_extras", None)
    if isinstance(extras, dict):
        extras.setdefault("notification_id", letter.key)

    def part(key: object, per_message: bool) -> str:
        # A target may be a secret, such as a token.
        slot = repr(plugin._slot(key, per_message))
        return f"{letter.key}/{hashlib.sha256(slot.encode()).hexdigest()[:16]}"

    vars(plugin)["is_delivered"] = lambda key, per_message=False: accepted(part(key, per_message))
    vars(plugin)["mark_delivered"] = lambda key, per_message=False: accept(part(key, per_message))


def _message_id(idstring: str | None = None, domain: str | None = None) -> str:
    """Replace `email.utils.make_msgid`, which makes another one at each attempt."""
    return f"<{_KEY.get()}@{domain or 'grid'}>"


vars(email_plugin)["make_msgid"] = _message_id


class _ShortAnswer(requests.Response):
    """An answer of which only the beginning is read: its number says it all, and it may have no end."""

    def iter_content(self, chunk_size: int | None = 1, decode_unicode: bool = False) -> Iterator[Any]:
        all_of_it = super().iter_content
        read = 0
        for piece in all_of_it(chunk_size, decode_unicode=True) if decode_unicode else all_of_it(chunk_size):
            yield piece
            read += len(piece)
            if read > MOST_ANSWER_BYTES:
                return


vars(requests.adapters)["Response"] = _ShortAnswer


# --- what Apprise says of it: its words hold hosts, names and at times the URL


class _Listener(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.told: ContextVar[list[str] | None] = ContextVar("told", default=None)

    def emit(self, record: logging.LogRecord) -> None:
        told = self.told.get()
        if told is not None:
            told.append(record.getMessage())


_LISTENER = _Listener()


def silence() -> None:
    """Have Apprise and the libraries below it write nothing, wherever; for the process that sends."""
    logging.getLogger().handlers[:] = [logging.NullHandler()]
    logger = logging.getLogger("apprise")
    logger.handlers[:] = [_LISTENER]
    logger.propagate = False
    logger.setLevel(logging.DEBUG)


@contextmanager
def _overheard() -> Iterator[list[str]]:
    told: list[str] = []
    token = _LISTENER.told.set(told)
    try:
        yield told
    finally:
        _LISTENER.told.reset(token)


def _why(told: list[str]) -> str:
    """Why it was not sent, from what Apprise says: only numbers are taken over from there."""
    for line in told:
        if found := _HTTP_CODE.search(line):
            return f"it answered {_http_status(int(found[1]))}"
        if found := _MAIL_CODE.search(line):
            return f"its mail server answered {found[1]}"
    if any("refused" in line and "recipient" in line for line in told):
        return "its mail server refused an address"
    if any("onnection" in line or "Socket Exception" in line for line in told):
        return "it can't be reached, or did not answer in time"
    return "it did not accept the message"


def _http_status(code: int) -> str:
    try:
        return f"{code} ({HTTPStatus(code).phrase})"
    except ValueError:
        return str(code)
