"""Which windows are complete, and which must be figured again: watermarks in event time."""

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Final

from grid.times import SECOND
from monitor.facts import (
    AREAS,
    MINUTE_SECONDS,
    Now,
    Reading,
    RememberedKnowledge,
    WindowChanges,
    WindowMark,
    WindowsCommitted,
)
from monitor.windows.schedule import Schedule

GRACE_SECONDS = 15.0
"""How much longer than a window lasts the monitor waits for a reading that tells that it is over."""

AREA_PAUSE_SECONDS = 2.0
"""From the first turbine's window to the area's: meanwhile most others come."""

MOST_DUE = 300
"""So many windows are figured with one commit, which then takes some 30 ms longer."""

MOST_WAITING = 20_000
"""If more windows wait, as many more are figured with each commit: what arrives has to wait instead."""

RECALLED_BELOW = 1_000
"""How few minutes of an earlier run may wait when more of its marks are asked for."""

_MINUTE: Final = MINUTE_SECONDS * SECOND
_NUMBER_AND_TIME = itemgetter(Reading._fields.index("turbine_number"), Reading._fields.index("emitted_at"))


class _Turbine:
    """What the monitor knows of a turbine's event time. Readings from `begin` on and before `end` say nothing new."""

    __slots__ = ("begin", "end", "newest", "waiting")

    def __init__(self) -> None:
        self.begin = self.end = 0
        self.newest = 0
        self.waiting: list[WindowMark] = []
        """Windows that the watermark has not passed."""


class Windows:
    """Knows of each turbine which windows hold readings that they don't tell of yet: those that are marked.

    A turbine's watermark is the newest `emitted_at` less the allowed lateness. A window is complete when the
    watermark has passed its end, or when no reading came that moves it there within the rest of the window and 15
    seconds more, in watched time. Then it is figured, and again whenever a late reading has changed it. All else is
    the ledger's: it figures the windows from what is stored, and tells by `settle` what is marked in consequence.

    A reading within the minute of the one before costs one comparison.
    """

    def __init__(self, remembered: RememberedKnowledge, *, now: Now, allowed_lateness_seconds: float = 5.0) -> None:
        """Continue with the marks that the store has."""
        self._lateness = int(allowed_lateness_seconds * SECOND)
        self._turbines: dict[int, _Turbine] = {}
        self._schedule = Schedule()
        self._marked: list[WindowMark] = []
        self._due: set[WindowMark] = set()
        """What was due with the batch that was taken last."""
        self._now = now
        self._recalled: set[WindowMark] = set()
        """Minutes that an earlier run has marked, and that wait; longer windows may wait long for their end."""
        self._recalled_to: WindowMark | None = None
        self._recall(remembered.window_marks)

    def __len__(self) -> int:
        """How many windows are marked, as far as they are in memory."""
        return len(self._schedule)

    def take(self, readings: Sequence[Reading], now: Now) -> WindowChanges:
        """Take the readings of a batch, repeats and late ones too; say what is to be marked and what is due."""
        self._now = now
        turbines = self._turbines
        for number, at in map(_NUMBER_AND_TIME, readings):
            turbine = turbines.get(number)
            if turbine is None or not turbine.begin <= at < turbine.end:
                self._take(number, at)
        due = self._drain()
        self._due = set(due)
        marked, self._marked = [mark for mark in self._marked if mark in self._schedule], []
        few = len(self._recalled) < RECALLED_BELOW
        return WindowChanges(marked, due, self._recalled_to if few else None, at=now.utc)

    def settle(self, committed: WindowsCommitted) -> None:
        """Take what the commit of the batch that was taken last has marked, and what it has left undone."""
        for mark in committed.marks:
            self._remark(mark)
        self._due = set()
        if committed.recalled is not None:
            self._recall(committed.recalled)

    def _take(self, number: int, at: int) -> None:
        """A reading in another minute than the one before, or past a watermark."""
        turbine = self._turbine(number)
        mark = WindowMark(number, at - at % _MINUTE)
        if mark not in self._schedule:
            self._marked.append(mark)
            self._wait_for(turbine, mark, seen=at)
        if at > turbine.newest:
            turbine.newest = at
            self._pass_watermark(turbine)
        turbine.begin, turbine.end = mark.start_at, mark.start_at + _MINUTE
        for waiting in turbine.waiting:
            if at < (passes := self._watermark_passes(waiting)) < turbine.end:
                turbine.end = passes

    def _turbine(self, number: int) -> _Turbine:
        turbine = self._turbines.get(number)
        if turbine is None:
            turbine = self._turbines[number] = _Turbine()
        return turbine

    def _watermark_passes(self, mark: WindowMark) -> int:
        """The event time of a reading that makes the window complete."""
        return mark.start_at + mark.width_seconds * SECOND + self._lateness

    def _wait_for(self, turbine: _Turbine, mark: WindowMark, *, seen: int) -> None:
        """Have a turbine's window figured when it is complete; later again, if it is. `seen`: its newest known time."""
        if turbine.newest >= self._watermark_passes(mark):
            self._schedule.add_late(mark, self._now.watched)
            return
        rest = mark.start_at + mark.width_seconds * SECOND - seen
        rest_seconds = min(max(rest / SECOND, 0.0), mark.width_seconds)
        turbine.waiting.append(mark)
        self._schedule.add(mark, self._now.watched + rest_seconds + GRACE_SECONDS)

    def _pass_watermark(self, turbine: _Turbine) -> None:
        passed = [mark for mark in turbine.waiting if self._watermark_passes(mark) <= turbine.newest]
        for mark in passed:
            turbine.waiting.remove(mark)
            self._schedule.add(mark, self._now.watched)

    def _drain(self) -> list[WindowMark]:
        """What is due, in the order in which one is figured from the other."""
        most = max(MOST_DUE, len(self._schedule) - MOST_WAITING)
        due = sorted(self._schedule.drain(self._now.watched, most), key=_by_origin)
        self._recalled.difference_update(due)
        for mark in due:
            turbine = self._turbines.get(mark.turbine_number)
            if turbine is None:
                continue
            if mark in turbine.waiting:
                turbine.waiting.remove(mark)
            if mark.start_at <= turbine.begin < mark.start_at + _MINUTE:
                turbine.begin = turbine.end = 0  # the next reading of this minute has to mark it again
        return due

    def _remark(self, mark: WindowMark) -> None:
        """What a commit has marked, or left undone."""
        if mark in self._due:
            self._schedule.add(mark, self._now.watched)
            return
        if mark in self._schedule:
            return
        if mark.turbine_number == AREAS:
            self._schedule.add_late(mark, self._now.watched + AREA_PAUSE_SECONDS)
            return
        turbine = self._turbine(mark.turbine_number)
        self._wait_for(turbine, mark, seen=turbine.newest or self._now.utc)

    def _recall(self, marks: Iterable[WindowMark]) -> None:
        """Continue with marks of an earlier run; more of them are asked for later, until there are none."""
        self._recalled_to = None
        for mark in marks:
            self._remark(mark)
            if mark.width_seconds == MINUTE_SECONDS:
                self._recalled.add(mark)
            self._recalled_to = mark


def _by_origin(mark: WindowMark) -> tuple[int, bool, WindowMark]:
    return mark.width_seconds, mark.turbine_number == AREAS, mark
