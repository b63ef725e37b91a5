"""Which turbines are talked of too often: one that breaks and recovers all the time must not fill the log."""

from collections import Counter

from grid.times import SECOND

MOST_LINES = 20
"""About one turbine in a second. A visit from its incident to its end has fewer."""


class Talkative:
    """Counts the lines about each turbine, second by second."""

    def __init__(self) -> None:
        self._second = 0
        self._lines = Counter[int]()

    def is_too_much(self, turbine_number: int) -> bool:
        """Whether a line about this turbine is to be left out. Ask once for each line, after `left_out`."""
        self._lines[turbine_number] += 1
        return self._lines[turbine_number] > MOST_LINES

    def left_out(self, at: int) -> dict[int, int]:
        """How many lines were left out since a new second began, by turbine; `at` is the time, UTC in microseconds.

        Empty while the second lasts.
        """
        second = at // SECOND
        if second == self._second:
            return {}
        left_out = {number: lines - MOST_LINES for number, lines in self._lines.items() if lines > MOST_LINES}
        self._second, self._lines = second, Counter()
        return left_out
