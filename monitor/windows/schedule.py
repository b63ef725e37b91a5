"""When each marked window is to be figured: at its deadline, and the more rarely the oftener it changes."""

from collections.abc import Iterator
from heapq import heappop, heappush

from monitor.facts import WindowMark

FIRST_PAUSE_SECONDS = 1.0
"""After which a late change is figured: what comes meanwhile is figured with it."""

LONGEST_PAUSE_SECONDS = 60.0

MOST_REMEMBERED = 4096
"""How many of the windows that were figured because of late changes are remembered, for their pause."""


class Schedule:
    """Marks, each with its deadline in watched seconds. It holds each mark once."""

    def __init__(self) -> None:
        self._due: dict[WindowMark, float] = {}
        self._heap: list[tuple[float, WindowMark]] = []
        self._figured_late: dict[WindowMark, tuple[float, float]] = {}
        """The pause after which it was figured last, and when."""

    def __contains__(self, mark: WindowMark) -> bool:
        return mark in self._due

    def __len__(self) -> int:
        return len(self._due)

    def add(self, mark: WindowMark, due: float) -> None:
        """Have it figured then, or when it was to be, if that is sooner."""
        known = self._due.get(mark)
        if known is None or due < known:
            self._due[mark] = due
            heappush(self._heap, (due, mark))

    def add_late(self, mark: WindowMark, now: float) -> None:
        """Have a window figured again that is complete: after a second, then two, then four, up to a minute.

        So a window that changes all the time costs little, however many readings it holds; and the pause is short
        again for one that was left alone for twice as long.
        """
        if mark in self._due:
            return
        pause, at = self._figured_late.pop(mark, (0.0, 0.0))
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS) if pause and now - at < 2 * pause else FIRST_PAUSE_SECONDS
        self._figured_late[mark] = pause, now + pause
        if len(self._figured_late) > MOST_REMEMBERED:
            del self._figured_late[next(iter(self._figured_late))]
        self.add(mark, now + pause)

    def drain(self, now: float, most: int) -> Iterator[WindowMark]:
        """Let go of those that are due, at most so many, the longest due first."""
        while most and self._heap and self._heap[0][0] <= now:
            due, mark = heappop(self._heap)
            if self._due.get(mark) == due:  # else it was brought forward, and is gone
                del self._due[mark]
                most -= 1
                yield mark
