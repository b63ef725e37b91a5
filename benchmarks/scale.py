"""What grows: with the size of the table, with the size of the fleet, with the rate."""

import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.consumers import grid_monitor
from benchmarks.direct import TURBINES, Fed, data_folder, feeder
from benchmarks.programs import PROGRAMS
from benchmarks.table import Bar, Table, figure, median, median_ratio, spread
from benchmarks.throughput import measure
from monitor.store import DATABASE
from monitor.store.reader import LedgerReader

Say = Callable[[str], None]

MEMORY = Bar(90, "MB")
GROWTH = Bar(1.15)
QUERY = Bar(50, "ms")
FLEETS = (100, 1_000, 5_000)


def memory(*, seconds: float, say: Say) -> Table:
    """The monitor's memory with 1,000 turbines at 10,000 readings a second, through Mosquitto."""
    found = measure(grid_monitor(), int(10_000 * seconds), turbines=1_000, rate=10_000)
    say(f"memory: {figure(found.peak_memory_mb)} MB")
    columns = ("grid-monitor", "peak MB", "bar", "CPU us a reading", "missing")
    table = Table("Memory: 1,000 turbines, 10,000 readings/s, through Mosquitto", columns)
    verdict = table.judge(MEMORY, found.peak_memory_mb)
    cpu = figure(found.cpu_microseconds)
    table.add(f"{seconds:.0f} s", figure(found.peak_memory_mb), verdict, cpu, str(found.missing))
    return table


def growth(filled: Path, rows: int, *, rounds: int, readings: int, say: Say) -> Table:
    """What a reading costs with an empty table and with a full one, in turn."""
    empty, full = [], []
    for number in range(1, rounds + 1):
        with data_folder() as folder:
            empty.append(_flood(folder, readings))
        full.append(_flood(filled, readings))
        costs = f"{figure(empty[-1].cpu_microseconds)} and {figure(full[-1].cpu_microseconds)} us"
        say(f"round {number}: CPU for a reading, empty and full: {costs}")
    columns = ("readings in the table", "CPU us a reading", "readings/s", "cost against empty", "bar")
    table = Table("Growth with the table, fed directly", columns)
    costs_of_empty = [fed.cpu_microseconds for fed in empty]
    for name, found in (("none", empty), (f"{rows:,}", full)):
        costs_of_found = [fed.cpu_microseconds for fed in found]
        ratio = median_ratio(costs_of_found, costs_of_empty)
        verdict = table.judge(GROWTH, ratio) if found is full else ""
        rates = [fed.per_second for fed in found]
        table.add(name, spread(costs_of_found), spread(rates), figure(ratio), verdict)
    return table


def _flood(data_dir: Path, readings: int) -> Fed:
    with feeder() as broker, broker.monitor(data_dir) as program:
        broker.feed(program, TURBINES)
        return broker.feed(program, readings)


def fleet(*, readings: int, say: Say) -> Table:
    """The first reading of each turbine, and all that follow, for farms of several sizes."""
    columns = ("turbines", "s for the first reading of each", "readings/s after it", "CPU us a reading", "peak MB")
    table = Table("Growth with the fleet, fed directly", columns)
    for turbines in FLEETS:
        with feeder() as broker, data_folder() as folder, broker.monitor(folder) as program:
            first = broker.feed(program, turbines, turbines=turbines)
            after = broker.feed(program, readings, turbines=turbines)
        say(f"{turbines} turbines: {figure(after.per_second)} readings/s")
        cells = (first.seconds, after.per_second, after.cpu_microseconds, after.peak_memory_mb)
        table.add(f"{turbines:,}", *map(figure, cells))
    return table


def queries(filled: Path, rows: int, *, say: Say) -> Table:
    """How long a question takes in a full database."""
    table = Table(f"Questions, {rows:,} readings", ("question", "ms (median of 20)", "bar"))
    with LedgerReader.open(filled / DATABASE) as reader:
        newest = reader.readings(7, newest=1)[0].emitted_at
        day = 86_400 * 1_000_000
        questions: dict[str, Callable[[], object]] = {
            "the newest 20 readings of a turbine": lambda: reader.readings(7),
            "1,000 readings of a turbine, from a day in its past": lambda: reader.readings(
                7, newest=1000, since=newest - 2 * day, until=newest - day
            ),
            "the latest state of every turbine": reader.turbines,
        }
        for name, ask in questions.items():
            taken = _milliseconds(ask, times=20)
            table.add(name, figure(taken), table.judge(QUERY, taken))
    command = [str(PROGRAMS / "grid-monitor"), "readings", "7", "--data-dir", str(filled)]
    taken = _milliseconds(lambda: subprocess.run(command, check=True, capture_output=True, cwd=filled), times=5)
    table.add("`grid-monitor readings 7`, the whole command (median of 5)", figure(taken), "")
    say(f"questions: {figure(median([taken]))} ms for the whole command")
    return table


def _milliseconds(ask: Callable[[], object], *, times: int) -> float:
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        ask()
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)
