"""Alarms in the ledger."""

from sqlite_utils import Database

from monitor.facts import AlarmChanges, RememberedKnowledge


def write_alarms(db: Database, changes: AlarmChanges) -> None:
    """Write them within the open transaction."""


def read_alarms(db: Database, remembered: RememberedKnowledge) -> None:
    """Fill in what is known of them."""
