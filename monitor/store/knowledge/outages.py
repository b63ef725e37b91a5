"""Outages in the ledger."""

from sqlite_utils import Database

from monitor.facts import OutageChanges, OutageNews, RememberedKnowledge


def write_outages(db: Database, changes: OutageChanges) -> list[OutageNews]:
    """Write them within the open transaction."""
    return []


def read_outages(db: Database, remembered: RememberedKnowledge) -> None:
    """Fill in what is known of them."""
