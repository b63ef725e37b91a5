"""Two monitors never work in one data folder."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.store.errors import DataFolderInUseError, StoreUnavailableError
from monitor.store.lock import DataFolderLock

HOLDER = """
import sys, time
from pathlib import Path
from monitor.store.lock import DataFolderLock
lock = DataFolderLock(Path(sys.argv[1]))
lock.acquire()
print("held", flush=True)
time.sleep(60)
"""


def test_the_second_monitor_is_told_which_process_holds_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with subprocess.Popen([sys.executable, "-c", HOLDER, folder], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(DataFolderInUseError, match=rf"process {holder.pid}\) works in .*data"):
            DataFolderLock(folder).acquire()
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    # What the dead process left behind is no obstacle.
    with DataFolderLock(folder):
        assert (folder / "monitor.lock").read_text() == f"{os.getpid()}\n"


def test_a_folder_that_was_let_go_can_be_taken_again(tmp_path: Path) -> None:
    with DataFolderLock(tmp_path) as lock:
        with pytest.raises(DataFolderInUseError):
            DataFolderLock(tmp_path).acquire()
        lock.close()
        with DataFolderLock(tmp_path):
            pass


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(StoreUnavailableError, match="data can't be written to"):
        DataFolderLock(tmp_path / "data").acquire()
