"""When windows are marked, and when they are due."""

from collections.abc import Iterable
from itertools import pairwise

from grid.metrics import OperationalStatus
from grid.times import SECOND
from monitor.facts import (
    AREAS,
    QUARTER_SECONDS,
    Now,
    Reading,
    RememberedKnowledge,
    WindowChanges,
    WindowMark,
    WindowsCommitted,
)
from monitor.windows import schedule
from monitor.windows.windows import MOST_DUE, RECALLED_BELOW, Windows

NOON = 1_795_262_400
MINUTE = 60


def reading(second: float, number: int = 7) -> Reading:
    at = int((NOON + second) * SECOND)
    return Reading(number, at, 8.0, 0.5, OperationalStatus.OK, None, None, None, None, None, at)


def minute(place: int, number: int = 7) -> WindowMark:
    return WindowMark(number, (NOON + place * MINUTE) * SECOND)


class Watch:
    """A decider, asked at seconds after noon."""

    def __init__(self, marks: Iterable[WindowMark] = ()) -> None:
        self.windows = Windows(RememberedKnowledge(window_marks=list(marks)), now=self.at(0))

    @staticmethod
    def at(second: float) -> Now:
        return Now(int((NOON + second) * SECOND), float(second))

    def take(self, second: float, *readings: Reading) -> WindowChanges:
        return self.windows.take(readings, self.at(second))

    def settle(self, *marks: WindowMark, recalled: list[WindowMark] | None = None) -> None:
        self.windows.settle(WindowsCommitted(marks=list(marks), recalled=recalled))


def test_a_minute_is_marked_with_its_first_reading() -> None:
    watch = Watch()
    assert watch.take(1, reading(1), reading(2)).marked == [minute(0)]
    assert watch.take(3, reading(3)) == WindowChanges()


def test_a_minute_is_due_when_a_reading_came_from_five_seconds_behind_its_end() -> None:
    watch = Watch()
    watch.take(1, reading(1))
    assert watch.take(65, reading(64.999999)).due == []
    assert watch.take(65, reading(65)).due == [minute(0)]


def test_a_minute_is_due_without_a_later_reading_fifteen_seconds_after_its_end() -> None:
    watch = Watch()
    watch.take(10, reading(10))
    assert watch.take(74.9).due == []
    assert watch.take(75).due == [minute(0)]


def test_of_a_replay_each_minute_is_due_when_its_own_time_has_passed_it() -> None:
    """The wall clock says nothing of the time that is replayed."""
    watch = Watch()
    old = -86_400 * 365
    assert watch.take(1, reading(old), reading(old + 30)).due == []
    assert watch.take(2, reading(old + 70)).due == [WindowMark(7, (NOON + old) * SECOND)]


def test_what_is_marked_and_due_within_one_batch_is_not_marked() -> None:
    changes = Watch().take(1, reading(1), reading(601), reading(1201))
    assert changes.marked == [minute(20)]
    assert changes.due == [minute(0), minute(10)]


def test_a_late_reading_has_its_minute_figured_after_a_second() -> None:
    watch = Watch()
    watch.take(1, reading(1))
    watch.take(70, reading(70))
    assert watch.take(80, reading(30)).marked == [minute(0)]
    assert watch.take(80.5, reading(31)) == WindowChanges()
    assert watch.take(81).due == [minute(0)]


def test_after_it_is_figured_a_minute_is_marked_again_by_what_comes_next() -> None:
    watch = Watch()
    watch.take(10, reading(10))
    assert watch.take(80).due == [minute(0)]
    assert watch.take(81, reading(11)).marked == [minute(0)]


def test_a_minute_that_changes_all_the_time_is_figured_more_and_more_seldom() -> None:
    watch = Watch()
    watch.take(0, reading(0))
    watch.take(100, reading(100))
    due = [second for second in range(101, 701) if minute(0) in watch.take(second, reading(second / 100)).due]
    pauses = [later - earlier for earlier, later in pairwise(due)]
    # A pause begins with the next reading, here a second after the minute was figured.
    assert pauses[:5] == [1 + 2, 1 + 4, 1 + 8, 1 + 16, 1 + 32]
    assert set(pauses[5:]) == {1 + schedule.LONGEST_PAUSE_SECONDS}


def test_minutes_that_end_together_are_spread_over_commits() -> None:
    watch = Watch()
    farm = range(1, 1001)
    watch.take(1, *(reading(1, number) for number in farm))
    due = [watch.take(66 + turn, *(reading(66 + turn, number) for number in farm)).due for turn in range(4)]
    assert [len(each) for each in due] == [MOST_DUE, MOST_DUE, MOST_DUE, 1000 - 3 * MOST_DUE]
    assert len({mark for each in due for mark in each}) == 1000


def test_what_a_commit_has_left_is_due_with_the_next() -> None:
    watch = Watch()
    watch.take(1, reading(1))
    due = watch.take(65, reading(65)).due
    watch.settle(*due)
    assert watch.take(65).due == due


def test_a_quarter_hour_waits_for_its_end() -> None:
    watch = Watch()
    quarter = WindowMark(7, NOON * SECOND, QUARTER_SECONDS)
    watch.take(1, reading(1))
    watch.take(65, reading(65))
    watch.settle(quarter)
    assert watch.take(899, reading(899)).due == [minute(1)]
    assert watch.take(905, reading(905)).due == [minute(14), quarter]


def test_areas_are_gathered_some_seconds_after_the_first_turbine() -> None:
    watch = Watch()
    area = WindowMark(AREAS, NOON * SECOND)
    watch.take(65)
    watch.settle(area)
    assert watch.take(67.9).due == []
    assert watch.take(68).due == [area]


def test_marks_of_an_earlier_run_are_recalled_a_page_at_a_time() -> None:
    first = [minute(0, number) for number in range(1, RECALLED_BELOW + 2)]
    watch = Watch(first)
    assert watch.take(1).recall_after is None
    assert watch.take(76).recall_after == first[-1]
    watch.settle(recalled=[minute(0, 5000)])
    assert watch.take(77).recall_after == minute(0, 5000)
    watch.settle(recalled=[])
    found = [mark for second in range(78, 300) for mark in watch.take(second).due]
    assert minute(0, 5000) in found
    assert watch.take(300) == WindowChanges()


def test_a_large_farm_recalls_marks_of_an_earlier_run_beside_its_own() -> None:
    farm = range(1, 2 * RECALLED_BELOW)
    watch = Watch([minute(-1000, number) for number in farm])
    due = []
    for second in range(0, 60, 5):
        changes = watch.take(second, *(reading(second, number) for number in farm))
        due += changes.due
    assert len(due) == len(farm)
    assert changes.recall_after == minute(-1000, farm[-1])
