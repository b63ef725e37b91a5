"""How often somebody may try to sign in before nobody listens for a while."""

import math
import time
from collections import OrderedDict
from ipaddress import IPv6Address, ip_address
from threading import Lock

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

IPV6_NETWORK_BITS = 64
"""Whoever has one IPv6 address has all of such a network."""

PER_NAME_AND_ADDRESS = parse("5 per 5 minutes")
PER_ADDRESS = parse("20 per 5 minutes")
PER_NAME = parse("50 per hour")
"""So that many addresses together don't guess on. It does not hold where the person has signed in before: nobody else
can lock them out there by guessing on purpose."""
NOTED = parse("1 per minute")
"""How often a throttled address is written down."""
MOST_FAMILIAR = 10_000
"""Names at addresses that are remembered."""


class Throttle:
    """Counts failed attempts to sign in, in memory: a restart forgets them."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._familiar: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._lock = Lock()

    def retry_after(self, name: str, address: str) -> int | None:
        """Seconds until this name may be tried again from this address; None if it may be now."""
        limits = _limits(name, address)
        if _at(name, address) in self._familiar:
            limits = [limit for limit in limits if limit[0] is not PER_NAME]
        waits = [self._wait(limit, *key) for limit, *key in limits if not self._limiter.test(limit, *key)]
        return max(waits, default=None)

    def failed(self, name: str, address: str) -> None:
        """Count an attempt with a wrong name or password."""
        for limit, *key in _limits(name, address):
            self._limiter.hit(limit, *key)

    def succeeded(self, name: str, address: str) -> None:
        """Forget what this person mistyped at this address, and remember that they sign in there."""
        limit, *key = _limits(name, address)[0]
        self._limiter.clear(limit, *key)
        with self._lock:
            self._familiar[_at(name, address)] = None
            self._familiar.move_to_end(_at(name, address))
            if len(self._familiar) > MOST_FAMILIAR:
                self._familiar.popitem(last=False)

    def is_worth_noting(self, address: str) -> bool:
        """Whether a throttled attempt should be written down: for each address the first in a minute."""
        return self._limiter.hit(NOTED, "noted", network(address))

    def _wait(self, limit: RateLimitItem, *key: str) -> int:
        stats = self._limiter.get_window_stats(limit, *key)
        return max(1, math.ceil(stats.reset_time - time.time()))


def _limits(name: str, address: str) -> list[tuple[RateLimitItem, str, str]]:
    name, place = _at(name, address)
    return [
        (PER_NAME_AND_ADDRESS, f"both {place}", name),
        (PER_ADDRESS, "address", place),
        (PER_NAME, "name", name),
    ]


def _at(name: str, address: str) -> tuple[str, str]:
    return name.lower(), network(address)


def network(address: str) -> str:
    """What counts as one place: an IPv4 address, or the /64 network of an IPv6 address."""
    try:
        place = ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if not isinstance(place, IPv6Address):
        return str(place)
    if place.ipv4_mapped is not None:
        return str(place.ipv4_mapped)
    return str(IPv6Address(int(place) >> (128 - IPV6_NETWORK_BITS) << (128 - IPV6_NETWORK_BITS)))
