"""Noticing that the database is gone, before a new and empty one is made in its place."""

from pathlib import Path

from monitor.store.errors import StoreDamagedError, StoreMissingError, StoreVersionError
from monitor.store.places import TEXT_FILES, turbines_with_text_files
from monitor.store.reader import LedgerReader


def refuse_lost(path: Path) -> None:
    """Raise StoreDamagedError if there are text files, but no database: what they tell must not be passed over.

    A database without any table counts as none: that is what is left when its write-ahead log is lost early. Raises
    what the reader raises.
    """
    folder = path.parent / TEXT_FILES
    if not turbines_with_text_files(folder):
        return
    try:
        LedgerReader.open(path).close()
    except StoreVersionError:
        return
    except StoreMissingError:
        raise StoreDamagedError(
            f"there is no database {path}, but text files are in {folder}: run grid-monitor restore to rebuild it from "
            "them, or move them away to begin anew"
        ) from None
