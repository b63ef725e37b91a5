"""The ledger in SQLite when others hold its file, when its disk is full, and when its file is damaged."""

import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from monitor.facts import Changes, Committed, Reading
from monitor.store.errors import StoreDamagedError, StoreUnavailableError
from monitor.store.ledger import Ledger
from monitor.store.lines import to_line
from monitor.store.reader import LedgerReader
from monitor.store.text_files import TextFiles

MakeReading = Callable[..., Reading]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "grid.db"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    with Ledger.open(path, busy_timeout_seconds=0.05) as opened:
        yield opened


def _stored(path: Path) -> int:
    with LedgerReader.open(path) as reader:
        return reader.last_reading_id()


def test_what_is_committed_is_on_the_disk(ledger: Ledger) -> None:
    asked = ("journal_mode", "synchronous", "foreign_keys")
    assert [ledger._one(f"PRAGMA {pragma}") for pragma in asked] == ["wal", 2, 1]


def test_closing_leaves_one_whole_file(path: Path, reading: MakeReading) -> None:
    with Ledger.open(path) as ledger:
        ledger.commit(Changes(readings=[reading()]))
    assert [file.name for file in path.parent.iterdir()] == ["grid.db"]


def test_a_locked_database_is_waited_for(ledger: Ledger, path: Path, reading: MakeReading) -> None:
    batch = Changes(readings=[reading()])
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        begun = time.monotonic()
        with pytest.raises(StoreUnavailableError, match=r"grid\.db is locked by another program"):
            ledger.commit(batch)
        assert time.monotonic() - begun < 2
        other.rollback()
    assert ledger.commit(batch).stored == batch.readings


def test_a_database_that_is_locked_at_the_start_is_named(path: Path) -> None:
    Ledger.open(path).close()
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreUnavailableError, match="is locked"):
            Ledger.open(path, busy_timeout_seconds=0.05)


def test_a_full_database_takes_nothing_of_the_batch_and_goes_on_when_there_is_room(
    ledger: Ledger, path: Path, reading: MakeReading
) -> None:
    ledger.commit(Changes(readings=[reading()]))
    batch = Changes(readings=[reading(second=second) for second in range(1, 5000)])
    pages = ledger._one("PRAGMA page_count")
    ledger._db.execute(f"PRAGMA max_page_count = {pages + 10}")
    for _ in range(3):
        with pytest.raises(StoreUnavailableError, match="the disk is full"):
            ledger.commit(batch)
        assert _stored(path) == 1
        assert ledger.load().last_received_at == batch.readings[0].received_at - 1_000_000
    ledger._db.execute(f"PRAGMA max_page_count = {pages + 10_000}")
    assert ledger.commit(batch) == Committed(batch.readings, 2, [])


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "grid", folder], capture_output=True).returncode:
        pytest.skip("a small disk can be mounted by root only")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_loses_nothing_and_is_left_behind_when_it_grows(small_disk: Path, reading: MakeReading) -> None:
    path = small_disk / "grid.db"
    told = 0
    with Ledger.open(path) as ledger:
        batches = [Changes(readings=[reading(second=1000 * n + second) for second in range(500)]) for n in range(40)]
        with suppress(StoreUnavailableError):
            for batch in batches:
                told += len(ledger.commit(batch).stored)
        assert 0 < told < 20_000
        with pytest.raises(StoreUnavailableError, match="disk"):
            ledger.commit(batches[-1])
        assert ledger.load().last_received_at is not None
        subprocess.run(["mount", "-o", "remount,size=64m", small_disk], check=True)
        told += sum(len(ledger.commit(batch).stored) for batch in batches)
        assert told == _stored(path) == 20_000


