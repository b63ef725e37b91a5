"""How often somebody may ask, on a site that asks who one is."""

import math
import time
from collections import Counter
from enum import StrEnum

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from monitor.access.identity import Identity, IdentityKind
from monitor.access.throttle import network
from monitor.web.doorkeeper import TOO_MANY
from monitor.web.guards import READS
from monitor.web.problems import Problem

SIGN_IN = ("POST", "/api/v1/session")
BRINGING = frozenset({("POST", "/post_metrics"), ("POST", "/api/v1/outages")})


class Kind(StrEnum):
    """What is counted apart."""

    READ = "read"
    WRITE = "write"
    """Orders, tickets, and whatever else changes something."""
    BRING = "bring"
    """Readings and reports of outages, which programs bring all the time."""
    SIGN_IN = "sign in"


_LIMITS = {
    Kind.READ: (parse("1200 per minute"), parse("6000 per minute")),
    Kind.WRITE: (parse("120 per minute"), parse("600 per minute")),
    Kind.BRING: (parse("60000 per minute"), parse("60000 per minute")),
    Kind.SIGN_IN: (parse("30 per minute"), parse("30 per minute")),
}
"""For one who is known, and for an address, where many may work behind one."""


def kind_of(method: str, path: str) -> Kind:
    """As what a request counts; a WebSocket is a GET."""
    if method in READS:
        return Kind.READ
    if (method, path) == SIGN_IN:
        return Kind.SIGN_IN
    return Kind.BRING if (method, path) in BRINGING else Kind.WRITE


class RateLimits:
    """Counts requests in memory, by who asks and from where: a restart forgets them."""

    def __init__(self, refused: Counter[str]) -> None:
        """`refused` counts what is refused, as `TOO_MANY`."""
        self._refused = refused
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    def count_address(self, kind: Kind, address: str) -> None:
        """Count a request before it is known who asks. Raises Problem (429) when it is one too many."""
        self._count(_LIMITS[kind][1], kind, "address", network(address))

    def count_identity(self, kind: Kind, who: Identity) -> None:
        """Count a request of who is known. Raises Problem (429) when it is one too many."""
        if who.kind in (IdentityKind.USER, IdentityKind.TOKEN):
            self._count(_LIMITS[kind][0], kind, who.kind, who.name)

    def _count(self, limit: RateLimitItem, *key: str) -> None:
        if self._limiter.hit(limit, *key):
            return
        self._refused[TOO_MANY] += 1
        reset = self._limiter.get_window_stats(limit, *key).reset_time
        seconds = min(60, max(1, math.ceil(reset - time.time())))
        detail = f"At most {limit.amount} such requests a minute are answered: ask again later."
        raise Problem(429, None, detail, headers={"retry-after": str(seconds)})
