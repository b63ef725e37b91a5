"""The store is compared, copied and pruned while the monitor takes readings, and rebuilt when it is damaged."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from programs import Farm, wait_for


@contextmanager
def reporting(farm: Farm) -> Iterator[None]:
    """Two turbines report all the time."""
    stop = threading.Event()

    def report() -> None:
        while not stop.wait(0.02):
            for number in (7, 8):
                farm.report(number, "ok")

    thread = threading.Thread(target=report)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_beside_the_running_monitor_all_tools_work(farm: Farm) -> None:
    farm.monitor()
    with reporting(farm):
        wait_for(lambda: len(farm.read("readings", turbine_number=7)) >= 20, "readings come in")
        for arguments in (
            ["verify"],
            ["backup", str(farm.data_dir / "copy.db")],
            ["prune", "--keep", "0h"],
            ["verify"],
        ):
            done = farm.run(*arguments)
            assert (done.returncode, done.stderr) == (0, ""), done.stdout
        assert "deleted" in farm.run("prune", "--keep", "0h").stdout
        assert farm.run("export").stdout.startswith("turbine_number,")
        refused = farm.run("restore")
        assert refused.returncode == 1
        assert "stop it" in refused.stderr
    assert farm.run("verify").returncode == 0


def test_a_database_that_is_damaged_under_the_monitor_is_rebuilt(farm: Farm) -> None:
    program = farm.monitor()
    with reporting(farm):
        wait_for(lambda: len(farm.read("readings", turbine_number=7)) >= 20, "readings come in")
        program.process.send_signal(signal.SIGKILL)
        program.process.wait(10)
    farm.report(7, "ok")  # while nobody is there
    before = len(farm.text_lines(7)) + len(farm.text_lines(8))
    os.truncate(farm.data_dir / "grid.db", 4096)
    (farm.data_dir / "grid.db-wal").unlink(missing_ok=True)
    refused = farm.run("run")
    assert refused.returncode == 1
    assert "run grid-monitor restore" in refused.stderr
    restored = farm.run("restore")
    assert restored.returncode == 0, restored.stderr
    assert farm.read("last_reading_id") == before
    assert farm.run("verify").returncode == 0
    farm.monitor()
    wait_for(lambda: farm.read("last_reading_id") > before, "what the broker kept is taken")
    assert farm.run("verify").returncode == 0
