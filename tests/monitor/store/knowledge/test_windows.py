"""Windows in the ledger: pruned ones stay, work is bounded, and what an older program stored is figured."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from grid.metrics import OperationalStatus
from grid.times import SECOND
from monitor.facts import Changes, KnowledgeChanges, Now, Reading, TurbineRecord, Window
from monitor.store.knowledge import windows as of_the_ledger
from monitor.store.knowledge_tables import MARK_ALL_MINUTES
from monitor.store.ledger import Ledger
from monitor.store.prunings import Slice
from monitor.windows.windows import Windows

NOON = 1_780_315_200 * SECOND
"""Some time ago: pruning goes by the machine's clock."""
MINUTE = 60 * SECOND


class Keeper:
    """A ledger and its decider, which work as the monitor has them work."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.windows = Windows(ledger.load().knowledge, now=Now(NOON, 0.0))
        self.watched = 0.0
        self.told: list[Window] = []

    def take(self, *readings: Reading, after: float = 0.0) -> list[Window]:
        """A batch that comes so many seconds later; returns what is told because of it."""
        self.watched += after
        decided = self.windows.take(readings, Now(NOON + int(self.watched * SECOND), self.watched))
        committed = self.ledger.commit(Changes(list(readings), knowledge=KnowledgeChanges(decided))).knowledge.windows
        self.windows.settle(committed)
        self.told += committed.figured
        return committed.figured

    def rest(self) -> None:
        """Let it figure what is marked."""
        for _ in range(40):
            self.take(after=61)

    def minutes(self, number: int = 7) -> dict[int, int]:
        """How many readings each minute after noon tells of."""
        sql = "SELECT (start_at - ?) / ?, readings FROM windows WHERE turbine_number = ? AND width_seconds = 60"
        return dict(self.ledger._db.execute(sql, [NOON, MINUTE, number]))

    def count(self, sql: str) -> int:
        row = self.ledger._db.execute(sql).fetchone()
        return int(row[0] or 0) if row else 0


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Keeper]:
    with Ledger.open(tmp_path / "grid.db") as ledger:
        ledger.commit(Changes(turbines=[TurbineRecord(7, NOON, region="north"), TurbineRecord(8, NOON)]))
        yield Keeper(ledger)


def emitted(second: float, number: int = 7, *, received: float = 0.0) -> Reading:
    at, arrived = NOON + round(second * SECOND), NOON + round(received * SECOND)
    return Reading(number, at, 8.0, 0.5, OperationalStatus.OK, None, None, None, None, None, arrived)


def ten_minutes(keeper: Keeper) -> None:
    keeper.take(*(emitted(second) for second in range(0, 600, 10)))
    keeper.rest()


def prune(keeper: Keeper, second: float) -> None:
    kept_since = NOON + round(second * SECOND)
    keeper.ledger.prune(Slice(table="readings", kept_since=kept_since, after=0, up_to=10_000))


def test_a_late_reading_corrects_its_window_and_those_that_hold_it(keeper: Keeper) -> None:
    ten_minutes(keeper)
    keeper.told.clear()
    keeper.take(emitted(65))
    keeper.rest()
    told = [(window.width_seconds, window.readings, window.revision) for window in keeper.told]
    assert told == [(60, 7, 2), (900, 61, 2)]
    assert keeper.count("SELECT readings FROM area_windows WHERE area = 'north' AND width_seconds = 900") == 61
    assert (
        keeper.count("SELECT revision FROM area_windows WHERE area = '' AND width_seconds = 60 AND readings = 7") == 2
    )


def test_repeats_change_nothing(keeper: Keeper) -> None:
    ten_minutes(keeper)
    keeper.told.clear()
    ten_minutes(keeper)
    assert keeper.told == []
    assert keeper.count("SELECT max(revision) FROM windows") == 1
    assert keeper.count("SELECT count(*) FROM window_marks") == 0


def test_a_window_whose_readings_were_pruned_stays_as_it_is(keeper: Keeper) -> None:
    ten_minutes(keeper)
    before = keeper.minutes()
    prune(keeper, 300)
    assert keeper.count("SELECT count(*) FROM readings") == 30
    keeper.take(emitted(65, received=9_000), emitted(302, received=9_000), emitted(-65, received=9_000))
    keeper.rest()
    assert keeper.minutes() == {**before, -2: 1}, "what is new is figured, what is gone is not"
    assert keeper.count("SELECT count FROM books WHERE name = 'windows_kept_as_pruned'") >= 2
    assert keeper.count("SELECT count(*) FROM window_marks") == 0


def test_long_after_a_pruning_late_readings_are_told_as_ever(keeper: Keeper) -> None:
    keeper.take(*(emitted(second) for second in range(0, 7200, 10)))
    keeper.rest()
    prune(keeper, 600)
    keeper.take(emitted(5000.5, received=9_000))
    keeper.rest()
    assert keeper.minutes()[83] == 7


def test_a_gap_that_began_with_a_pruned_reading_stays_what_it_was(keeper: Keeper) -> None:
    keeper.take(*(emitted(second) for second in range(0, 7200, 600)))
    keeper.rest()
    covered = "SELECT covered_seconds FROM windows WHERE width_seconds = 60 AND start_at = {}".format
    prune(keeper, 3000)
    keeper.take(emitted(500, received=9_000))
    keeper.rest()
    assert keeper.count(covered(NOON + 50 * MINUTE)) == 600, "not the 2500 since the late one"
    assert keeper.count(covered(NOON + 8 * MINUTE)) == 2500, "of the late one itself what is known: it has no other gap"


def test_the_first_reading_ever_may_come_right_after_a_pruning(keeper: Keeper) -> None:
    prune(keeper, -60)
    keeper.take(*(emitted(second) for second in range(0, 300, 10)))
    keeper.rest()
    keeper.take(emitted(5, received=9_000))
    keeper.rest()
    assert keeper.minutes()[0] == 7
    assert keeper.count("SELECT count FROM books WHERE name = 'windows_kept_as_pruned'") == 0


def test_a_late_reading_beside_pruned_ones_shortens_the_gap_after_it(keeper: Keeper) -> None:
    keeper.take(*(emitted(second) for second in (0, 10, 20, 30, 65, 75, 85)))
    keeper.rest()
    prune(keeper, 25)
    keeper.take(emitted(59, received=9_000))
    keeper.rest()
    assert keeper.minutes() == {0: 4, 1: 3}
    covered = f"SELECT covered_seconds FROM windows WHERE width_seconds = 60 AND start_at = {NOON + MINUTE}"
    assert keeper.count(covered) == 6 + 10 + 10


def test_minutes_with_many_readings_are_figured_one_by_one(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of_the_ledger, "MOST_READINGS", 50)
    keeper.take(*(emitted(second, number) for second in range(60) for number in (7, 8)))
    told = [len(keeper.take(emitted(70), emitted(70, 8))), len(keeper.take()), len(keeper.take())]
    assert told == [1, 1, 0]


def test_areas_of_many_turbines_are_gathered_a_few_with_each_commit(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper.take(*(emitted(60 * minute, number) for minute in range(10) for number in (7, 8)))
    minutes = "SELECT count(*) FROM area_windows WHERE area = '' AND width_seconds = 60"
    assert keeper.count(minutes) == 0
    monkeypatch.setattr(of_the_ledger, "MOST_READINGS", 3 * 2 * of_the_ledger.READINGS_OF_A_WINDOW)
    keeper.watched += 5
    told = [(keeper.take(), keeper.count(minutes))[1] for _ in range(4)]
    assert told == [3, 6, 8, 8], "the last two are open"


def test_what_an_older_program_has_stored_is_marked_minute_by_minute(keeper: Keeper) -> None:
    keeper.ledger.commit(Changes([emitted(second, number) for second in (0, 59, 61, 3000) for number in (7, 8)]))
    keeper.ledger._db.execute(MARK_ALL_MINUTES)
    keeper.windows = Windows(keeper.ledger.load().knowledge, now=Now(NOON, 0.0))
    keeper.rest()
    assert keeper.minutes(7) == keeper.minutes(8) == {0: 2, 1: 1, 50: 1}
    assert keeper.count("SELECT count(*) FROM window_marks") == 0


def test_marks_beyond_memory_are_recalled(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of_the_ledger, "_RECALL", of_the_ledger._RECALL.replace("LIMIT 2000", "LIMIT 3"))
    keeper.ledger.commit(Changes([emitted(60 * minute) for minute in range(10)]))
    keeper.ledger._db.execute(MARK_ALL_MINUTES)
    keeper.windows = Windows(keeper.ledger.load().knowledge, now=Now(NOON, 0.0))
    assert len(keeper.windows) == 3
    keeper.rest()
    assert keeper.minutes() == dict.fromkeys(range(10), 1)


def test_an_areas_quarter_hour_tells_the_greatest_of_its_minutes(keeper: Keeper) -> None:
    keeper.take(*(emitted(second, number) for second in range(0, 120, 10) for number in (7, 8)))
    keeper.take(emitted(30.5), after=2000)
    keeper.rest()
    greatest = "SELECT max(mean_power_in_kw) FROM area_windows WHERE area = '' AND width_seconds = 60"
    told = "SELECT max_power_in_kw FROM area_windows WHERE area = '' AND width_seconds = 900"
    assert keeper.count(told) == keeper.count(greatest) > 360
