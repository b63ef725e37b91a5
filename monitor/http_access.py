"""Where the API and the pages are served: whether others reach it, whether it is taken, and the token's file."""

import errno
import os
import secrets
import socket
import string
from ipaddress import ip_address
from pathlib import Path

from grid.errors import SettingsError
from monitor.site_settings import SiteSettings

SHORTEST_TOKEN = 16
_LONGEST_FILE = 4096
_LETTERS = frozenset(string.ascii_letters + string.digits + string.punctuation)


def is_loopback(host: str) -> bool:
    """Whether an address is this machine's own, reached by nobody else: `localhost`, 127.0.0.0/8 or ::1."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def address(host: str, port: int) -> str:
    """Where a browser finds the pages that are served there."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def is_taken(host: str, port: int) -> bool:
    """Whether another program listens there. What else is wrong with the address, the process itself will say."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the process will: not for connections
            probe.bind(address)
    except OSError as error:
        return error.errno == errno.EADDRINUSE
    except UnicodeError:  # no name of a host can be like that
        return False
    return False


def refuse_open_address(settings: SiteSettings) -> None:
    """Raise SettingsError where others could reach the pages, and no token is asked for."""
    if settings.http_port and settings.http_token_file is None and not is_loopback(settings.http_host):
        raise SettingsError(
            f"http_host {settings.http_host} can be reached from other machines: name a file with a token "
            "(--http-token-file), or serve on 127.0.0.1"
        )


def read_token(settings: SiteSettings) -> str | None:
    """The token that is asked for, made where its file is missing; None on a site that is open.

    Raises SettingsError for an address that must not be open, and for a file that holds no token.
    """
    refuse_open_address(settings)
    path = settings.http_token_file
    if path is None:
        return None
    try:
        return _checked(path, path.read_bytes()[:_LONGEST_FILE]) if path.exists() else _make(path)
    except OSError as error:
        raise SettingsError(f"http_token_file {path}: {error.strerror}") from None


def _checked(path: Path, content: bytes) -> str:
    token = content.strip().decode("ascii", "replace")
    if len(token) < SHORTEST_TOKEN or not _LETTERS.issuperset(token):
        raise SettingsError(
            f"http_token_file {path} must hold a token of {SHORTEST_TOKEN} or more letters, digits and signs, and "
            "nothing else; remove the file to have one made"
        )
    return token


def _make(path: Path) -> str:
    """Write a new token that only this user may read."""
    token = secrets.token_urlsafe(32)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:  # another process of ours was quicker
        return _checked(path, path.read_bytes()[:_LONGEST_FILE])
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(f"{token}\n")
    return token
