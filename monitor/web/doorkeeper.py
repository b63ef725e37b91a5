"""Asks who somebody is without holding up others: what is asked waits for the disk, and a password for a processor."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import BoundedSemaphore
from typing import TypeVar

from monitor.access.access import BUSY_SECONDS, Access, Pass, Recognised
from monitor.access.identity import Identity
from monitor.access.refusals import SignInRefusedError, ThrottledError
from monitor.clock import utc_now
from monitor.store.errors import StoreError, StoreUnavailableError

logger = logging.getLogger(__name__)

THREADS = 2
MOST_SIGNING_IN = 20
SIGN_IN_REFUSED = "sign_in"
SIGN_IN_THROTTLED = "sign_in_throttled"
LOG_EVERY_SECONDS = 60.0
UNREADABLE = "Who may come in can't be looked up now; the log of the process that serves says why."
LACKS_SCOPE = "scope"
TOO_MANY = "rate"

T = TypeVar("T")


class Doorkeeper:
    """`Access` in threads. Those who sign in stand in a line of their own, so that they hold up nobody who is known."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._known = ThreadPoolExecutor(THREADS, thread_name_prefix="door")
        self._signing_in = ThreadPoolExecutor(1, thread_name_prefix="sign-in")
        self._places = BoundedSemaphore(MOST_SIGNING_IN)
        self._logged_at: float | None = None
        self.refused: Counter[str] = Counter()
        """How many requests were refused since the start, by reason: those of `Refusal`, and those above."""

    @property
    def is_open(self) -> bool:
        """Whether nobody is asked who it is."""
        return self._access.is_open

    async def recognise(
        self, *, cookie: str | None = None, authorization: str | None = None, ticket: str | None = None
    ) -> Recognised:
        """Who brings this. Raises StoreError."""
        now = utc_now()
        if self.is_open or cookie is authorization is ticket is None:
            return self._access.recognise(now=now)  # which reads nothing
        return await self._ask(
            lambda: self._access.recognise(now=now, cookie=cookie, authorization=authorization, ticket=ticket)
        )

    async def holds(self, who: Identity) -> bool:
        """Whether what somebody was recognised by still opens something. Raises StoreError."""
        return self.is_open or await self._ask(lambda: self._access.holds(who, utc_now()))

    async def renewed(self, cookie: str) -> Pass | None:
        """A later session, where it is time for one. Raises StoreError."""
        return await self._ask(lambda: self._access.renewed(cookie, utc_now()))

    async def ticket(self, who: Identity) -> Pass:
        """What opens the live channel once. Raises StoreError, and TokenRefusedError for who brought nothing."""
        return await self._ask(lambda: self._access.make_ticket(who, utc_now()))

    async def sign_in(self, name: str, password: str, address: str) -> Pass:
        """A session. Raises SignInRefusedError, ThrottledError and StoreError."""
        if not self._places.acquire(blocking=False):
            self.refused[SIGN_IN_THROTTLED] += 1
            raise ThrottledError(BUSY_SECONDS)
        try:
            signing_in = self._signing_in.submit(self._sign_in, name, password, address)
            signing_in.add_done_callback(lambda _: self._places.release())  # also where nobody waits for it any more
            return await self._answer(signing_in)
        except SignInRefusedError:
            self.refused[SIGN_IN_REFUSED] += 1
            raise
        except ThrottledError:
            self.refused[SIGN_IN_THROTTLED] += 1
            raise

    async def sign_out(self, cookie: str, address: str) -> None:
        """End a session. Raises StoreError."""
        await self._ask(lambda: self._access.sign_out(cookie, address=address, now=utc_now()))

    async def anyone_can_sign_in(self) -> bool:
        """Whether there is any user. Raises StoreError."""
        return await self._ask(self._access.anyone_can_sign_in)

    def close(self) -> None:
        """Forget those who wait: the process must not wait for them."""
        for threads in (self._known, self._signing_in):
            threads.shutdown(wait=False, cancel_futures=True)

    def _sign_in(self, name: str, password: str, address: str) -> Pass:
        return self._access.sign_in(name, password, address=address, now=utc_now())

    async def _ask(self, question: Callable[[], T]) -> T:
        return await self._answer(self._known.submit(question))

    async def _answer(self, asked: "Future[T]") -> T:
        """Wait for it. What is wrong with the accounts goes to the log: strangers are not told of files."""
        try:
            return await asyncio.wrap_future(asked)
        except StoreError as error:
            self._log(error)
            raise StoreUnavailableError(UNREADABLE) from None

    def _log(self, error: StoreError) -> None:
        """Once a minute, since anybody can have it said."""
        now = time.monotonic()
        if self._logged_at is None or now - self._logged_at >= LOG_EVERY_SECONDS:
            self._logged_at = now
            logger.error("nobody can be let in: %s", error)
