"""A filled data folder is one that the monitor could have left."""

from pathlib import Path

from benchmarks.filled import TURBINES, fill
from monitor.store import DATABASE
from monitor.store.reader import LedgerReader
from monitor.store.tools.verify import verify


def test_database_and_text_files_agree_line_by_line(tmp_path: Path) -> None:
    fill(tmp_path / "data", 20 * TURBINES)

    with LedgerReader.open(tmp_path / "data" / DATABASE) as reader:
        assert reader.last_reading_id() == 20 * TURBINES
        assert [reading.sequence for reading in reader.readings(TURBINES, newest=3)] == [19, 18, 17]
        assert len(reader.turbines_with_readings()) == TURBINES
    found = verify(tmp_path / "data")
    assert found.agree, list(found.sentences())
