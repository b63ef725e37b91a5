"""The command: chosen parts, one after the other, each as a table as soon as it is done."""

import argparse
import os
import platform
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import direct, scale
from benchmarks.consumers import Consumer, node_red_peer, python_peers
from benchmarks.filled import fill
from benchmarks.peers import node_red
from benchmarks.programs import BenchmarkError
from benchmarks.readings import Farm
from benchmarks.simulator import simulator
from benchmarks.table import Table
from benchmarks.throughput import Rounds


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything: a run to believe, or a quick look."""

    rounds: int
    readings: int
    rows: int
    seconds: float
    turbines: int
    stack: ExitStack = field(default_factory=ExitStack)
    """What is made once and used by several parts."""


FULL = {"rounds": 5, "readings": 100_000, "rows": 3_000_000, "seconds": 4.0, "turbines": 2_000}
QUICK = {"rounds": 1, "readings": 40_000, "rows": 300_000, "seconds": 1.5, "turbines": 500}


class Benchmarks:
    """All parts, by name, in their order."""

    def __init__(self, size: Size, node_red_folder: Path | None) -> None:
        self._size = size
        self._node_red_folder = node_red_folder
        self._filled: Path | None = None
        self.parts: dict[str, Callable[[], Iterator[Table]]] = {
            "throughput": self._throughput,
            "ceiling": self._ceiling,
            "latency": self._latency,
            "memory": self._memory,
            "fleet": self._fleet,
            "growth": self._growth,
            "simulator": self._simulator,
        }

    def _throughput(self) -> Iterator[Table]:
        peers = python_peers() + self._node_red()
        rounds, readings = self._size.rounds, self._size.readings
        yield Rounds.run(peers, rounds=rounds, readings=readings, say=say).table()

    def _node_red(self) -> list[Consumer]:
        folder = self._node_red_folder or self._temporary_folder()
        say("installing Node-RED, if it is not there ...")
        try:
            node_red.install(folder)
        except BenchmarkError as error:
            say(str(error))
            return []
        return [node_red_peer(folder)]

    def _ceiling(self) -> Iterator[Table]:
        yield direct.ceiling(rounds=self._size.rounds, readings=self._size.readings, say=say)

    def _latency(self) -> Iterator[Table]:
        yield direct.latency(seconds=self._size.seconds, rounds=min(3, self._size.rounds), say=say)

    def _memory(self) -> Iterator[Table]:
        yield scale.memory(seconds=4 * self._size.seconds, say=say)

    def _fleet(self) -> Iterator[Table]:
        yield scale.fleet(readings=self._size.readings, say=say)

    def _simulator(self) -> Iterator[Table]:
        yield simulator(turbines=self._size.turbines, seconds=5 * self._size.seconds, say=say)

    def _growth(self) -> Iterator[Table]:
        """Everything on the same full data folder, which takes a while to make."""
        rows = self._size.rows
        folder = self._temporary_folder() / "data"
        say(f"filling a database and its text files with {rows:,} readings ...")
        fill(folder, rows)
        with direct.feeder(pinned=False) as broker:
            broker.start(folder)  # it sees the text files for the first time
        folders = [
            ("empty", None, direct.FIRST_COMMIT_EMPTY),
            (f"{rows:,} readings", folder, direct.FIRST_COMMIT_FULL),
        ]
        rounds = min(3, self._size.rounds)
        yield direct.starts(folders, rounds=rounds, say=say)
        yield scale.growth(folder, rows, rounds=rounds, readings=self._size.readings // 2, say=say)
        yield scale.queries(folder, rows, say=say)

    def _temporary_folder(self) -> Path:
        return Path(self._size.stack.enter_context(tempfile.TemporaryDirectory(prefix="grid-bench-")))


def say(sentence: str) -> None:
    """Progress, beside the tables."""
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()


def show(text: str) -> None:
    """A part of the result."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _machine() -> str:
    size = len(Farm(100, 100_000).reading(50_000).to_json())
    return (
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}; readings of {size} bytes; load before: {os.getloadavg()[0]:.1f}"
    )


def _arguments(arguments: Sequence[str], parts: Sequence[str]) -> argparse.Namespace:
    options = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure Grid beside its peers.")
    options.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(parts)}; default: all")
    options.add_argument("--quick", action="store_true", help="a look in under two minutes; figures are rough")
    options.add_argument("--rounds", type=int, help="how often each is measured, in turn; default 5")
    options.add_argument("--rows", type=int, help="readings in the full database; default 3000000")
    options.add_argument("--node-red", type=Path, metavar="FOLDER", help="where Node-RED is, or is to be kept")
    chosen = options.parse_args(arguments)
    if unknown := set(chosen.parts) - set(parts):
        options.error(f"no such part: {', '.join(sorted(unknown))}")
    return chosen


@contextmanager
def _size(chosen: argparse.Namespace) -> Iterator[Size]:
    figures: dict[str, float] = dict(QUICK if chosen.quick else FULL)
    figures |= {name: given for name in ("rounds", "rows") if (given := getattr(chosen, name)) is not None}
    with ExitStack() as stack:
        yield Size(**figures, stack=stack)  # type: ignore[arg-type]


def main() -> int:
    """Run the chosen parts; the exit code is 1 when a part could not run. A missed bar is a result, not an error."""
    names = list(Benchmarks(Size(0, 0, 0, 0, 0), None).parts)
    chosen = _arguments(sys.argv[1:], names)
    failed = missed = 0
    began = time.monotonic()
    show(f"{_machine()}\n")
    with _size(chosen) as size:
        parts = Benchmarks(size, chosen.node_red).parts
        for name in chosen.parts or names:
            try:
                for table in parts[name]():
                    missed += table.missed
                    show(str(table))
            except BenchmarkError as error:
                failed += 1
                show(f"{name}: {error}\n")
    show(f"{missed} bars missed; {time.monotonic() - began:.0f} s.")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
