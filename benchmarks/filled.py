"""A data folder with millions of readings, made in seconds: database and text files as the monitor leaves them."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from grid.metrics import OperationalStatus
from grid.times import SECOND, format_time
from monitor.facts import Reading
from monitor.store import DATABASE
from monitor.store.ledger import Ledger
from monitor.store.lines import to_line

TURBINES = 100
ENDED_SECONDS_AGO = 86_400
LINES_AT_ONCE = 50_000

_FILL = """
WITH RECURSIVE
    step(k) AS (SELECT 0 UNION ALL SELECT k + 1 FROM step WHERE k < :steps - 1),
    turbine(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM turbine WHERE n < :turbines)
INSERT INTO readings (turbine_number, emitted_at, wind_speed, power_output_in_kwh, operational_status,
    session, sequence, received_at)
SELECT n, :start + k * 1000000, 8.0, 0.5, 'ok', 'filled', k, :start + k * 1000000 FROM step CROSS JOIN turbine
"""
"""In order of commit: all turbines at each second, as a farm of them would have been stored."""

_KEEP_BOOKS = "INSERT INTO books (name, count) VALUES ('received', :rows), ('stored', :rows)"


def fill(data_dir: Path, rows: int) -> None:
    """Make a data folder with so many readings of 100 turbines, one a second, which ended a day ago."""
    Ledger.open(data_dir / DATABASE).close()
    steps = rows // TURBINES
    start = (time.time_ns() // 1_000_000_000 - ENDED_SECONDS_AGO - steps) * SECOND
    with closing(sqlite3.connect(data_dir / DATABASE)) as database:
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("PRAGMA synchronous = OFF")
        database.execute("PRAGMA cache_size = -500000")
        database.execute(_FILL, {"steps": steps, "turbines": TURBINES, "start": start})
        database.execute(_KEEP_BOOKS, {"rows": steps * TURBINES})
        database.commit()
        database.execute("PRAGMA journal_mode = WAL")
    _write_text_files(data_dir / "turbines", start, steps)


def _write_text_files(folder: Path, start: int, steps: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for first in range(0, steps, LINES_AT_ONCE):
        counts = range(first, min(first + LINES_AT_ONCE, steps))
        times = [format_time(start + count * SECOND) for count in counts]
        for turbine_number in range(1, TURBINES + 1):
            with (folder / f"turbine-{turbine_number}.txt").open("a", encoding="ascii") as file:
                before, between, after = _pieces(turbine_number)
                file.writelines(
                    f"{before}{at}{between}{count}{after.replace('{at}', at)}"
                    for at, count in zip(times, counts, strict=True)
                )


def _pieces(turbine_number: int) -> tuple[str, str, str]:
    """A line of the text file, cut where its time and its sequence stand."""
    sample = Reading(
        turbine_number=turbine_number,
        emitted_at=SECOND,
        wind_speed=8.0,
        power_output_in_kwh=0.5,
        operational_status=OperationalStatus.OK,
        voltage=None,
        current=None,
        temperature=None,
        session="filled",
        sequence=987_654_321,
        received_at=SECOND,
    )
    at = format_time(SECOND)
    before, between, rest = to_line(sample).split(at)
    to_sequence, after = between.split("987654321")
    return before, to_sequence, f"{after}{{at}}{rest}"
