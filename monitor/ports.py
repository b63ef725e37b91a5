"""What the story of the monitor wants of those who store, watch and deliver: small ports."""

from collections.abc import Sequence
from typing import Protocol

from monitor.facts import Changes, Committed, Event, Notification, Remembered


class Store(Protocol):
    """The ledger and the text files."""

    async def load(self) -> Remembered:
        """What is known, at the start and after a failed commit. Raises StoreUnavailableError."""

    async def commit(self, changes: Changes) -> Committed:
        """Commit all of it, or nothing. Raises StoreUnavailableError: wait, load, decide and commit again."""

    @property
    def text_files_behind(self) -> bool:
        """Whether the text files lack readings that are in the database."""


class Watcher(Protocol):
    """Who is told what the monitor does: a terminal, later pages and metrics."""

    def tell(self, event: Event) -> None:
        """A decision, after its commit."""

    def say(self, sentence: str, *, action: str) -> None:
        """Something about the monitor itself."""


class Courier(Protocol):
    """Who delivers notifications, and says with `GridMonitor.bring_receipts` what became of each."""

    def deliver(self, due: Sequence[Notification]) -> None:
        """Take these, now that they are committed; one that was delivered already is answered again."""


class NoCourier:
    """Where nobody is to be notified."""

    def deliver(self, due: Sequence[Notification]) -> None:
        """Let them lie."""
