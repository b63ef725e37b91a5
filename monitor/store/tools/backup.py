"""A copy of the database while the monitor writes it: consistent, checked, and there as a whole or not at all."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from monitor.store import DATABASE
from monitor.store.errors import StoreDamagedError, StoreUnavailableError, naming_errors
from monitor.store.tools.inspection import Inspection
from monitor.store.tools.new_file import new_file


class BackedUp(NamedTuple):
    """A finished back-up."""

    readings: int
    size: int
    """In bytes."""


def back_up(
    data_dir: Path,
    target: Path,
    *,
    force: bool = False,
    on_progress: Callable[[int, int], None] = lambda done, of: None,
) -> BackedUp:
    """Copy the database in `data_dir` to `target` as it is at one moment, whether a monitor runs or not.

    The monitor goes on meanwhile; what it writes stays in its log until the copy is done. The copy has no unused
    pages, and is checked before it gets its name. An older program's database is copied as it is, so that there is a
    way back from its migration. `on_progress` is called with the bytes that are written, and those that there will be,
    about. Raises StoreError, also what `new_file` does.
    """
    with Inspection.open(data_dir / DATABASE, may_be_older=True) as ledger:
        try:
            with new_file(target, data_dir=data_dir, force=force) as unfinished:
                size = ledger.file_size()
                ledger.copy_to(unfinished, lambda: on_progress(_size(unfinished), size.whole - size.free))
                readings = _check(unfinished)
                written = _size(unfinished)
        except OSError as error:
            raise StoreUnavailableError(f"{target} can't be written: {error.strerror}") from error
    return BackedUp(readings, written)


def _check(copy: Path) -> int:
    """Have SQLite check the copy; returns how many readings it has."""
    with naming_errors(copy), closing(sqlite3.connect(f"{copy.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise StoreDamagedError(f"the copy is damaged ({found}): run grid-monitor verify")
        return int(connection.execute("SELECT count(*) FROM readings").fetchone()[0])


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
