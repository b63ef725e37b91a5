from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.facts import Changes, Reading
from monitor.store.errors import StoreTooSlowError
from monitor.store.ledger import Ledger
from monitor.store.reader import LedgerReader


def test_reading_after_the_monitor_leaves_no_files_behind(tmp_path: Path) -> None:
    path = tmp_path / "grid.db"
    with Ledger.open(path) as ledger:
        ledger.commit(Changes())
    with LedgerReader.open(path) as reader:
        assert reader.turbines() == []
    assert [file.name for file in tmp_path.iterdir()] == ["grid.db"]


def test_reading_beside_the_monitor_sees_what_is_committed_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "grid.db"
    with Ledger.open(path) as ledger, LedgerReader.open(path) as reader:
        changes = Changes()
        changes.counted["received"] = 3
        ledger.commit(changes)
        assert reader.books() == {"received": 3}


def test_a_reader_that_came_just_before_the_monitor_finds_no_damage(
    tmp_path: Path, reading: Callable[..., Reading]
) -> None:
    """Without a write-ahead log it takes the file for one that nobody changes; then pages change under it."""
    path = tmp_path / "grid.db"
    with Ledger.open(path) as ledger:
        ledger.commit(Changes(readings=[reading()]))
    with LedgerReader.open(path) as reader:
        with Ledger.open(path) as ledger:
            ledger.commit(Changes(readings=[reading(second=second) for second in range(1, 5000)]))
        assert len(reader.readings(7, newest=5000)) == 5000


def test_a_database_behind_a_link_is_read_with_its_log(tmp_path: Path, reading: Callable[..., Reading]) -> None:
    """SQLite keeps the log beside the file: whoever looks beside the link takes a running monitor for none."""
    link = tmp_path / "grid.db"
    link.symlink_to(tmp_path / "elsewhere.db")
    with Ledger.open(link) as ledger, LedgerReader.open(link) as reader:
        ledger.commit(Changes(readings=[reading()]))
        assert len(reader.readings(7)) == 1


@pytest.mark.parametrize("monitor_runs", [True, False])
def test_a_question_is_given_up_when_that_is_said(
    tmp_path: Path, reading: Callable[..., Reading], monitor_runs: bool
) -> None:
    path = tmp_path / "grid.db"
    with Ledger.open(path) as ledger:
        ledger.commit(Changes(readings=[reading(second=second) for second in range(5000)]))
        if not monitor_runs:
            ledger.close()
        with LedgerReader.open(path, give_up=lambda: True) as reader:
            with pytest.raises(StoreTooSlowError, match="ask for less"):
                reader.readings(7, newest=5000)
            assert reader.turbine(7) is None  # a short one is over before anybody is asked
