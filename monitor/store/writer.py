"""The store on its own thread, so that a slow disk never keeps the connection to the broker from breathing."""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from monitor.facts import Changes, Committed, Remembered
from monitor.store import DATABASE
from monitor.store.errors import StoreError, TextFilesBehindError
from monitor.store.ledger import Ledger
from monitor.store.lost import refuse_lost
from monitor.store.open_files import make_room_for_open_files
from monitor.store.prunings import CutFile, Deleted, Slice
from monitor.store.reader import LedgerReader
from monitor.store.text_files import TextFiles

SQLITE_VERSION = sqlite3.sqlite_version
CATCH_UP_EVERY_SECONDS = 5.0
"""How often text files that fell behind are tried again."""

T = TypeVar("T")


class StoreThread:
    """The ledger and the text files of one data folder, used by one thread only.

    Enter it to open them: what the text files lack is written first. They never stop the ledger: when their disk
    fails they fall behind, and catch up when it is well again. `say` hears, in words, what a person should know of
    them; it is called on the event loop's thread. `observe` hears how long a batch's lines took, in seconds; it is
    called on the store's own thread.
    """

    def __init__(
        self, data_dir: Path, say: Callable[[str], None], observe: Callable[[float], None] = lambda seconds: None
    ) -> None:
        self._path = data_dir / DATABASE
        self._say_now = say
        self._observe = observe
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._text_files = TextFiles(data_dir, max_open=make_room_for_open_files())
        self._catch_up_at = 0.0
        self._complaint = ""
        self._ledger: Ledger | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __aenter__(self) -> Self:
        """Open the ledger. Raises StoreError."""
        self._loop = asyncio.get_running_loop()
        try:
            await self._in_thread(self._open)
        except BaseException:
            self._thread.shutdown()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Bring everything to the disk, and close."""
        await self._in_thread(self._close)
        self._thread.shutdown()

    async def load(self) -> Remembered:
        """What is known. Raises what the ledger raises."""
        return await self._in_thread(self._load)

    async def commit(self, changes: Changes) -> Committed:
        """Commit the changes, then write the new readings to the text files. Raises what the ledger raises."""
        return await self._in_thread(lambda: self._commit(changes))

    async def prune(self, part: Slice | CutFile) -> Deleted | None:
        """Do a part of a pruning, between two commits; returns what became of a slice. Raises StoreError."""
        return await self._in_thread(lambda: self._prune(part))

    @property
    def text_files_behind(self) -> bool:
        """Whether the text files lack readings that are in the database."""
        return self._text_files.behind is not None

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    # --- on the thread

    @property
    def _opened(self) -> Ledger:
        if self._ledger is None:
            raise RuntimeError("the store is not open")
        return self._ledger

    def _open(self) -> None:
        refuse_lost(self._path)
        self._ledger = Ledger.open(self._path)
        self._catch_up()

    def _load(self) -> Remembered:
        return self._opened.load()

    def _close(self) -> None:
        try:
            self._text_files.close()
        except TextFilesBehindError as error:
            self._say(str(error))
        finally:
            self._opened.close()

    def _commit(self, changes: Changes) -> Committed:
        committed = self._opened.commit(changes)
        if self._text_files.behind is not None:
            self._catch_up()
        elif committed.stored:
            begun = time.monotonic()
            try:
                self._text_files.append(committed)
                self._observe(time.monotonic() - begun)
            except TextFilesBehindError as error:
                self._complain(str(error))
        return committed

    def _prune(self, part: Slice | CutFile) -> Deleted | None:
        if isinstance(part, CutFile):
            self._text_files.replace(part)
            return None
        begun = time.monotonic()
        pruning_id, rows = self._opened.prune(part)
        return Deleted(pruning_id, rows, time.monotonic() - begun)

    def _catch_up(self) -> None:
        """Compare the text files with the database, and write what they lack, if it is time to."""
        if time.monotonic() < self._catch_up_at:
            return
        self._catch_up_at = time.monotonic() + CATCH_UP_EVERY_SECONDS
        try:
            with LedgerReader.open(self._path) as reader:
                repaired = self._text_files.repair(reader)
        except StoreError as error:
            self._complain(str(error))
        else:
            self._complaint = ""
            for sentence in repaired.sentences():
                self._say(sentence)

    def _complain(self, sentence: str) -> None:
        """Say what is wrong once, not at every attempt."""
        if sentence != self._complaint:
            self._complaint = sentence
            self._say(sentence)

    def _say(self, sentence: str) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._say_now, sentence)
