"""A back-up is the database at one moment, whole and checked, while readings go on coming."""

import os
import signal
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from stores import fill, text_file

from monitor.facts import Changes, Reading
from monitor.store.errors import StoreDamagedError, StoreMissingError
from monitor.store.ledger import Ledger
from monitor.store.reader import LedgerReader
from monitor.store.tools import backup
from monitor.store.tools.backup import back_up
from monitor.store.tools.new_file import TargetRefusedError

MakeReading = Callable[..., Reading]


@pytest.fixture
def data_dir(tmp_path: Path, reading: MakeReading) -> Path:
    found = tmp_path / "data"
    fill(found, [reading(n, second) for second in range(1000) for n in (7, 8)])
    return found


def test_a_backup_opens_as_the_database_it_was(data_dir: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    done = back_up(data_dir, copy)
    assert (done.readings, done.size) == (2000, copy.stat().st_size)
    with LedgerReader.open(copy) as ledger, LedgerReader.open(data_dir / "grid.db") as original:
        assert ledger.readings_after(0, 10**4) == original.readings_after(0, 10**4)
        assert ledger.ledger_id() == original.ledger_id()
        assert ledger.invariants() == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.db", "data"]


def test_the_monitor_writes_on_while_it_is_copied(
    data_dir: Path, tmp_path: Path, reading: MakeReading, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy is of one moment between two commits: of each batch it has all readings or none."""
    monkeypatch.setattr("monitor.store.tools.inspection._STEPS_BETWEEN_LOOKS", 1000)
    committed, during = 0, []
    stop = threading.Event()

    def write() -> None:
        nonlocal committed
        with Ledger.open(data_dir / "grid.db") as ledger:
            while not stop.is_set():
                batch = [reading(n, 5000 + committed) for n in range(1, 11)]
                ledger.commit(Changes(readings=batch, counted=Counter(received=10)))
                committed += 1

    def look(done: int, total: int) -> None:
        during.append(committed)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        copies = [back_up(data_dir, tmp_path / f"{number}.db", on_progress=look) for number in range(5)]
    finally:
        stop.set()
        writer.join()
    assert all(copy.readings >= 2000 and copy.readings % 10 == 0 for copy in copies)
    assert [copy.readings for copy in copies] == sorted(copy.readings for copy in copies)
    assert len(set(during)) > 1
    for number in range(5):
        with LedgerReader.open(tmp_path / f"{number}.db") as ledger:
            assert ledger.invariants() == []


def test_a_monitor_that_starts_meanwhile_does_not_mix_two_moments(
    data_dir: Path, tmp_path: Path, reading: MakeReading, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While nobody writes SQLite looks for no log, and the last pages would be newer than the first ones."""
    monkeypatch.setattr("monitor.store.tools.inspection._STEPS_BETWEEN_LOOKS", 1000)
    started: list[int] = []

    def look(done: int, total: int) -> None:
        if not started:
            started.append(done)
            batch = [reading(n, second) for second in range(5000, 6000) for n in (7, 8)]
            fill(data_dir, also=Changes(readings=batch, counted=Counter(received=len(batch))))

    back_up(data_dir, tmp_path / "copy.db", on_progress=look)
    assert started
    with LedgerReader.open(tmp_path / "copy.db") as ledger:
        assert len(ledger.readings_after(0, 10**4)) == ledger.books()["stored"] == 4000


def test_a_file_that_is_there_is_not_overwritten_unless_that_is_wanted(data_dir: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    copy.write_text("precious")
    with pytest.raises(TargetRefusedError, match="say --force"):
        back_up(data_dir, copy)
    assert copy.read_text() == "precious"
    assert back_up(data_dir, copy, force=True).readings == 2000


def test_an_older_programs_database_is_copied_before_it_is_migrated(data_dir: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(data_dir / "grid.db")) as db, db:
        db.execute("DROP TABLE sequences")
        db.execute("DROP TABLE prunings")
        db.execute("UPDATE ledger SET format = 1")
    assert back_up(data_dir, tmp_path / "copy.db").readings == 2000


def test_ctrl_c_stops_it_as_it_stops_all_else(data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite swallows the interruption, and tells of it in words of its own."""
    monkeypatch.setattr("monitor.store.tools.inspection._STEPS_BETWEEN_LOOKS", 1000)

    def look(done: int, total: int) -> None:
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        back_up(data_dir, tmp_path / "copy.db", on_progress=look)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


@pytest.mark.parametrize("name", ["grid.db", "grid.db-wal", "link.db", "turbines/turbine-7.txt", "monitor.lock"])
def test_the_store_itself_is_not_overwritten_whatever_is_wanted(data_dir: Path, name: str) -> None:
    """A running monitor would go on writing into the file that was there before."""
    (data_dir / "link.db").symlink_to("grid.db")
    before = (data_dir / "grid.db").read_bytes()
    with pytest.raises(TargetRefusedError, match="own data"):
        back_up(data_dir, data_dir / name, force=True)
    assert (data_dir / "grid.db").read_bytes() == before
    assert text_file(data_dir).read_bytes().startswith(b"{")


@pytest.mark.parametrize("target", ["/dev/null", "."])
def test_what_is_no_file_is_not_replaced_by_one(data_dir: Path, target: str) -> None:
    with pytest.raises(TargetRefusedError, match="is no file"):
        back_up(data_dir, Path(target), force=True)


def test_a_file_that_appears_meanwhile_is_not_overwritten(data_dir: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"

    def appear(done: int, total: int) -> None:
        copy.write_text("precious")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("monitor.store.tools.inspection._STEPS_BETWEEN_LOOKS", 1000)
        with pytest.raises(TargetRefusedError):
            back_up(data_dir, copy, on_progress=appear)
    assert copy.read_text() == "precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.db", "data"]


def test_a_damaged_database_gives_no_backup(data_dir: Path, tmp_path: Path) -> None:
    path = data_dir / "grid.db"
    with path.open("r+b") as file:
        for page in range(path.stat().st_size // 4096 // 2, path.stat().st_size // 4096):
            file.seek(page * 4096)
            file.write(os.urandom(2000))
    with pytest.raises(StoreDamagedError, match="grid-monitor restore"):
        back_up(data_dir, tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


def test_a_damaged_copy_is_not_given_its_name(data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk of the back-up garbles what is written."""
    check = backup._check

    def garble_and_check(copy: Path) -> int:
        with closing(sqlite3.connect(copy)) as db, db:
            db.execute("PRAGMA writable_schema = ON")
            db.execute("UPDATE sqlite_master SET rootpage = rootpage + 1 WHERE name = 'readings_identity'")
        return check(copy)

    monkeypatch.setattr(backup, "_check", garble_and_check)
    with pytest.raises(StoreDamagedError):
        back_up(data_dir, tmp_path / "copy.db")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data"]


def test_where_the_copy_cannot_be_written_it_is_said(data_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(TargetRefusedError, match=r"there is no folder .*nowhere"):
        back_up(data_dir, tmp_path / "nowhere" / "copy.db")


def test_without_a_database_there_is_nothing_to_copy(tmp_path: Path) -> None:
    with pytest.raises(StoreMissingError):
        back_up(tmp_path, tmp_path / "copy.db")
