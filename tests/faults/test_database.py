"""F9: another process locks the database."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fault_farm import Extent, FaultFarm
from figures import Figures
from programs import wait_for

_HOLD = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
db.execute("ROLLBACK")
"""


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Another process holds SQLite's write lock meanwhile."""
    command: list[str | Path] = [sys.executable, "-c", _HOLD, database]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"locked\n"
        yield


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
    wait_for(lambda: farm.health(monitor).get("store_error") is None, "it is well again")
    verdict = farm.verdict(turbines)
    figures.note("F9", f"database locked for {seconds} s", verdict, f"longest stall {stall:.1f} s")
