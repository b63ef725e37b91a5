from pathlib import Path

from monitor.facts import Changes
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
