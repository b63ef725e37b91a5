"""Windows in the ledger."""

from sqlite_utils import Database

from monitor.facts import RememberedKnowledge, Window, WindowChanges


def write_windows(db: Database, changes: WindowChanges) -> list[Window]:
    """Write them within the open transaction."""
    return []


def read_windows(db: Database, remembered: RememberedKnowledge) -> None:
    """Fill in what is known of them."""
