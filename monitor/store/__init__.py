"""The ledger in SQLite, and the turbines' text files."""

from enum import StrEnum

DATABASE = "grid.db"
"""The database's name in the data folder."""


class ExportFormat(StrEnum):
    """What readings are written as."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"
