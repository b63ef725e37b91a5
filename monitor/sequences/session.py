"""One session of a turbine: which of its readings are settled, kept as the gaps among them."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

MOST_GAPS = 100
"""How many gaps of a session are told apart. With more, the two lowest and what is known between become one."""

LARGEST_GAP = 1_000_000
"""In readings. Whoever skips more does not count as we do, and its next reading is like a first one."""

OPENED, CLOSED, GIVEN_UP = "gaps_opened", "gaps_closed", "gaps_given_up"
"""What the books count, in readings: skipped; came later; will not come, or is not followed any more."""


class Gap(NamedTuple):
    """Readings that are not there: both ends are in it."""

    first: int
    last: int

    @property
    def size(self) -> int:
        """How many readings."""
        return self.last - self.first + 1


@dataclass(slots=True, eq=False)
class Session:
    """All sequences below `following` are settled, but for the gaps, which are in order.

    `following` may be raised by one from outside, when the next reading comes: that is how nearly all come.
    Whatever else is forgotten when there is too much of it: nothing counts as settled that never was.
    """

    turbine_number: int
    name: str
    counted: Counter[str]
    """Where opened, closed and given-up gaps are counted."""
    following: int = 0
    followed_from: int = 0
    """Gaps below are from before the first reading that was heard, or are not followed any more."""
    gaps: list[Gap] = field(default_factory=list)
    missing: int = 0
    """How many readings the gaps from `followed_from` on are."""

    # what was told and written of it
    told: int = -1
    asked: bool = False
    """Whether settled readings came again: the turbine did not hear what was told."""
    written: int = -1
    """What `following` was when the session was written last."""

    @property
    def prefix(self) -> int:
        """The last one before which nothing lacks, counted from 0; -1 if there is none."""
        return (self.gaps[0].first if self.gaps else self.following) - 1

    def settle(self, first: int, last: int) -> bool:
        """Note that these are stored, or refused for good; returns whether any of them was news."""
        following = self.following
        if first - following > LARGEST_GAP or (following == 0 and first > 0):
            self._follow_from(first)
        elif first > following:
            self.gaps.append(Gap(following, first - 1))
            self._count(OPENED, first - following)
        filled = self._fill(first, last, CLOSED) if first < following else False
        self.following = max(following, last + 1)
        self._keep_few_gaps()
        return filled or last >= following

    def give_up_before(self, sequence: int) -> bool:
        """Note that what still lacks before this one will not come; returns whether anything did."""
        return self._fill(0, min(sequence, self.following) - 1, GIVEN_UP)

    def close(self) -> None:
        """Give up what is missing: nobody follows the session any more."""
        self._count(GIVEN_UP, self.missing)

    def _follow_from(self, sequence: int) -> None:
        """Begin with this reading: what lacks before it is from a time that nobody watched."""
        self._count(GIVEN_UP, self.missing)
        self.gaps = [Gap(self.prefix + 1, sequence - 1)]
        self.followed_from = sequence

    def _fill(self, first: int, last: int, how: str) -> bool:
        begin = end = bisect_left(self.gaps, first, key=_last)
        left: list[Gap] = []
        while end < len(self.gaps) and self.gaps[end].first <= last:
            gap = self.gaps[end]
            if gap.first < first:
                left.append(Gap(gap.first, first - 1))
            if gap.last > last:
                left.append(Gap(last + 1, gap.last))
            if gap.first >= self.followed_from:
                self._count(how, min(last, gap.last) - max(first, gap.first) + 1)
            end += 1
        self.gaps[begin:end] = left
        return end > begin

    def _keep_few_gaps(self) -> None:
        while len(self.gaps) > MOST_GAPS:
            lowest, second = self.gaps[:2]
            self.gaps[:2] = [Gap(lowest.first, second.last)]
            self._count(GIVEN_UP, sum(gap.size for gap in (lowest, second) if gap.first >= self.followed_from))
            self.followed_from = max(self.followed_from, second.last + 1)

    def _count(self, how: str, readings: int) -> None:
        self.counted[how] += readings
        self.missing += readings if how is OPENED else -readings


def _last(gap: Gap) -> int:
    return gap.last


def gaps_in_words(gaps: Iterable[Gap]) -> str:
    """Gaps as a list of pages is written: `5-9,12`."""
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in gaps)


def parse_gaps(text: str) -> list[Gap]:
    """Read what `gaps_in_words` wrote."""
    ends = [part.partition("-") for part in text.split(",") if part]
    return [Gap(int(first), int(last or first)) for first, _, last in ends]
