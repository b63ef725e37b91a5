"""Where the API and the pages are served: whether others reach it, whether it is taken, and by which names."""

import errno
import os
import socket
from collections.abc import Iterable
from ipaddress import ip_address

from grid.errors import SettingsError
from monitor.site_settings import SiteSettings

_WILDCARDS = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - they are told apart, not served


def is_loopback(host: str) -> bool:
    """Whether an address is this machine's own, reached by nobody else: `localhost`, 127.0.0.0/8 or ::1."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def address(host: str, port: int, *, tls: bool = False) -> str:
    """Where a browser finds the pages that are served there."""
    return f"{'https' if tls else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"


def site_address(settings: SiteSettings) -> str:
    """Where a browser finds the pages of these settings."""
    return address(settings.http_host, settings.http_port, tls=settings.http_certfile is not None)


def address_from_here(settings: SiteSettings) -> str:
    """Where a program on this machine finds the pages: on loopback where they are on all of its addresses."""
    host = settings.http_host.strip("[]")
    if host in _WILDCARDS:
        host = "::1" if ":" in host else "127.0.0.1"
    return address(host, settings.http_port, tls=settings.http_certfile is not None)


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
    """Raise SettingsError where others could reach the pages, and are not asked who they are, or could be overheard."""
    if not settings.http_port:
        return
    _check_certificate(settings)
    if is_loopback(settings.http_host):
        return
    missing = []
    if settings.http_key_file is None:
        missing.append("name a file for the key that signs sessions and tokens (--http-key-file)")
    if settings.http_certfile is None and not settings.http_plain:
        missing.append(
            "name a certificate (--http-certfile, --http-keyfile; grid-monitor secure makes one), or say --http-plain "
            "where something in front of it speaks TLS"
        )
    if missing:
        sentence = f"http_host {settings.http_host} can be reached from other machines: {'; and '.join(missing)}"
        raise SettingsError(f"{sentence}. Or serve on 127.0.0.1")


def _check_certificate(settings: SiteSettings) -> None:
    files = {"http_certfile": settings.http_certfile, "http_keyfile": settings.http_keyfile}
    if len([path for path in files.values() if path is None]) == 1:
        raise SettingsError(
            "a certificate needs its key: give both --http-certfile and --http-keyfile, or neither; "
            "what signs sessions and tokens is --http-key-file"
        )
    for name, path in files.items():
        if path is not None and not os.access(path, os.R_OK):
            raise SettingsError(f"the {name} {path} can't be read")


def names_of(settings: SiteSettings, in_certificate: Iterable[str] = ()) -> frozenset[str]:
    """The names and addresses, in lower case, that the site answers to in `Host`; loopback ones are not in it.

    Those that it was given; without any, its own address unless that is a wildcard, and those in its certificate.
    """
    if settings.http_names:
        return frozenset(settings.http_names)
    own = set() if settings.http_host in _WILDCARDS else {settings.http_host.strip("[]").lower()}
    return frozenset(own | {name.lower() for name in in_certificate})
