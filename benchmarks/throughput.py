"""How many readings a second each consumer stores, through Mosquitto: in rounds, each after the other in turn."""

import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.broker import Broker
from benchmarks.consumers import EVERY_READING, Consumer, Run, grid_monitor, mosquitto_sub
from benchmarks.programs import BenchmarkError, Program, Speaker, Usage
from benchmarks.readings import SPACING
from benchmarks.table import Bar, Table, figure, median, median_ratio, spread

TURBINES = 100
SETTLE_SECONDS = 0.5
"""From the subscription to the load: the monitor has its canary to hear."""

LOOK_EVERY_SECONDS = 0.01
PATIENCE_SECONDS = 60.0

BARS = {
    "mosquitto_sub -q 1 > file": Bar(1.0, at_least=True),
    "aiomqtt 2.5, one by one": Bar(12, at_least=True),
    "aiomqtt 2.5, batches of 100": Bar(5, at_least=True),
    "gmqtt, batches of 500": Bar(1.2, at_least=True),
    "pymosquitto, batches of 500": Bar(1.2, at_least=True),
    "Node-RED, batches of 500": Bar(6, at_least=True),
}
"""How many times as fast as each of them the monitor must be."""

COLUMNS = (
    "consumer",
    "readings/s",
    "of the reference",
    "grid-monitor against it",
    "MB",
    "CPU us a reading",
    "the broker's",
    "broker busy",
    "missing",
)


@dataclass(frozen=True, slots=True)
class Throughput:
    """One run of one consumer."""

    per_second: float
    missing: int
    peak_memory_mb: float
    cpu_microseconds: float
    """The consumer's, for each reading."""
    broker_cpu_microseconds: float
    """The broker's, for each reading."""
    broker_busy: float
    """Which share of the time the broker's one thread was at work."""


def measure(
    consumer: Consumer,
    readings: int,
    *,
    turbines: int = TURBINES,
    rate: float | None = None,
    spacing: int = SPACING,
    secure: Path | None = None,
) -> Throughput:
    """Run a consumer on a fresh broker, from the first publish to the last reading stored.

    The load comes as fast as the broker takes it, or at `rate` readings a second; `spacing` is the time between a
    turbine's readings by its own clock, in microseconds. With a `secure` folder all of it goes over TLS.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="grid-bench-")))
        broker = stack.enter_context(Broker(folder / "broker", secure))
        run = Run(folder / "consumer", broker.port, readings, None if secure is None else secure / "grid.toml")
        run.folder.mkdir()
        load = stack.enter_context(_load(broker.port, turbines, readings, rate, spacing, secure))
        output = run.folder / consumer.output if consumer.output else None
        program = stack.enter_context(Program(consumer.command(run), folder / "consumer.log", output=output))
        broker.wait_for_subscription(EVERY_READING, program)
        load.hear()
        time.sleep(SETTLE_SECONDS)
        before, broker_before = program.usage(), broker.usage()
        load.tell(go=True)
        after = _until_all_is_stored(consumer, run, program, before)
        stored_at = time.monotonic()
        broker_after = broker.usage()
        published = load.hear()
        load.tell(done=True)
        program.end()
        seconds = stored_at - published["first_sent"]
        broker_seconds = broker_after.cpu_seconds - broker_before.cpu_seconds
        return Throughput(
            per_second=readings / seconds,
            missing=readings - consumer.distinct(run),
            peak_memory_mb=after.peak_memory_mb,
            cpu_microseconds=(after.cpu_seconds - before.cpu_seconds) / readings * 1e6,
            broker_cpu_microseconds=broker_seconds / readings * 1e6,
            broker_busy=broker_seconds / seconds,
        )


def measure_load_alone(readings: int) -> float:
    """What the load reaches when nobody listens: readings a second."""
    with (
        tempfile.TemporaryDirectory(prefix="grid-bench-") as folder,
        Broker(Path(folder)) as broker,
        _load(broker.port, TURBINES, readings) as load,
    ):
        load.hear()
        load.tell(go=True)
        published = load.hear()
        load.tell(done=True)
    return readings / float(published["last_acknowledged"] - published["first_sent"])


def _load(
    port: int,
    turbines: int,
    readings: int,
    rate: float | None = None,
    spacing: int = SPACING,
    secure: Path | None = None,
) -> Speaker:
    options = ["--port", str(port), "--turbines", str(turbines), "--readings", str(readings), "--spacing", str(spacing)]
    options += [] if rate is None else ["--rate", str(rate)]
    return Speaker("load", *options, *([] if secure is None else ["--secure", str(secure)]))


def _until_all_is_stored(consumer: Consumer, run: Run, program: Program, usage: Usage) -> Usage:
    """Look until all is there, the consumer has ended, or the patience has; returns what it had used by then."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while program.is_running and time.monotonic() < deadline:
        try:
            usage = program.usage()
        except BenchmarkError:
            break
        if consumer.output is None and consumer.stored(run) >= run.readings:
            break
        time.sleep(LOOK_EVERY_SECONDS)
    return usage


@dataclass(slots=True)
class Rounds:
    """Rounds of all consumers; the first is the reference, the second the monitor."""

    consumers: Sequence[Consumer]
    results: dict[str, list[Throughput]]
    alone: list[float]

    @classmethod
    def run(cls, peers: Sequence[Consumer], *, rounds: int, readings: int, say: Callable[[str], None]) -> "Rounds":
        """Measure them all, round by round, so that all have the same share of the machine's good and bad moments."""
        consumers = [mosquitto_sub(), grid_monitor(), *peers]
        measured = cls(consumers, {consumer.name: [] for consumer in consumers}, [])
        for number in range(1, rounds + 1):
            measured.alone.append(measure_load_alone(readings))
            for consumer in consumers:
                found = measure(consumer, int(readings * consumer.share))
                say(f"round {number}: {consumer.name}: {figure(found.per_second)} readings/s")
                measured.results[consumer.name].append(found)
        return measured

    def rates(self, consumer: Consumer) -> list[float]:
        """Readings a second, round by round."""
        return [found.per_second for found in self.results[consumer.name]]

    def table(self) -> Table:
        """All consumers, and the monitor against each."""
        reference, monitor = self.consumers[:2]
        table = Table("Throughput: QoS 1, 100 turbines, through Mosquitto", COLUMNS)
        for consumer in self.consumers:
            found = self.results[consumer.name]
            missing = sum(run.missing for run in found)
            table.add(
                consumer.name,
                spread(self.rates(consumer)),
                figure(median_ratio(self.rates(consumer), self.rates(reference))),
                "" if consumer is monitor else self._against(table, consumer),
                figure(max(run.peak_memory_mb for run in found)),
                figure(median([run.cpu_microseconds for run in found])),
                figure(median([run.broker_cpu_microseconds for run in found])),
                f"{median([run.broker_busy for run in found]):.0%}",
                f"**{missing}**" if missing else "0",
            )
        table.notes.append(f"The load alone, with nobody listening: {spread(self.alone)} readings/s.")
        return table

    def _against(self, table: Table, consumer: Consumer) -> str:
        ratio = median_ratio(self.rates(self.consumers[1]), self.rates(consumer))
        bar = BARS.get(consumer.name)
        return f"{figure(ratio)} {table.judge(bar, ratio)}" if bar else figure(ratio)
