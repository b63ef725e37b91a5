"""Sequences in the ledger: after a crash at any moment they are what they were."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from monitor.facts import (
    Arrived,
    Changes,
    DeadLetter,
    Now,
    Reading,
    RememberedSequences,
    Run,
    SequenceChanges,
    SequenceRecord,
)
from monitor.sequences.sequences import Sequences
from monitor.store import sequences as stored_sequences
from monitor.store.ledger import Ledger
from monitor.store.reader import LedgerReader
from monitor.store.tools.rebuild import Rebuilding
from monitor.store.tools.salvage import Salvage

MakeReading = Callable[..., Reading]


class Watch:
    """Sequences on a real ledger; a restart leaves them no chance to write anything more, as kill -9 does."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.watched = 0.0
        self.ledger = Ledger.open(path)
        self.restart()

    def restart(self) -> None:
        """Go on from what the ledger has."""
        self.ledger.close()
        self.ledger = Ledger.open(self.path)
        self.sequences = Sequences(self.ledger.load().sequences, now=Now(0, self.watched))

    def take(self, *readings: Reading) -> None:
        self.sequences.take(Arrived(readings))
        changes = self.sequences.drain(Now(1, self.watched))
        counted = self.sequences.counted.copy()
        counted["received"] = len(readings)
        self.sequences.counted.clear()
        self.ledger.commit(Changes(list(readings), sequences=changes, counted=counted))

    def told(self) -> dict[str, int]:
        told = []
        for _ in range(10):
            self.watched += 0.5
            told += self.sequences.due(Now(1, self.watched))
        return {session: sequence for _, session, sequence in told}


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    opened = Watch(tmp_path / "grid.db")
    yield opened
    opened.ledger.close()


def invariants(watch: Watch) -> list[str]:
    with LedgerReader.open(watch.path) as reader:
        return reader.invariants()


def test_what_was_committed_after_the_last_checkpoint_is_known_after_a_crash(
    watch: Watch, reading: MakeReading
) -> None:
    for second in range(10):
        watch.take(reading(second=second, sequence=second))
    remembered = watch.ledger.load().sequences
    assert [record.following for record in remembered.records] == [1]
    assert remembered.since == [Run(7, "s-1", 1, 9)]
    watch.restart()
    assert watch.told() == {"s-1": 9}
    assert invariants(watch) == []


def test_gaps_are_what_they_were_before_a_crash(watch: Watch, reading: MakeReading) -> None:
    for sequence in (0, 1, 5, 6, 9):
        watch.take(reading(second=sequence, sequence=sequence))
    watch.restart()
    assert watch.sequences.missing == {7: 5}
    watch.take(reading(second=2, sequence=2), reading(second=8, sequence=8))
    with LedgerReader.open(watch.path) as reader:
        assert [(record.gaps, record.missing) for record in reader.sequences()] == [("3-4,7", 3)]
        assert reader.missing() == {7: 3}
        books = reader.books()
    assert (books["gaps_opened"], books["gaps_closed"]) == (5, 2)
    assert invariants(watch) == []


def test_a_failed_commit_acknowledges_nothing_of_it(watch: Watch, reading: MakeReading) -> None:
    watch.take(reading(second=0, sequence=0))
    with closing(sqlite3.connect(watch.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Exception, match="locked"):
            watch.take(reading(second=1, sequence=1))
        other.execute("ROLLBACK")
    watch.sequences = Sequences(watch.ledger.load().sequences, now=Now(1, watch.watched))
    assert watch.told() == {"s-1": 0}


def test_a_sequence_that_a_crash_forgot_shows_as_missing_and_the_books_balance(
    watch: Watch, reading: MakeReading
) -> None:
    """Its reading had the time of another one: it is a repeat, and nothing of it is kept but in memory."""
    watch.take(reading(second=0, sequence=0))
    watch.take(reading(second=0, sequence=1), reading(second=2, sequence=2))
    assert watch.sequences.missing == {}
    watch.restart()
    assert watch.sequences.missing == {7: 1}
    watch.take(reading(second=3, sequence=3))
    assert invariants(watch) == []


def test_only_the_newest_readings_are_read_back_where_there_never_was_a_checkpoint(
    tmp_path: Path, reading: MakeReading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_sequences, "MOST_READINGS_READ_BACK", 4)
    with Ledger.open(tmp_path / "grid.db") as ledger:
        ledger.commit(Changes([reading(second=second, sequence=second) for second in range(10)]))
        assert ledger.load().sequences == RememberedSequences([], [Run(7, "s-1", 6, 9)], kept=False)


def test_gaps_that_do_not_balance_are_told(tmp_path: Path) -> None:
    path = tmp_path / "grid.db"
    with Ledger.open(path) as ledger:
        ledger._db.table("sequences").insert(
            {
                "turbine_number": 7,
                "session": "s",
                "following": 9,
                "followed_from": 0,
                "gaps": "3",
                "missing": 1,
                "heard_at": 0,
            }
        )
    with LedgerReader.open(path) as reader:
        assert reader.invariants() == [
            "the gaps do not balance: 0 readings were skipped, but 0 came later, 0 are given up and 1 are missing"
        ]


def test_sessions_are_read_in_the_order_in_which_they_were_heard(tmp_path: Path) -> None:
    records = [SequenceRecord(7, name, 1, 0, "", 0, at) for name, at in (("b", 1), ("a", 2))]
    path = tmp_path / "grid.db"
    with Ledger.open(path) as ledger:
        stored_sequences.write_sequences(ledger._db, SequenceChanges(records), 0)
    with LedgerReader.open(path) as reader:
        assert reader.sequences() == records


def test_a_commit_tells_how_many_were_new_repeated_and_refused(
    tmp_path: Path, dead_letter: Callable[..., DeadLetter], reading: MakeReading
) -> None:
    with Ledger.open(tmp_path / "grid.db") as ledger:
        twice = [reading(second=0), reading(second=0), reading(second=1, turbine_number=0)]
        committed = ledger.commit(Changes(twice, dead_letters=[dead_letter()]))
    assert (len(committed.stored), committed.duplicate, committed.rejected) == (1, 1, 2)


def test_a_restored_database_follows_its_sequences_from_the_readings_it_has(watch: Watch, reading: MakeReading) -> None:
    """What the damaged one said of them may be of readings that are lost."""
    for sequence in (0, 1, 5):
        watch.take(reading(second=sequence, sequence=sequence))
    watch.ledger.close()
    with closing(sqlite3.connect(watch.path)) as damaged, damaged:
        damaged.execute("DELETE FROM readings WHERE sequence = 1")
    new = watch.path.with_name("new.db")
    Ledger.open(new).close()
    with closing(Database(new)) as db, Salvage(watch.path) as source:
        Rebuilding(db, watch.path.parent / "turbines", [source], lambda _: None).run(at=0)
    watch.path = new
    watch.ledger = Ledger.open(new)
    watch.sequences = Sequences(watch.ledger.load().sequences, now=Now(0, watch.watched))
    watch.take(reading(second=6, sequence=6))
    assert watch.told() == {"s-1": 0}
    assert invariants(watch) == []
