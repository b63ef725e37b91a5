"""Baselines in the ledger."""

from sqlite_utils import Database

from monitor.facts import BaselineChanges, RememberedKnowledge


def write_baselines(db: Database, changes: BaselineChanges) -> None:
    """Write them within the open transaction."""


def read_baselines(db: Database, remembered: RememberedKnowledge) -> None:
    """Fill in what is known of them."""
