"""What one `grid-turbines` carries: 2,000 connections at a reading a second, with the monitor that answers them."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.broker import Broker
from benchmarks.consumers import EVERY_READING, monitor_command
from benchmarks.programs import PROGRAMS, Program, wait_for
from benchmarks.table import Bar, Table, figure
from grid.topics import Kind

RAMP = Bar(10, "s")
MEMORY = Bar(40, "kB")


def simulator(*, turbines: int, seconds: float, say: Callable[[str], None]) -> Table:
    """Ramp, memory and CPU of one process with so many turbines; readings are counted by mosquitto_sub."""
    with _farm() as (folder, broker):
        alone = _memory_of_one(folder, broker)
    with _farm() as (folder, broker):
        births = _counter(folder, broker, Kind.STATUS.every_turbine, turbines)
        with births, Program(_turbines(broker.port, turbines), folder / "turbines.log") as program:
            began = time.monotonic()
            wait_for(lambda: not births.is_running, f"{turbines} turbines are born", seconds=120)
            ramp = time.monotonic() - began
            time.sleep(2)
            readings = int(turbines * seconds)
            with _counter(folder, broker, EVERY_READING, readings) as counter:
                before, counting_since = program.usage(), time.monotonic()
                wait_for(lambda: not counter.is_running, f"{readings} readings have come", seconds=seconds + 60)
                after, counted_for = program.usage(), time.monotonic() - counting_since
    kilobytes = (after.peak_memory_mb - alone) * 1024 / turbines
    say(f"grid-turbines: {turbines} connected in {figure(ramp)} s, {figure(kilobytes)} kB each")
    columns = ("turbines", "s to connect", "bar", "kB each", "bar", "CPU us a reading", "readings/s")
    table = Table("One grid-turbines, a reading a second each, with the monitor", columns)
    table.add(
        f"{turbines:,}",
        figure(ramp),
        table.judge(RAMP, ramp),
        figure(kilobytes),
        table.judge(MEMORY, kilobytes),
        figure((after.cpu_seconds - before.cpu_seconds) / readings * 1e6),
        figure(readings / counted_for),
    )
    return table


@contextmanager
def _farm() -> Iterator[tuple[Path, Broker]]:
    """A broker with a monitor that is ready."""
    with tempfile.TemporaryDirectory(prefix="grid-bench-") as name, Broker(Path(name) / "broker") as broker:
        folder = Path(name)
        with Program(monitor_command(broker.port, folder / "data"), folder / "monitor.log") as monitor:
            broker.wait_for_subscription(EVERY_READING, monitor)
            yield folder, broker


def _turbines(port: int, count: int) -> list[str | Path]:
    where = ["--broker-host", "127.0.0.1", "--broker-port", str(port)]
    return [PROGRAMS / "grid-turbines", *where, "--count", str(count), "--upload-interval", "1"]


def _counter(folder: Path, broker: Broker, topic_filter: str, count: int) -> Program:
    """A mosquitto_sub that ends after so many messages: it needs no look from us, and little of the machine."""
    client = ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(broker.port), "-q", "0", "-t", topic_filter]
    return Program([*client, "-C", str(count)], folder / "counter.log", output=Path("/dev/null"))


def _memory_of_one(folder: Path, broker: Broker) -> float:
    """What the program takes with a single turbine, in MB."""
    births = _counter(folder, broker, Kind.STATUS.every_turbine, 1)
    with births, Program(_turbines(broker.port, 1), folder / "one.log") as program:
        wait_for(lambda: not births.is_running, "a turbine is born")
        time.sleep(1)
        return program.usage().peak_memory_mb
