"""Questions to the ledger, asked in threads, so that a slow one holds nobody up."""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from monitor.store.errors import StoreTooSlowError
from monitor.store.reader import LedgerReader
from monitor.web.problems import Problem

T = TypeVar("T")

THREADS = 3
MOST_WAITING = 32
ANSWER_WITHIN_SECONDS = 5.0


class Readers:
    """Read-only access to the ledger of a data folder, with bounds on how many ask at once and for how long.

    The database is opened for each question, which takes 0.4 ms: so one that a restore put in its place, or that a
    monitor begins to write, is noticed at once, and between questions nothing is held.
    """

    def __init__(
        self,
        path: Path,
        *,
        threads: int = THREADS,
        most_waiting: int = MOST_WAITING,
        answer_within_seconds: float = ANSWER_WITHIN_SECONDS,
    ) -> None:
        self._path = path
        self._answer_within_seconds = answer_within_seconds
        self._is_closed = False
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="reader")
        self._places = threading.BoundedSemaphore(threads + most_waiting)

    async def ask(self, query: Callable[[LedgerReader], T]) -> T:
        """Ask, and wait for the answer without holding up others.

        Raises StoreError, and Problem where too many ask or the question takes longer than the limit. The time that
        it waits for a thread counts, so that the last in line waits little longer than the limit.
        """
        if not self._places.acquire(blocking=False):
            detail = "Too many questions to the ledger wait already."
            raise Problem(503, "Too many questions", detail, headers={"retry-after": "1"})
        until = time.monotonic() + self._answer_within_seconds
        asked = self._threads.submit(self._ask, query, lambda: self._is_closed or time.monotonic() > until)
        asked.add_done_callback(lambda asked: self._places.release())
        return await asyncio.wrap_future(asked)

    def _ask(self, query: Callable[[LedgerReader], T], give_up: Callable[[], bool]) -> T:
        try:
            with LedgerReader.open(self._path, give_up=give_up) as reader:
                return query(reader)
        except StoreTooSlowError:
            seconds = f"{self._answer_within_seconds:g}"
            detail = f"The ledger took longer than {seconds} s to answer: ask for less, or again when less is asked."
            raise Problem(503, "Took too long", detail, headers={"retry-after": "5"}) from None

    def close(self) -> None:
        """Forget the questions that wait, and give up those under way: the process must not wait for them."""
        self._is_closed = True
        self._threads.shutdown(wait=False, cancel_futures=True)
