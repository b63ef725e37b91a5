"""What it costs to write the windows of a whole farm: 1,000 rows in one transaction."""

import time
from dataclasses import replace

from sqlite_utils import Database

from benchmarks.direct import data_folder
from benchmarks.table import Bar, Table, figure, median
from grid.times import SECOND
from monitor.facts import MINUTE_SECONDS, QUARTER_SECONDS, Window
from monitor.store import DATABASE
from monitor.store.knowledge.turbine_windows import TurbineWindows
from monitor.store.ledger import Ledger

ROWS = 1_000
FLUSH = Bar(10.0, "ms")

_FIRST_AT = 1_795_262_400 * SECOND
_WINDOW = Window(
    turbine_number=1,
    width_seconds=MINUTE_SECONDS,
    start_at=_FIRST_AT,
    readings=60,
    interval_seconds=1.0,
    covered_seconds=60.0,
    broken_seconds=0.0,
    wind_speed_mean=7.4,
    wind_speed_min=6.1,
    wind_speed_max=8.9,
    energy_in_kwh=11.2,
    mean_power_in_kw=672.0,
    max_power_in_kw=811.0,
    revision=1,
    figured_at=_FIRST_AT,
)


def window_rows(*, rounds: int) -> Table:
    """Milliseconds for the rows of a new minute, for corrections of all of them, and for the commit that follows."""
    table = Table(f"{ROWS:,} window rows in the ledger", ("rows", "ms", "ms for the commit", "bar"))
    with data_folder() as folder:
        Ledger.open(folder / DATABASE).close()
        database = Database(folder / DATABASE, execute_plugins=False)
        database.conn.isolation_level = None
        try:
            new = [_flush(database, minute, energy=11.2) for minute in range(rounds)]
            again = [_flush(database, minute, energy=11.3) for minute in range(rounds)]
        finally:
            database.close()
    for name, found in (("of a new minute", new), ("all of them corrected", again)):
        rows, commit = (median(list(part)) for part in zip(*found, strict=True))
        table.add(name, figure(rows), figure(commit), table.judge(FLUSH, rows))
    table.notes.append(f"The median of {rounds} minutes; beside that a commit waits for the disk.")
    return table


def _flush(database: Database, minute: int, *, energy: float) -> tuple[float, float]:
    """Write a minute of all turbines; returns the milliseconds for the rows, and for their commit."""
    start_at = _FIRST_AT + minute * MINUTE_SECONDS * SECOND
    quarter = start_at - start_at % (QUARTER_SECONDS * SECOND)
    windows = [
        replace(_WINDOW, turbine_number=number, start_at=start_at, energy_in_kwh=energy)
        for number in range(1, ROWS + 1)
    ]
    database.conn.execute("BEGIN IMMEDIATE")
    began = time.perf_counter()
    figuring = TurbineWindows(database.conn, at=start_at)
    for window in windows:
        figuring.write(window, quarter)
    written = time.perf_counter()
    database.conn.execute("COMMIT")
    return (written - began) * 1000, (time.perf_counter() - written) * 1000
