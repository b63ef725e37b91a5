"""Verify holds windows against the readings that they are figured from."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from grid.times import SECOND
from monitor.facts import Changes, KnowledgeChanges, Reading, WindowChanges, WindowMark
from monitor.store.ledger import Ledger
from monitor.store.prunings import Slice
from monitor.store.tools import window_check
from monitor.store.tools.inspection import Inspection
from monitor.store.tools.window_check import CheckedWindows, check_windows

MakeReading = Callable[..., Reading]
MINUTE = 60 * SECOND


@pytest.fixture
def data_dir(tmp_path: Path, reading: MakeReading) -> Path:
    """Two minutes of turbine 7, figured, and their quarter hour."""
    keep(tmp_path, [reading(7, second) for second in range(120)], is_due=True)
    return tmp_path


def keep(data_dir: Path, readings: list[Reading], *, is_due: bool) -> None:
    """Store readings as the monitor does, and figure what they mark, or leave it waiting."""
    minutes = sorted({WindowMark(one.turbine_number, one.emitted_at - one.emitted_at % MINUTE) for one in readings})
    quarters = sorted({WindowMark(7, mark.start_at - mark.start_at % (15 * MINUTE), 900) for mark in minutes})
    windows = WindowChanges(marked=minutes, due=[*minutes, *quarters] if is_due else [])
    with Ledger.open(data_dir / "grid.db") as ledger:
        ledger.commit(Changes(readings=readings, knowledge=KnowledgeChanges(windows)))


def change(data_dir: Path, sql: str) -> None:
    with closing(sqlite3.connect(data_dir / "grid.db", isolation_level=None)) as db:
        assert db.execute(sql).rowcount > 0


def check(data_dir: Path) -> CheckedWindows:
    with Inspection.open(data_dir / "grid.db") as ledger:
        return check_windows(ledger)


def test_windows_that_were_figured_tell_what_their_readings_come_to(data_dir: Path) -> None:
    done = check(data_dir)
    assert (done.figured >= 3, list(done.sentences())) == (True, [])


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE windows SET energy_in_kwh = energy_in_kwh + 0.001 WHERE width_seconds = 60",
        "UPDATE windows SET broken_seconds = 1 WHERE width_seconds = 900",
        "UPDATE windows SET interval_seconds = NULL WHERE width_seconds = 60",
        "DELETE FROM readings WHERE id = 60",
        "DELETE FROM readings",
    ],
)
def test_one_that_tells_something_else_is_named(data_dir: Path, damage: str) -> None:
    change(data_dir, damage)
    (sentence,) = check(data_dir).sentences()
    assert sentence.startswith("windows that tell other than their readings: ")
    assert "turbine 7 from 20" in sentence


def test_one_that_waits_to_be_figured_is_no_difference(data_dir: Path, reading: MakeReading) -> None:
    keep(data_dir, [reading(7, 30.5), reading(7, 7200)], is_due=False)
    assert list(check(data_dir).sentences()) == []


def test_one_whose_readings_were_pruned_is_no_difference(data_dir: Path, reading: MakeReading) -> None:
    kept_since = reading(7, 100).emitted_at
    with Ledger.open(data_dir / "grid.db") as ledger:
        ledger.prune(Slice(table="readings", kept_since=kept_since, after=0, up_to=10_000))
    assert list(check(data_dir).sentences()) == []


def test_of_many_windows_some_are_figured(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    everything = check(data_dir).figured
    monkeypatch.setattr(window_check, "MOST_FIGURED", 2)
    assert 1 <= check(data_dir).figured <= everything // 2 + 1
