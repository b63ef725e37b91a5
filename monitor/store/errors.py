"""What may go wrong in the store, told apart by what the caller does about it.

A refusal that none of these names (sqlite3.IntegrityError of a visit, for example) is a bug: let it fall.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class StoreError(Exception):
    """Something about the store that a person can be told: the text is a sentence fit to be shown."""


class StoreUnavailableError(StoreError):
    """Locked, full, not writable or failing: wait, load and commit again."""


class StoreTooSlowError(StoreError):
    """The question takes longer than the caller waits: ask for less."""


class StoreDamagedError(StoreError):
    """The database is broken, or not ours: only a person can act."""


class StoreVersionError(StoreError):
    """The database was written by another version of this program."""


class StoreMissingError(StoreError):
    """There is no database yet."""


class DataFolderInUseError(StoreError):
    """Another monitor works in this data folder."""


class TextFilesBehindError(StoreError):
    """The turbines' text files lack committed readings: catch up from the database when the disk is well again."""


_UNAVAILABLE = {
    sqlite3.SQLITE_BUSY: "is locked by another program",
    sqlite3.SQLITE_LOCKED: "is locked by another program",
    sqlite3.SQLITE_FULL: "can't grow: the disk is full",
    sqlite3.SQLITE_IOERR: "can't be read or written: the disk reports an error",
    sqlite3.SQLITE_CANTOPEN: "can't be opened",
    sqlite3.SQLITE_READONLY: "is not writable",
    sqlite3.SQLITE_PERM: "is not writable",
    sqlite3.SQLITE_NOMEM: "can't be used: the machine is out of memory",
}
_DAMAGED = {
    sqlite3.SQLITE_CORRUPT: "is damaged",
    sqlite3.SQLITE_NOTADB: "is no database",
}
_PRIMARY_CODE = 0xFF
"""SQLite's extended result codes carry the primary one in their low byte."""


@contextmanager
def naming_errors(path: Path) -> Iterator[None]:
    """Turn SQLite's errors about the database at `path` into ours, as sentences; bugs pass through unchanged."""
    try:
        yield
    except sqlite3.Error as error:
        named = _named(error, path)
        if named is None:
            raise
        raise named from error
    except UnicodeDecodeError as error:  # what SQLite wanted to say quotes the damage
        raise _damaged(path, "is damaged", error) from error


def _named(error: sqlite3.Error, path: Path) -> StoreError | None:
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE
    if code == sqlite3.SQLITE_INTERRUPT:
        return StoreTooSlowError(f"the database {path} takes too long to answer: ask for less")
    if code in _UNAVAILABLE:
        return StoreUnavailableError(f"the database {path} {_UNAVAILABLE[code]} ({error})")
    if code in _DAMAGED:
        return _damaged(path, _DAMAGED[code], error)
    return None


def _damaged(path: Path, how: str, error: Exception) -> StoreDamagedError:
    return StoreDamagedError(
        f"the database {path} {how} ({error}): stop the monitor and run grid-monitor restore, which rebuilds it from "
        "the turbines' text files and keeps the damaged one aside"
    )
