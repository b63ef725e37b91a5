"""The monitor fed by the scripted broker: its own ceiling, its latency, its start and its recovery."""

import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import disk
from benchmarks.consumers import Command, distinct_readings, monitor_command
from benchmarks.programs import Program, Speaker
from benchmarks.readings import SPACING
from benchmarks.stopwatch import Delivery
from benchmarks.table import Bar, Table, figure, median, spread

TURBINES = 100
MONITORS_CORE = 1
BROKERS_CORE = 0
"""One core each: what the scripted broker does is not what the monitor can't."""

CEILING = Bar(100_000, at_least=True)
P50_MILLISECONDS = Bar(1.0, "ms")
P99_MILLISECONDS = Bar(5.0, "ms")
JUDGED_RATE = 10_000
RATES = (1_000, 5_000, 10_000, 20_000)

FIRST_COMMIT_EMPTY = Bar(1.0, "s")
FIRST_COMMIT_FULL = Bar(2.0, "s")


@dataclass(frozen=True, slots=True)
class Fed:
    """What became of readings that the scripted broker sent."""

    delivery: Delivery
    receive_maximum: int | None
    brokers_cpu_seconds: float
    cpu_microseconds: float
    """The monitor's, for each reading."""
    peak_memory_mb: float

    @property
    def per_second(self) -> float:
        """Readings a second from the first sent to the last acknowledged."""
        return self.delivery.acknowledged / self.seconds

    @property
    def seconds(self) -> float:
        """From the first sent to the last acknowledged."""
        return self.delivery.last_acknowledged - self.delivery.first_sent


class Feeder:
    """A scripted broker, and whatever monitors are started on it."""

    def __init__(self, speaker: Speaker, *, pinned: bool) -> None:
        self._speaker = speaker
        self._pinned = pinned
        self._port = int(speaker.hear()["port"])

    def command(self, data_dir: Path, *, http_port: int = 0) -> Command:
        """How to run a monitor on this broker."""
        return monitor_command(self._port, data_dir, http_port=http_port)

    @contextmanager
    def monitor(
        self, data_dir: Path, *, http_port: int = 0, instead: Callable[[Command], Command] = lambda command: command
    ) -> Iterator[Program]:
        """A monitor with this data folder, started now; it is ready when readings are acknowledged.

        `instead` makes another command of the one that starts it.
        """
        log = data_dir.with_name(f"{data_dir.name}.log")
        core = MONITORS_CORE if self._pinned else None
        with Program(instead(self.command(data_dir, http_port=http_port)), log, core=core) as program:
            yield program

    def order(
        self,
        readings: int,
        *,
        rate: float | None = None,
        turbines: int = TURBINES,
        spacing: int = SPACING,
        seconds_ago: float = 0.0,
    ) -> None:
        """Have readings sent as soon as there is a monitor; the last ones were taken so many seconds ago."""
        self._speaker.tell(readings=readings, rate=rate, turbines=turbines, spacing=spacing, seconds_ago=seconds_ago)

    def hear(self) -> tuple[Delivery, dict[str, Any]]:
        """Wait for what became of the order; returns also what the broker says of itself."""
        said = self._speaker.hear()
        of_itself = {name: said.pop(name) for name in ("receive_maximum", "cpu_seconds")}
        return Delivery(**said), of_itself

    def feed(
        self,
        program: Program,
        readings: int,
        *,
        rate: float | None = None,
        turbines: int = TURBINES,
        spacing: int = SPACING,
        seconds_ago: float = 0.0,
    ) -> Fed:
        """Send readings to a monitor that is ready, and wait until all are acknowledged."""
        before = program.usage()
        self.order(readings, rate=rate, turbines=turbines, spacing=spacing, seconds_ago=seconds_ago)
        delivery, broker = self.hear()
        after = program.usage()
        return Fed(
            delivery,
            broker["receive_maximum"],
            broker["cpu_seconds"],
            (after.cpu_seconds - before.cpu_seconds) / delivery.acknowledged * 1e6,
            after.peak_memory_mb,
        )

    def start(self, data_dir: Path) -> float:
        """Start a monitor with this folder, end it again; returns the seconds to its first acknowledged reading."""
        self.order(1, turbines=1)
        began = time.monotonic()
        with self.monitor(data_dir):
            return self.hear()[0].last_acknowledged - began

    def recovery(self, data_dir: Path, readings: int) -> float:
        """Kill a monitor in the middle of a flood; returns the seconds from the next start to the first commit."""
        self.order(1, turbines=1)
        self.order(readings)
        with self.monitor(data_dir) as program:
            self.hear()
            time.sleep(0.3)
            program.end(signal.SIGKILL)
            self.hear()
        return self.start(data_dir)


@contextmanager
def feeder(*, pinned: bool = True) -> Iterator[Feeder]:
    """Start a scripted broker; it and its monitors are pinned to a core each unless told otherwise."""
    with Speaker("scripted_broker", core=BROKERS_CORE if pinned else None) as speaker:
        yield Feeder(speaker, pinned=pinned)


