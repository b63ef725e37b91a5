"""The books: every reading that the monitor takes from the broker ends in exactly one column."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Balance:
    """received = stored + duplicate + rejected + pending: each counted in a place of its own."""

    received: int
    """Messages that arrived, but for those with a column of their own, such as statuses."""
    stored: int
    duplicate: int
    """Readings that were stored already."""
    rejected: int
    """Dead letters."""
    pending: int = 0
    """What waits for its turn, or for its commit."""

    @classmethod
    def of(cls, books: Mapping[str, int], *, received: int | None = None, pending: int = 0) -> "Balance":
        """The balance of counted columns; `received` and `pending` where the books don't know the last of it."""
        return cls(
            books.get("received", 0) if received is None else received,
            books.get("stored", 0),
            books.get("duplicate", 0),
            books.get("rejected", 0),
            pending,
        )

    @property
    def missing(self) -> int:
        """How many messages got lost within the monitor; below zero if some were counted twice. It must be 0."""
        return self.received - self.stored - self.duplicate - self.rejected - self.pending

    def in_words(self) -> str:
        """`5 received = 3 stored + 1 duplicate + 1 rejected + 0 pending`, or that they do not balance."""
        columns = f"{self.stored:,} stored + {self.duplicate:,} duplicate + {self.rejected:,} rejected"
        equal = "=" if self.missing == 0 else "is not"
        return f"{self.received:,} received {equal} {columns} + {self.pending:,} pending"
