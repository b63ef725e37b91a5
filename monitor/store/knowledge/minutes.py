"""The readings of a turbine's minute, with what lies beside it."""

import sqlite3
from dataclasses import dataclass

from grid.times import SECOND
from monitor.facts import MINUTE_SECONDS, WindowMark
from monitor.windows.figures import LONGEST_GAP, Columns, Neighbours

MINUTE = MINUTE_SECONDS * SECOND

_AT_ONCE = 500
"""Rows become columns while they are in the processor's cache."""

# Measured with 60 and with 45,000 readings in the minute: fetched and figured in Python, a reading takes 1.0 and
# 1.4 us. SQL with window functions takes 2.2 and 3.1 us for the same figures.
_READINGS = """
SELECT emitted_at, wind_speed, power_output_in_kwh, operational_status = 'broken' FROM readings
WHERE turbine_number = ? AND emitted_at >= ? AND emitted_at < ? ORDER BY emitted_at
"""

_BESIDE = f"""
WITH nearest(before, after) AS MATERIALIZED (SELECT
    (SELECT max(emitted_at) FROM readings WHERE turbine_number = :turbine_number AND emitted_at < :since),
    (SELECT min(emitted_at) FROM readings WHERE turbine_number = :turbine_number AND emitted_at >= :until)
)
SELECT before, after,
    (SELECT start_at FROM windows
        WHERE turbine_number = :turbine_number AND width_seconds = {MINUTE_SECONDS}
        AND start_at = before / {MINUTE} * {MINUTE} AND readings = 1 AND NOT EXISTS (
            SELECT 1 FROM readings
            WHERE turbine_number = :turbine_number AND emitted_at >= before - {LONGEST_GAP} AND emitted_at < before
        )),
    (SELECT start_at FROM windows
        WHERE turbine_number = :turbine_number AND width_seconds = {MINUTE_SECONDS}
        AND start_at = after / {MINUTE} * {MINUTE})
FROM nearest
"""  # noqa: S608 - our own numbers

_SUCCESSORS = """
SELECT emitted_at FROM (
    SELECT emitted_at, session = lag(session) OVER before AND sequence = 1 + lag(sequence) OVER before AS follows
    FROM readings WHERE turbine_number = ? AND emitted_at >= ? AND emitted_at < ?
    WINDOW before AS (ORDER BY emitted_at)
) WHERE follows = 1
"""


@dataclass(frozen=True, slots=True)
class Minute:
    """What is stored of a turbine's minute."""

    readings: Columns
    neighbours: Neighbours
    windows_beside: tuple[int, ...]
    """When the windows start that speak of the same gaps: of the reading after it, and of a lone one before it."""

    @property
    def is_empty(self) -> bool:
        """Whether there is no reading."""
        return not self.readings.emitted_at


def read_minute(conn: sqlite3.Connection, mark: WindowMark) -> Minute:
    """Read it."""
    number, since, until = mark.turbine_number, mark.start_at, mark.start_at + MINUTE
    rows = conn.execute(_READINGS, (number, since, until))
    found = Columns()
    while chunk := rows.fetchmany(_AT_ONCE):
        emitted_at, wind_speed, energy, is_broken = zip(*chunk, strict=True)
        found.emitted_at += emitted_at
        found.wind_speed += wind_speed
        found.energy_in_kwh += energy
        found.is_broken += is_broken
    named = {"turbine_number": number, "since": since, "until": until}
    ((before, after, *beside),) = conn.execute(_BESIDE, named).fetchall()
    windows_beside = tuple(start_at for start_at in beside if start_at is not None)
    return Minute(found, Neighbours(before, after), windows_beside)


def successors(conn: sqlite3.Connection, mark: WindowMark, minute: Minute) -> set[int]:
    """When those readings of the minute were emitted whose count says that they directly follow the one before."""
    before = minute.neighbours.before
    since = mark.start_at if before is None else before
    return {moment for (moment,) in conn.execute(_SUCCESSORS, (mark.turbine_number, since, mark.start_at + MINUTE))}
