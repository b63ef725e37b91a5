"""Opening a database read-only, so that nothing is left beside it, and noticing when somebody begins to write it."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from sqlite_utils import Database

_ASK_EVERY_STEPS = 20_000
"""How often it is asked whether to give up: after less than a millisecond of SQLite's own steps."""


class AtRest(NamedTuple):
    """A database that nobody writes: as long as this stays so, nothing in it has changed."""

    inode: int
    size: int
    changed_ns: int


def at_rest(path: Path) -> AtRest | None:
    """How the database is while nobody writes it; None if it has a write-ahead log, or is gone."""
    real = path.resolve()  # SQLite keeps the log beside the file itself, not beside a link to it
    if real.with_name(f"{real.name}-wal").exists():
        return None
    try:
        found = real.stat()
    except OSError:
        return None
    return AtRest(found.st_ino, found.st_size, found.st_mtime_ns)


def connect_read_only(path: Path, *, give_up: Callable[[], bool] | None = None) -> tuple[Database, AtRest | None]:
    """Open the database read-only; returns how it was if nobody writes it. Raises sqlite3.Error.

    A query is interrupted as soon as `give_up` says so.

    Then SQLite is told that nothing changes it, which spares it the files that SQLite makes beside it: they would be
    left behind, and those of another user would be in the monitor's way. SQLite keeps no watch over that: the caller
    asks `at_rest` after each query, and throws away what was found while it changed.
    """
    found = at_rest(path)
    address = f"file:{quote(str(path.absolute()))}?mode=ro{'' if found is None else '&immutable=1'}"
    connection = sqlite3.connect(address, uri=True, check_same_thread=False)
    if give_up is not None:
        connection.set_progress_handler(give_up, _ASK_EVERY_STEPS)
    return Database(connection, execute_plugins=False), found
