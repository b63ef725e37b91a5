"""F11: somebody's hand in the folder of text files."""

import os
import signal
from pathlib import Path

from checker import count_lines, text_files
from fault_farm import FaultFarm
from figures import Figures
from programs import wait_for

FOREIGN = b'{"turbine_number":3,"emitted_at":"2001-01-01T00:00:00.000000Z","note":"nobody emitted this"}\n'


def test_f11_torn_deleted_and_foreign_text_is_put_right(farm: FaultFarm, figures: Figures) -> None:
    monitor = farm.monitor()
    turbines = farm.load()
    farm.pause(1, 2)
    file_of(farm, 4).unlink()  # under the running monitor
    farm.pause(1, 2)
    monitor.end(signal.SIGKILL)
    tear(file_of(farm, 1))
    file_of(farm, 2).unlink()
    with file_of(farm, 3).open("ab") as file:
        file.write(FOREIGN)
    file_of(farm, 5).write_bytes(b"")
    missing = farm.rows() - count_lines(text_files(farm.data_dir))
    monitor = farm.monitor()
    wait_for(lambda: "missing in the text files: written" in monitor.output, "the files are repaired")
    assert "the last line of turbine-1.txt was torn: cut off" in monitor.output
    assert "turbine-3.txt has 1 lines that the database doesn't know: left alone" in monitor.output
    assert FOREIGN in file_of(farm, 3).read_bytes()
    monitor.end()
    file_of(farm, 3).write_bytes(file_of(farm, 3).read_bytes().replace(FOREIGN, b""))
    farm.monitor()
    verdict = farm.verdict(turbines)
    how = "text files torn, deleted, emptied, one with a foreign line"
    figures.note("F11", how, verdict, f"{missing:,} lines put back", "the foreign line left alone")


def file_of(farm: FaultFarm, turbine_number: int) -> Path:
    return farm.data_dir / "turbines" / f"turbine-{turbine_number}.txt"


def tear(file: Path) -> None:
    """Leave half of the last line."""
    last = file.read_bytes().splitlines(keepends=True)[-1]
    os.truncate(file, file.stat().st_size - len(last) // 2)
