"""What TLS costs: the monitor on an open broker, and on one with certificates and access rules, in the same rounds."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.consumers import grid_monitor
from benchmarks.table import Bar, Table, figure, median, median_ratio, spread
from benchmarks.throughput import TURBINES, Throughput, measure
from monitor.secure.folder import create

PLAIN, OVER_TLS = "plain", "over TLS, with access rules"
COLUMNS = (
    "broker",
    "readings/s",
    "of the plain one",
    "bar",
    "CPU us a reading",
    "the broker's",
    "broker busy",
    "missing",
)
AT_LEAST = Bar(0.8, at_least=True)
"""TLS may take a fifth of the readings a second."""


def ingest(*, rounds: int, readings: int, say: Callable[[str], None]) -> Table:
    """Readings a second through Mosquitto into the database: all connections plain, and all over TLS.

    Over TLS each turbine has its own certificate and may publish as itself only: `grid-monitor secure` made them.
    """
    found: dict[str, list[Throughput]] = {PLAIN: [], OVER_TLS: []}
    with tempfile.TemporaryDirectory(prefix="grid-bench-") as folder:
        secure = create(Path(folder) / "secure", ["127.0.0.1"], range(1, TURBINES + 1)).path
        for number in range(1, rounds + 1):
            for name in (PLAIN, OVER_TLS) if number % 2 else (OVER_TLS, PLAIN):
                found[name].append(measure(grid_monitor(), readings, secure=secure if name == OVER_TLS else None))
                say(f"round {number}: {name}: {figure(found[name][-1].per_second)} readings/s")
    return table_of(found)


def table_of(found: dict[str, list[Throughput]]) -> Table:
    """Both beside each other; TLS must hold its bar in the median of the rounds."""
    table = Table("What TLS costs: QoS 1, 100 turbines, through Mosquitto", COLUMNS)
    plain = [run.per_second for run in found[PLAIN]]
    for name, runs in found.items():
        rates = [run.per_second for run in runs]
        ratio = median_ratio(rates, plain)
        missing = sum(run.missing for run in runs)
        table.add(
            name,
            spread(rates),
            figure(ratio),
            "" if name == PLAIN else table.judge(AT_LEAST, ratio),
            figure(median([run.cpu_microseconds for run in runs])),
            figure(median([run.broker_cpu_microseconds for run in runs])),
            f"{median([run.broker_busy for run in runs]):.0%}",
            f"**{missing}**" if missing else "0",
        )
    return table