def test_an_overwritten_database_asks_for_a_person(path: Path, reading: MakeReading) -> None:
    with Ledger.open(path) as ledger:
        ledger.commit(Changes(readings=[reading(second=second) for second in range(2000)]))
    with path.open("rb+") as file:
        for page in range(2, path.stat().st_size // 4096):
            file.seek(page * 4096)
            file.write(b"\x5a" * 512)
    with pytest.raises(StoreDamagedError, match=r"is damaged .*run grid-monitor restore"), Ledger.open(path) as damaged:
        damaged.commit(Changes(readings=[reading(second=9999)]))


def test_a_file_that_is_no_database_asks_for_a_person(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"no database at all, but long enough" * 100)
    with pytest.raises(StoreDamagedError, match="is no database"):
        Ledger.open(path)
    with pytest.raises(StoreDamagedError, match="is no database"):
        LedgerReader.open(path)


@pytest.mark.parametrize("deed", ["deleted", "moved away", "replaced"])
def test_a_database_pulled_from_under_the_monitor_is_noticed(
    ledger: Ledger, path: Path, reading: MakeReading, deed: str
) -> None:
    """SQLite itself would go on writing into the file without a name, and lose all at the end."""
    ledger.commit(Changes(readings=[reading()]))
    if deed == "deleted":
        path.unlink()
    else:
        path.rename(path.with_name("elsewhere.db"))
    if deed == "replaced":
        path.touch()
    with pytest.raises(StoreDamagedError, match="under the running monitor"):
        ledger.commit(Changes(readings=[reading(second=1)]))


def test_a_place_without_a_write_ahead_log_is_refused() -> None:
    with pytest.raises(StoreUnavailableError, match=r"can't keep a write-ahead log \(its journal mode is memory\)"):
        Ledger.open(Path(":memory:"))


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(StoreUnavailableError, match="data can't be made"):
        Ledger.open(tmp_path / "data" / "grid.db")


def test_the_ledger_may_be_opened_in_one_thread_and_used_in_another(ledger: Ledger, reading: MakeReading) -> None:
    stored: list[Committed] = []
    worker = threading.Thread(target=lambda: stored.append(ledger.commit(Changes(readings=[reading()]))))
    worker.start()
    worker.join()
    assert len(stored[0].stored) == 1


WRITER = """
import sys
from collections import Counter
from pathlib import Path
from grid.metrics import OperationalStatus
from monitor.facts import Changes, Reading, TurbineRecord
from monitor.store.ledger import Ledger
from monitor.store.reader import LedgerReader
from monitor.store.text_files import TextFiles

folder = Path(sys.argv[1])
with Ledger.open(folder / "grid.db") as ledger, LedgerReader.open(folder / "grid.db") as reader:
    files = TextFiles(folder, max_open=3, position_every_seconds=0.02)
    files.repair(reader)
    number = reader.last_reading_id() // 50
    while True:
        readings = [
            Reading(1 + n % 6, number * 1000 + n, 1.5, 2.5, OperationalStatus.OK, None, None, None, "s", n, 1)
            for n in range(50)
        ]
        again = readings + [one._replace(emitted_at=one.emitted_at - 1000) for one in readings[:5] if number]
        turbines = [TurbineRecord(n, 0, connection=number) for n in range(1, 7)]
        committed = ledger.commit(Changes(again, turbines, counted=Counter(received=len(again))))
        print(number, flush=True)
        files.append(committed)
        number += 1
"""


def test_a_killed_monitor_loses_nothing_that_was_committed(tmp_path: Path) -> None:
    """The batches are whole, those told as committed are all there, and the text files say the same."""
    chance = random.Random(7)
    told = -1
    for _ in range(6):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, tmp_path], stdout=subprocess.PIPE, text=True)
        with writer:
            assert writer.stdout is not None
            assert writer.stdout.readline()
            time.sleep(chance.uniform(0.02, 0.2))
            writer.send_signal(signal.SIGKILL)
            told = max(told, *map(int, writer.stdout.read().split()), told)
    with Ledger.open(tmp_path / "grid.db") as ledger, LedgerReader.open(tmp_path / "grid.db") as reader:
        stored, rest = divmod(reader.last_reading_id(), 50)
        assert rest == 0
        assert stored >= told + 1 > 6
        assert {turbine.connection for turbine in ledger.load().turbines} == {stored - 1}
        assert reader.invariants() == []
        assert ledger._one("PRAGMA quick_check") == "ok"
        _files_say_the_same(tmp_path, reader)


def _files_say_the_same(folder: Path, reader: LedgerReader) -> None:
    with TextFiles(folder) as files:
        assert files.repair(reader).foreign == {}
    lines: dict[int, list[str]] = {}
    for _, reading in reader.readings_after(0, 10**9):
        lines.setdefault(reading.turbine_number, []).append(to_line(reading))
    for turbine_number, expected in lines.items():
        path = folder / "turbines" / f"turbine-{turbine_number}.txt"
        assert path.read_text() == "".join(expected)
