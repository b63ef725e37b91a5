"""Questions to the ledger, asked in threads, so that a slow one holds nobody up."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from monitor.store.reader import LedgerReader

T = TypeVar("T")

THREADS = 4


class Readers:
    """Read-only access to the ledger of a data folder; opened at the first question, and again after a failure."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="reader")

    async def ask(self, query: Callable[[LedgerReader], T]) -> T:
        """Ask, and wait for the answer without holding up others. Raises StoreError."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._ask, query)

    def _ask(self, query: Callable[[LedgerReader], T]) -> T:
        with LedgerReader.open(self._path) as reader:
            return query(reader)

    def close(self) -> None:
        """Let go of the database."""
        self._threads.shutdown()
