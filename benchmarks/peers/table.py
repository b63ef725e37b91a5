"""The table into which the peers insert: the fields of a reading, a reading stored once, a write-ahead log.

A commit is as durable as the monitor's: SQLite's default `synchronous` is FULL.
"""

import sqlite3
from pathlib import Path

from grid.metrics import TurbineMetrics

INSERT = "INSERT OR IGNORE INTO readings VALUES (?, ?, ?, ?, ?, ?, ?)"
Row = tuple[int, int | None, float, float, str, str | None, int | None]


def create(path: Path) -> sqlite3.Connection:
    """Open the database, with its table."""
    database = sqlite3.connect(path)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute(
        "CREATE TABLE IF NOT EXISTS readings (turbine_number INTEGER, emitted_at INTEGER, wind_speed REAL, "
        "power_output_in_kwh REAL, operational_status TEXT, session TEXT, sequence INTEGER, "
        "PRIMARY KEY (turbine_number, emitted_at))"
    )
    return database


def validated(payload: bytes) -> Row:
    """Validate a message with the contract's own model, as a row. Raises ValidationError."""
    reading = TurbineMetrics.model_validate_json(payload)
    return (
        reading.turbine_number,
        reading.emitted_at,
        reading.wind_speed,
        reading.power_output_in_kwh,
        reading.operational_status.value,
        reading.session,
        reading.sequence,
    )
