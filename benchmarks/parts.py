"""The parts of the benchmark, by name and in their order: each gives one table or several."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks import direct, knowledge, page_speed, scale, served, tls
from benchmarks.anomalies import anomalies
from benchmarks.consumers import Consumer, node_red_peer, python_peers
from benchmarks.filled import fill
from benchmarks.judging import judging
from benchmarks.peers import node_red
from benchmarks.profile import profile
from benchmarks.programs import BenchmarkError
from benchmarks.real_data import real_data
from benchmarks.simulator import simulator
from benchmarks.table import Table
from benchmarks.throughput import Rounds
from benchmarks.window_rows import window_rows


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything."""

    rounds: int
    """How often each is measured, all of them in turn."""
    readings: int
    """In one run at full speed."""
    rows: int
    """Readings in the full database."""
    seconds: float
    """Of one run at a given rate."""
    turbines: int
    """In one `grid-turbines`."""
    watched_seconds: float
    """For how long a page is watched in the browser."""
    installs: bool
    """Whether there is time to install Node-RED."""


FULL = Size(rounds=3, readings=100_000, rows=3_000_000, seconds=4.0, turbines=2_000, watched_seconds=600, installs=True)
QUICK = Size(rounds=1, readings=40_000, rows=300_000, seconds=1.0, turbines=500, watched_seconds=60, installs=False)

DEFAULT_PARTS = ("throughput", "ceiling", "knowledge", "latency", "memory", "fleet", "growth", "simulator")
ALL_PARTS = (*DEFAULT_PARTS, "tls", "pages", "profile", "real-data", "anomalies")


class Parts:
    """Runs parts by name; temporary folders are on the stack, gone when it is closed."""

    def __init__(
        self,
        size: Size,
        stack: ExitStack,
        *,
        node_red_folder: Path | None,
        real_data_folder: Path | None = None,
        say: Callable[[str], None],
    ) -> None:
        self._size = size
        self._stack = stack
        self._node_red_folder = node_red_folder
        self._real_data_folder = real_data_folder
        self._say = say

    def run(self, name: str) -> Iterator[Table]:
        """Measure one of `ALL_PARTS`. Raises BenchmarkError when it can't be done here."""
        runs: dict[str, Callable[[], Iterator[Table]]] = {
            "throughput": self._throughput,
            "tls": self._tls,
            "ceiling": self._ceiling,
            "anomalies": self._anomalies,
            "knowledge": self._knowledge,
            "latency": self._latency,
            "memory": self._memory,
            "fleet": self._fleet,
            "growth": self._growth,
            "simulator": self._simulator,
            "pages": self._pages,
            "profile": self._profile,
            "real-data": self._real_data,
        }
        yield from runs[name]()

    def _throughput(self) -> Iterator[Table]:
        peers = python_peers() + self._node_red()
        rounds = Rounds.run(peers, rounds=self._size.rounds, readings=self._size.readings, say=self._say)
        yield rounds.table()

    def _tls(self) -> Iterator[Table]:
        yield tls.ingest(rounds=2 * self._size.rounds, readings=self._size.readings, say=self._say)

    def _node_red(self) -> list[Consumer]:
        if self._node_red_folder is None and not self._size.installs:
            self._say("Node-RED is left out of a quick look, unless --node-red names where it is")
            return []
        folder = self._node_red_folder or self._temporary_folder()
        self._say("looking for Node-RED; where it is not there, npm installs it, which takes a minute ...")
        try:
            node_red.install(folder)
        except BenchmarkError as error:
            self._say(str(error))
            return []
        return [node_red_peer(folder)]

    def _ceiling(self) -> Iterator[Table]:
        yield direct.ceiling(rounds=self._size.rounds, readings=self._size.readings, say=self._say)

    def _knowledge(self) -> Iterator[Table]:
        """What the deciders after fleet and dispatcher cost, of time and of memory."""
        yield judging()
        yield window_rows(rounds=10 * self._size.rounds)
        yield knowledge.ingest(rounds=self._size.rounds, readings=self._size.readings, say=self._say)
        yield knowledge.memory(say=self._say)

    def _latency(self) -> Iterator[Table]:
        yield direct.latency(seconds=self._size.seconds, rounds=self._size.rounds, say=self._say)

    def _memory(self) -> Iterator[Table]:
        yield scale.memory(seconds=5 * self._size.seconds, say=self._say)

    def _fleet(self) -> Iterator[Table]:
        yield scale.fleet(readings=self._size.readings, say=self._say)

    def _growth(self) -> Iterator[Table]:
        """Everything on the same full data folder, which takes a while to make."""
        rows = self._size.rows
        folder = self._temporary_folder() / "data"
        self._say(f"filling a database and its text files with {rows:,} readings ...")
        fill(folder, rows)
        with direct.feeder(pinned=False) as broker:
            broker.start(folder)  # the monitor sees these text files for the first time
        empty = ("empty", None, direct.FIRST_COMMIT_EMPTY)
        full = (f"{rows:,} readings", folder, direct.FIRST_COMMIT_FULL)
        yield direct.starts([empty, full], rounds=self._size.rounds, say=self._say)
        readings = self._size.readings // 2
        yield scale.growth(folder, rows, rounds=self._size.rounds, readings=readings, say=self._say)
        yield scale.queries(folder, rows, say=self._say)

    def _simulator(self) -> Iterator[Table]:
        yield simulator(turbines=self._size.turbines, seconds=4 * self._size.seconds, say=self._say)

    def _pages(self) -> Iterator[Table]:
        """What open pages cost the server, and how one of them keeps up in a browser."""
        yield served.intake(rounds=2 * self._size.rounds, readings=self._size.readings, say=self._say)
        yield served.cpu(seconds=5 * self._size.seconds, rounds=self._size.rounds, say=self._say)
        yield served.memory(seconds=5 * self._size.seconds, say=self._say)
        yield page_speed.page_speed(seconds=self._size.watched_seconds, say=self._say)

    def _anomalies(self) -> Iterator[Table]:
        yield from anomalies(quick=self._size is QUICK, say=self._say)

    def _profile(self) -> Iterator[Table]:
        yield profile(readings=self._size.readings)

    def _real_data(self) -> Iterator[Table]:
        yield from real_data(self._real_data_folder, say=self._say)

    def _temporary_folder(self) -> Path:
        return Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="grid-bench-")))
