"""What the running monitor knows of itself: its connection, its store, and its books."""

from collections import Counter
from dataclasses import dataclass, field

from grid.times import SECOND
from monitor.books import Balance
from monitor.facts import Changes, Committed, Troubles

TURNED_AWAY_SECONDS = 600
"""How long it stands in the health that somebody was turned away; whoever is, tries again sooner."""

LEAST_FREE_BYTES = 200 * 1024 * 1024
"""Less than this free on the disk of the data is worth a word."""


@dataclass(slots=True)
class Health:
    """Whether the monitor hears and stores, and what became of what it heard. Times: UTC, microseconds since 1970."""

    started_at: int
    connected: bool = False
    connection_since: int | None = None
    connection_error: str | None = None
    """Why there is no connection, in words."""
    store_error: str | None = None
    store_error_since: int | None = None
    books: Counter[str] = field(default_factory=Counter)
    """What was counted since the start, such as received, stored and rejected: all that is committed."""
    taken: int = 0
    """Messages taken from the intake that must become readings or dead letters."""
    under_way: int = 0
    """Those of them that are not yet committed."""
    waiting: int = 0
    """Messages in the intake, when the last batch was taken."""
    unbalanced_since: int | None = None
    turned_away: str | None = None
    """Which turbine or controller is beyond the limits, in words: its messages are refused."""
    turned_away_at: int | None = None
    last_commit_at: int | None = None
    last_reading_at: int | None = None
    """When one was stored last."""

    @property
    def balance(self) -> Balance:
        """What became of all that arrived since the start."""
        received = self.taken + self.waiting
        return Balance.of(self.books, received=received, pending=self.under_way + self.waiting)

    def troubles(self, *, at: int, dead_letters: int, text_files_behind: bool) -> Troubles:
        """What is wrong with the monitor at a decision that is taken now."""
        away_since = None if self.connected else (self.connection_since or self.started_at)
        return Troubles(
            broker_away_seconds=_seconds(away_since, at),
            was_connected=self.connection_since is not None,
            store_refused_seconds=_seconds(self.store_error_since, at),
            store_error=self.store_error or "",
            text_files_behind=text_files_behind,
            unbalanced_readings=0 if self.unbalanced_since is None else self.balance.missing,
            dead_letters=dead_letters,
        )

    def take_in(self, *, received: int, waiting: int) -> None:
        """A batch with so many readings and dead letters was taken, and so many messages wait behind it."""
        self.taken += received
        self.under_way = received
        self.waiting = waiting

    def mind_limits(self, turned_away: str | None, *, at: int) -> bool:
        """Somebody was turned away just now, or nobody; whether that is worth a line: nobody was for some time."""
        if turned_away is None:
            if self.turned_away_at is not None and at - self.turned_away_at > TURNED_AWAY_SECONDS * SECOND:
                self.turned_away = self.turned_away_at = None
            return False
        is_new = self.turned_away is None
        self.turned_away, self.turned_away_at = turned_away, at
        return is_new

    def keep_books(self, changes: Changes, committed: Committed, *, at: int) -> None:
        """The batch that was taken last is committed; `at` is the time."""
        self.books.update(changes.counted)
        columns = {"stored": len(committed.stored), "duplicate": committed.duplicate, "rejected": committed.rejected}
        self.books.update(columns)
        self.under_way = 0
        self.last_commit_at = at
        if committed.stored:
            self.last_reading_at = at
        if self.balance.missing == 0:
            self.unbalanced_since = None
        elif self.unbalanced_since is None:
            self.unbalanced_since = at


def _seconds(since: int | None, at: int) -> float | None:
    return None if since is None else max(0, at - since) / SECOND
