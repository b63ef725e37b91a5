"""Notifications in the ledger."""

from sqlite_utils import Database

from monitor.facts import NotificationChanges, RememberedKnowledge


def write_notifications(db: Database, changes: NotificationChanges) -> None:
    """Write them within the open transaction."""


def read_notifications(db: Database, remembered: RememberedKnowledge) -> None:
    """Fill in what is known of them."""
