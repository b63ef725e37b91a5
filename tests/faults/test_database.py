"""F9 and F10: another process locks the database, or bytes of it are damaged."""

import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from checker import identities_in, identities_stored, text_files
from fault_farm import Extent, FaultFarm
from figures import Figures
from locks import locked
from programs import wait_for

WAL_HEADER = 32
WAL_FRAME = 24 + 4096


@pytest.mark.parametrize("which", ["a moment", "long"])
def test_f9_a_locked_database_delays_and_loses_nothing(
    farm: FaultFarm, which: str, extent: Extent, figures: Figures
) -> None:
    seconds = 2 if which == "a moment" else extent(12, 60)
    monitor = farm.monitor()
    turbines = farm.load()
    with locked(farm.data_dir / "grid.db"):
        started = time.monotonic()
        time.sleep(0.5)  # a commit that had begun is over
        before = farm.rows()
        if which == "long":
            wait_for(lambda: "locked" in str(farm.health(monitor).get("store_error")), "it says so", seconds)
            assert farm.run("doctor", *farm.at_broker).returncode == 3
        time.sleep(max(0.0, started + seconds - time.monotonic()))
        assert farm.rows() == before
        assert farm.health(monitor)["connected"]
    stall = farm.seconds_to_next_commit(started)
    farm.wait_for_store(monitor, fails=False)
    verdict = farm.verdict(turbines)
    figures.note("F9", f"database locked for {seconds} s", verdict, f"longest stall {stall:.1f} s")


def overwrite_the_header(database: Path) -> None:
    overwrite(database, offset=0, count=100)


def overwrite_pages(database: Path) -> None:
    overwrite(database, offset=database.stat().st_size // 2, count=3 * 4096)


def halve(database: Path) -> None:
    with database.open("r+b") as file:
        file.truncate(database.stat().st_size // 2)


def flip_bytes_of_the_log(database: Path) -> None:
    """In the middle of what counts. SQLite takes it for the log's end, and says nothing of the commits behind it."""
    log = wal_of(database).read_bytes()
    salt = log[16:24]  # of the log's header; frames of an earlier round have another
    frames = [at for at in range(WAL_HEADER, len(log), WAL_FRAME) if log[at + 8 : at + 16] == salt]
    overwrite(wal_of(database), offset=frames[len(frames) // 2] + 100, count=16)


def overwrite(file: Path, *, offset: int, count: int) -> None:
    assert file.stat().st_size > offset + count
    with file.open("r+b") as opened:
        opened.seek(offset)
        opened.write(b"\xa5" * count)


def wal_of(database: Path) -> Path:
    return database.with_name(f"{database.name}-wal")


@pytest.mark.parametrize(
    ("damage", "is_refused"),
    [(overwrite_the_header, True), (halve, True), (overwrite_pages, False), (flip_bytes_of_the_log, False)],
    ids=["header", "halved", "pages", "log"],
)
def test_f10_a_damaged_database_is_found_and_rebuilt_from_the_text_files(
    farm: FaultFarm, damage: Callable[[Path], None], is_refused: bool, figures: Figures
) -> None:
    monitor = farm.monitor()
    turbines = farm.load()
    farm.pause(2, 4)
    monitor.end(signal.SIGKILL)
    before = identities_stored(farm.data_dir)
    written = identities_in(text_files(farm.data_dir))
    assert written
    keep_in_the_database(farm.data_dir, checkpointed=damage is not flip_bytes_of_the_log)
    damage(farm.data_dir / "grid.db")
    if is_refused:
        refused = farm.start("grid-monitor", "--data-dir", farm.data_dir)
        assert refused.wait() == 1
        assert "grid-monitor restore" in refused.output
        assert "Traceback" not in refused.output
    found = farm.run("verify")
    assert found.returncode == 3, found.stdout + found.stderr
    assert "Traceback" not in found.stderr
    restored = farm.run("restore")
    assert restored.returncode == 0, restored.stdout + restored.stderr
    after = identities_stored(farm.data_dir)
    assert written <= after <= before
    assert farm.run("verify").returncode == 0
    farm.monitor()
    verdict = farm.verdict(turbines)  # what was committed and neither written nor acknowledged yet came again
    words = damage.__name__.replace("_", " ")
    figures.note("F10", words, verdict, f"rows before {len(before):,}, restored {len(after):,}")


def keep_in_the_database(data_dir: Path, *, checkpointed: bool) -> None:
    """Bring what is in the write-ahead log into the database, so that it is there to be damaged."""
    if checkpointed:
        with closing(sqlite3.connect(data_dir / "grid.db")) as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
