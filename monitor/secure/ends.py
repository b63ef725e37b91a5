"""When the certificates end that a monitor works with, and whether that is soon."""

import ssl
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from socket import create_connection
from typing import NamedTuple

from grid.broker import CONNECT_TIMEOUT_SECONDS, Broker
from grid.tls import tls_context
from monitor.secure.certificates import expires_at

SOON = timedelta(days=30)
RENEWAL = "`grid-monitor secure rotate` renews those of a secure folder."


@dataclass(frozen=True, slots=True)
class Ending:
    """A certificate, as a person knows it, and when it ends."""

    certificate: str
    at: datetime


def endings(files: Iterable[Path | None], broker: Broker) -> Iterator[Ending]:
    """When those in these files end, and the one that the broker shows. What can't be read is told of elsewhere."""
    for file in dict.fromkeys(file for file in files if file is not None):
        try:
            yield Ending(str(file), expires_at(file.read_bytes()))
        except (OSError, ValueError):
            continue
    if broker.tls is not None and (at := _of_the_broker(broker)) is not None:
        yield Ending(f"that of the broker at {broker}", at)


def _of_the_broker(broker: Broker) -> datetime | None:
    """None if it can't be reached, or shows one that we do not trust."""
    try:
        context = tls_context(broker.tls) or ssl.create_default_context()
        with (
            create_connection((broker.host, broker.port), CONNECT_TIMEOUT_SECONDS) as line,
            context.wrap_socket(line, server_hostname=broker.host) as secured,
        ):
            shown = secured.getpeercert() or {}
            return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(shown["notAfter"])), UTC)
    except (OSError, KeyError, ValueError):
        return None


class Outlook(NamedTuple):
    """How long all is well, in a sentence."""

    sentence: str
    ends_soon: bool = False
    has_ended: bool = False


def outlook(known: Iterable[Ending], now: datetime) -> Outlook:
    """Judge by these certificates."""
    by_end = sorted(known, key=lambda ending: ending.at)
    if not by_end:
        return Outlook("No certificate can be looked at.")
    ended = [ending for ending in by_end if ending.at <= now]
    soon = [ending for ending in by_end if now < ending.at <= now + SOON]
    if not ended and not soon:
        return Outlook(f"The first certificate to end is {_named(by_end[0])}.")
    told = [f"has ended: {_named(ending)}" for ending in ended] + [f"ends soon: {_named(ending)}" for ending in soon]
    return Outlook(f"A certificate {'; '.join(told)}. {RENEWAL}", ends_soon=bool(soon), has_ended=bool(ended))


def _named(ending: Ending) -> str:
    return f"{ending.certificate}, on {ending.at:%Y-%m-%d}"
