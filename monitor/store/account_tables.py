"""The tables of people's accounts, programs' tokens and what happened at the door."""

import sqlite3
from pathlib import Path

from monitor.store.errors import StoreVersionError

FORMAT = 1
"""Which tables there are, as `PRAGMA user_version`."""

_TABLES = """
CREATE TABLE users (
    name TEXT PRIMARY KEY COLLATE NOCASE,
    password TEXT NOT NULL, -- argon2's own text: parameters, salt, hash
    role TEXT NOT NULL CHECK (role IN ('viewer', 'operator', 'engineer', 'admin')),
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL -- password or role: sessions from before are refused
) STRICT, WITHOUT ROWID;
CREATE TABLE tokens (
    token_id TEXT PRIMARY KEY,
    name TEXT NOT NULL COLLATE NOCASE,
    scopes TEXT NOT NULL, -- separated by blanks
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER,
    last_used_at INTEGER -- at most once a minute
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_name ON tokens (name);
CREATE TABLE ended_sessions (
    session_id TEXT PRIMARY KEY,
    until INTEGER NOT NULL -- when it would have ended by itself
) STRICT, WITHOUT ROWID;
CREATE TABLE access_events (
    event_id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    action TEXT NOT NULL,
    name TEXT NOT NULL,
    "by" TEXT NOT NULL,
    address TEXT NOT NULL,
    what TEXT NOT NULL
) STRICT;
CREATE INDEX access_events_refused ON access_events (event_id) WHERE action IN ('refused', 'throttled');
"""


def lay_tables(connection: sqlite3.Connection) -> None:
    """Make them, in the transaction that is open."""
    for statement in _TABLES.split(";\n"):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {FORMAT}")


def format_of(connection: sqlite3.Connection, path: Path) -> int:
    """Which tables there are; 0 for none. Raises StoreVersionError for those of a newer program."""
    found = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if found > FORMAT:
        raise StoreVersionError(
            f"the database {path} has format {found}, and this program knows {FORMAT}: use the newer program"
        )
    return found
