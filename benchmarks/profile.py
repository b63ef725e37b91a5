"""Where the monitor's time goes under a flood: its functions by their own CPU time, over all threads."""

import pstats
import sys
import tempfile
from pathlib import Path

from benchmarks.direct import TURBINES, data_folder, feeder
from benchmarks.programs import PROJECT, Program
from benchmarks.table import Table, figure

SHOWN = 25


def profile(*, readings: int) -> Table:
    """Feed a monitor under a profiler directly; the functions that take most, with microseconds for each reading."""
    table = Table(
        "Where the time goes, fed directly, under a profiler", ("function", "thread", "share", "us a reading")
    )
    with tempfile.TemporaryDirectory(prefix="grid-bench-") as name:
        with feeder() as broker, data_folder() as folder:
            command = broker.command(folder)
            profiled = [sys.executable, "-m", "benchmarks.profiled_monitor", name, *command[1:]]
            with Program(profiled, folder.with_name("log")) as program:
                broker.feed(program, TURBINES)
                broker.feed(program, readings)
        found = [row for path in Path(name).glob("*.pstats") for row in _functions(path)]
    total = sum(seconds for _, _, seconds in found)
    for function, thread, seconds in sorted(found, key=lambda row: -row[2])[:SHOWN]:
        table.add(function, thread, f"{seconds / total:.1%}", figure(seconds / readings * 1e6))
    table.notes.append(
        f"All together {figure(total / readings * 1e6)} us a reading, with the profiler's own time in it."
    )
    return table


def _functions(path: Path) -> list[tuple[str, str, float]]:
    """Function, thread and own seconds."""
    statistics: dict[tuple[str, int, str], tuple[int, int, float, float, object]]
    statistics = pstats.Stats(str(path)).stats  # type: ignore[attr-defined]
    return [(_name(*place), path.stem, own) for place, (_, _, own, _, _) in statistics.items()]


def _name(file: str, line: int, function: str) -> str:
    path = Path(file)
    if path.is_relative_to(PROJECT):
        return f"{path.relative_to(PROJECT)}: {function}"
    return function if file == "~" else f"{path.name}: {function}"
