"""Asks who somebody is without holding up others: what is asked waits for the disk, and a password for a processor."""

import asyncio
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from monitor.access.access import Access, Pass, Recognised, SignInRefusedError, ThrottledError
from monitor.access.identity import NEIGHBOUR, Identity
from monitor.access.refusals import Refusal
from monitor.clock import utc_now

THREADS = 2
MOST_SIGNING_IN = 20
TRY_AGAIN_SECONDS = 5
SIGN_IN_REFUSED = "sign_in"
SIGN_IN_THROTTLED = "sign_in_throttled"
LACKS_SCOPE = "scope"
TOO_MANY = "rate"

T = TypeVar("T")


class Doorkeeper:
    """`Access` in threads. Those who sign in stand in a line of their own, so that they hold up nobody who is known."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._known = ThreadPoolExecutor(THREADS, thread_name_prefix="door")
        self._signing_in = ThreadPoolExecutor(1, thread_name_prefix="sign-in")
        self._line = 0
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
        if self.is_open:
            return Recognised(NEIGHBOUR)
        if cookie is authorization is ticket is None:
            return Recognised(self._access.identify(now=utc_now()), Refusal.NOTHING)  # reads nothing
        now = utc_now()
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
        if self._line >= MOST_SIGNING_IN:
            self.refused[SIGN_IN_THROTTLED] += 1
            raise ThrottledError(TRY_AGAIN_SECONDS)
        self._line += 1
        try:
            signing_in = self._signing_in.submit(self._sign_in, name, password, address)
            signing_in.add_done_callback(lambda _: self._leave_line())
            return await asyncio.wrap_future(signing_in)
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

    def _leave_line(self) -> None:
        self._line -= 1

    async def _ask(self, question: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._known, question)
