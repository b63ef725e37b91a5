from collections.abc import Callable
from pathlib import Path

from monitor.facts import Changes, Reading
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
