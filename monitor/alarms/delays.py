"""On- and off-delays: what was seen, and waits for its moment."""

import heapq
from collections.abc import Collection
from typing import NamedTuple

from monitor.alarms.conditions import Condition, Key


class Delayed(NamedTuple):
    """A condition that is to be raised at `due` (watched seconds), or cleared if there is none."""

    due: float
    turn: int
    condition: Condition | None


class Delays:
    """A heap of deadlines; each condition has one at most. What was cancelled or planned anew is passed over."""

    def __init__(self) -> None:
        self._waiting: dict[Key, Delayed] = {}
        self._heap: list[tuple[float, int, Key]] = []
        self._turns = 0

    def __len__(self) -> int:
        """How many conditions wait."""
        return len(self._waiting)

    def get(self, key: Key) -> Delayed | None:
        """What waits for a condition."""
        return self._waiting.get(key)

    def plan(self, key: Key, due: float, condition: Condition | None) -> None:
        """Raise or clear it then, whatever was planned before."""
        self._turns += 1
        self._waiting[key] = Delayed(due, self._turns, condition)
        heapq.heappush(self._heap, (due, self._turns, key))

    def is_coming(self, key: Key) -> bool:
        """Whether a condition holds, and its alarm waits for the end of the delay."""
        delayed = self._waiting.get(key)
        return delayed is not None and delayed.condition is not None

    def cancel(self, key: Key) -> bool:
        """Do neither; returns whether anything was planned."""
        return self._waiting.pop(key, None) is not None

    def cancel_raising(self, rules: Collection[str]) -> bool:
        """Raise nothing of these rules; returns whether anything was planned."""
        cancelled = [key for key, delayed in self._waiting.items() if key[0] in rules and delayed.condition]
        for key in cancelled:
            del self._waiting[key]
        return bool(cancelled)

    def take_due(self, watched: float) -> list[tuple[Key, Condition | None]]:
        """What is to be raised or cleared now, in order."""
        found = []
        while self._heap and self._heap[0][0] <= watched:
            _, turn, key = heapq.heappop(self._heap)
            delayed = self._waiting.get(key)
            if delayed is not None and delayed.turn == turn:
                del self._waiting[key]
                found.append((key, delayed.condition))
        return found
