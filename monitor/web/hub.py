"""What all who follow the farm are told: each message is written once, numbered, and kept for who comes back."""

import asyncio
import json
import secrets
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from monitor.live.documents import Document
from monitor.web.problems import Problem

MOST_FOLLOWERS = 500
MOST_KEPT = 120
MOST_KEPT_BYTES = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Told:
    """A message as followers get it; a snapshot has the number of the last message that is in it."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Place:
    """Up to where a follower was told: the stream, and the number of its last message."""

    stream: str
    number: int


class History:
    """The messages of one stream, numbered from 1. The newest are kept, within a bound on their count and bytes."""

    def __init__(self, stream: str, *, most: int = MOST_KEPT, most_bytes: int = MOST_KEPT_BYTES) -> None:
        self.stream = stream
        self.number = 0
        self._most = most
        self._most_bytes = most_bytes
        self._kept: deque[Told] = deque()
        self._bytes = 0

    def numbered(self, line: str) -> Told:
        """The JSON object `line` with the stream and the number of the last message at its front."""
        return Told(self.number, f'{{"stream":"{self.stream}","number":{self.number},{line[1:]}')

    def add(self, line: str) -> None:
        """Number the next message, a JSON object that is not empty, and keep it."""
        self.number += 1
        told = self.numbered(line)
        self._kept.append(told)
        self._bytes += len(told.text)
        while len(self._kept) > self._most or self._bytes > self._most_bytes:
            self._bytes -= len(self._kept.popleft().text)

    def after(self, number: int) -> list[Told] | None:
        """The messages after this number, the oldest first; None if one of them is not kept, or never was."""
        missed = self.number - number
        if not 0 <= missed <= len(self._kept):
            return None
        return list(self._kept)[len(self._kept) - missed :]


class Hub:
    """Tells all followers the same. A follower holds no queue: it asks for what came after its last message.

    So who is slow costs nothing: when it has missed more than the whole farm is long, it gets the whole farm.
    """

    def __init__(self, snapshot: Callable[[], Document], *, most_followers: int = MOST_FOLLOWERS) -> None:
        """`snapshot` tells the whole farm, as it is after the last message."""
        self._whole_farm = snapshot
        self._history = History(secrets.token_hex(4))
        self._most_followers = most_followers
        self._news = asyncio.Event()
        self._snapshot: Told | None = None
        self._snapshot_length = 0
        self._is_closed = False
        self.followers = 0
        """How many follow now."""

    @property
    def stream(self) -> str:
        """The name of the stream, another one for every process."""
        return self._history.stream

    @property
    def number(self) -> int:
        """The number of the last message; 0 before the first."""
        return self._history.number

    def tell(self, line: str) -> None:
        """Tell a message, a JSON object, to all."""
        self._history.add(line)
        self._snapshot = None
        self._wake()

    def close(self) -> None:
        """End for all followers."""
        self._is_closed = True
        self._wake()

    @contextmanager
    def seat(self) -> Iterator[None]:
        """A place for one more follower. Raises Problem when all are taken."""
        if self.followers >= self._most_followers or self._is_closed:
            detail = f"At most {self._most_followers} may follow the farm at once."
            raise Problem(503, "Too many followers", detail, headers={"retry-after": "30"})
        self.followers += 1
        try:
            yield
        finally:
            self.followers -= 1

    async def follow(self, place: Place | None = None) -> AsyncIterator[Told]:
        """What was missed since `place`, or else the whole farm; then every message, until the hub is closed."""
        number = place.number if place is not None and place.stream == self.stream else None
        while not self._is_closed:
            news = self._news
            for told in self._due(number):
                yield told
                number = told.number
            if number == self.number or self.number == 0:
                await news.wait()

    def _due(self, number: int | None) -> list[Told]:
        """What a follower gets next that was told up to this number; the shorter of what it missed and all."""
        if self.number == 0:
            return []
        missed = None if number is None else self._history.after(number)
        if missed is None or (len(missed) > 1 and self._is_longer(missed)):
            return [self._whole()]
        return missed

    def _is_longer(self, missed: list[Told]) -> bool:
        length = self._snapshot_length or len(self._whole().text)
        return sum(len(told.text) for told in missed) > length

    def _whole(self) -> Told:
        """The whole farm, written once for all who ask before the next message."""
        if self._snapshot is None:
            line = json.dumps(self._whole_farm(), separators=(",", ":"))
            self._snapshot = self._history.numbered(line)
            self._snapshot_length = len(line)
        return self._snapshot

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()