@contextmanager
def data_folder() -> Iterator[Path]:
    """A data folder of its own, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="grid-bench-") as folder:
        yield Path(folder) / "data"


def ceiling(*, rounds: int, readings: int, say: Callable[[str], None]) -> Table:
    """How many readings a second the monitor stores when no broker holds it up, on one core."""
    columns = ("readings/s", "bar", "CPU us a reading", "readings a CPU second", "MB", "readings an answer")
    table = Table("Fed directly, on one core", columns)
    found: list[Fed] = []
    for number in range(1, rounds + 1):
        with feeder() as broker, data_folder() as folder, broker.monitor(folder) as program:
            broker.feed(program, TURBINES)  # every turbine has its first reading behind it
            found.append(broker.feed(program, readings))
            stored = distinct_readings(folder / "grid.db")
        say(f"round {number}: fed directly: {figure(found[-1].per_second)} readings/s")
        if stored != readings + TURBINES:
            table.notes.append(f"**{readings + TURBINES - stored} readings are missing** in round {number}.")
    rates = [fed.per_second for fed in found]
    table.add(
        spread(rates),
        table.judge(CEILING, median(rates)),
        figure(median([fed.cpu_microseconds for fed in found])),
        figure(1e6 / median([fed.cpu_microseconds for fed in found])),
        figure(max(fed.peak_memory_mb for fed in found)),
        figure(median([fed.delivery.acknowledged / fed.delivery.answers for fed in found])),
    )
    busy = max(fed.brokers_cpu_seconds / fed.seconds for fed in found)
    table.notes.append(
        f"The monitor asks for a Receive Maximum of {found[0].receive_maximum}; what feeds it is at work {busy:.0%} "
        "of the time, on the other core."
    )
    return table


def latency(*, seconds: float, rounds: int, say: Callable[[str], None]) -> Table:
    """How long a reading takes from the write into the socket to the PUBACK, which comes after the commit."""
    columns = ("rate", "p50 ms", "p99 ms", "p99.9 ms", "readings an answer", "CPU us a reading", "bars")
    table = Table("Publish to acknowledged, so at least publish to committed", columns)
    found: dict[int, list[Fed]] = {rate: [] for rate in RATES}
    fsyncs: list[float] = []
    for number in range(1, rounds + 1):
        for rate in RATES:
            fsyncs += disk.fsync_milliseconds()
            found[rate].append(_paced(rate, seconds))
            delivery = found[rate][-1].delivery
            say(f"round {number}: at {rate}/s: p50 {figure(delivery.p50)} ms, p99 {figure(delivery.p99)} ms")
    for rate in RATES:
        _add_latencies(table, rate, found[rate])
    table.notes.append(disk.sentence(fsyncs))
    return table


def _paced(rate: int, seconds: float) -> Fed:
    with feeder(pinned=False) as broker, data_folder() as folder, broker.monitor(folder) as program:
        broker.feed(program, TURBINES)
        return broker.feed(program, int(rate * seconds), rate=rate)


def _add_latencies(table: Table, rate: int, found: Sequence[Fed]) -> None:
    p50, p99, p999 = (median([getattr(fed.delivery, name) for fed in found]) for name in ("p50", "p99", "p999"))
    verdicts = ""
    if rate == JUDGED_RATE:
        verdicts = f"{table.judge(P50_MILLISECONDS, p50)}; {table.judge(P99_MILLISECONDS, p99)}"
    together = median([fed.delivery.acknowledged / fed.delivery.answers for fed in found])
    cost = median([fed.cpu_microseconds for fed in found])
    table.add(f"{rate:,}/s", *map(figure, (p50, p99, p999, together, cost)), verdicts)


def starts(folders: Sequence[tuple[str, Path | None, Bar]], *, rounds: int, say: Callable[[str], None]) -> Table:
    """How long a start takes up to its first commit: with an empty folder (None) and with others, and after a kill."""
    table = Table("From the start of the process to the first commit", ("data folder", "seconds", "bar"))
    orderly: dict[str, list[float]] = {name: [] for name, _, _ in folders}
    killed: dict[str, list[float]] = {name: [] for name, _, _ in folders}
    with feeder(pinned=False) as broker:
        for number in range(1, rounds + 1):
            for name, folder, _ in folders:
                orderly[name].append(_in(folder, broker.start))
                killed[name].append(_in(folder, lambda data_dir: broker.recovery(data_dir, 100_000)))
                say(f"round {number}: start, {name}: {figure(orderly[name][-1])} s")
    for name, _, bar in folders:
        for what, seconds in ((name, orderly[name]), (f"{name}, after kill -9 under load", killed[name])):
            table.add(what, spread(seconds), table.judge(bar, median(seconds)))
    return table


def _in(folder: Path | None, measure: Callable[[Path], float]) -> float:
    if folder is not None:
        return measure(folder)
    with data_folder() as fresh:
        return measure(fresh)
