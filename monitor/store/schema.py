"""The ledger's tables, as migrations: each step is recorded in the transaction that takes it.

Columns are the fields of the monitor's facts. Times are INTEGER, microseconds since 1970 in UTC; for people, and
for sqlite-utils and Datasette, a view `..._utc` beside each table shows them as text. Words of closed sets are
checked; those that grow from version to version (`action`, `reason`) are not.
"""

import secrets
from pathlib import Path

from sqlite_utils import Database, Migrations

from monitor.clock import utc_now
from monitor.store.errors import StoreDamagedError, StoreVersionError
from monitor.store.knowledge_tables import KNOWLEDGE, WITH_TIMES
from monitor.store.rows import is_time

FORMAT = 6
"""Which tables there are: raised by every migration, so that an older program refuses a newer database."""

migrations = Migrations("grid-monitor")

_READINGS = """
CREATE TABLE readings (
    id INTEGER PRIMARY KEY, -- order of commit
    turbine_number INTEGER NOT NULL CHECK (turbine_number BETWEEN 1 AND 2147483647),
    emitted_at INTEGER NOT NULL,
    wind_speed REAL NOT NULL, -- m/s
    power_output_in_kwh REAL NOT NULL, -- energy since the turbine's previous reading
    operational_status TEXT NOT NULL CHECK (operational_status IN ('ok', 'broken')),
    voltage REAL, -- V
    current REAL, -- A
    temperature REAL, -- degrees Celsius
    session TEXT,
    sequence INTEGER,
    received_at INTEGER NOT NULL,
    -- What a text file can't tell: infinity, and times before 1970 or after 2199.
    CHECK (abs(wind_speed) < 9e999 AND abs(power_output_in_kwh) < 9e999),
    CHECK (abs(voltage) < 9e999 AND abs("current") < 9e999 AND abs(temperature) < 9e999),
    CHECK (emitted_at BETWEEN 0 AND 7258118399999999 AND received_at BETWEEN 0 AND 7258118399999999)
) STRICT;
CREATE UNIQUE INDEX readings_identity ON readings (turbine_number, emitted_at);
"""

# No IN here: for three words and more SQLite builds a table at every row, which doubles what an upsert costs.
_TURBINES = """
CREATE TABLE turbines (
    turbine_number INTEGER PRIMARY KEY CHECK (turbine_number BETWEEN 1 AND 2147483647),
    first_seen_at INTEGER NOT NULL,
    link TEXT NOT NULL CHECK (link = 'unknown' OR link = 'online' OR link = 'stale' OR link = 'offline'),
    link_reason TEXT CHECK (link_reason = 'stopped' OR link_reason = 'lost' OR link_reason = 'silent'),
    link_since INTEGER,
    session TEXT,
    connection INTEGER,
    health TEXT NOT NULL CHECK (health = 'unknown' OR health = 'ok' OR health = 'broken'),
    health_since INTEGER,
    emitted_at INTEGER, -- of the newest reading, as what follows
    received_at INTEGER,
    wind_speed REAL,
    power_output_in_kwh REAL,
    operational_status TEXT CHECK (operational_status = 'ok' OR operational_status = 'broken'),
    voltage REAL,
    current REAL,
    temperature REAL,
    interval_seconds REAL,
    clock_skew_seconds REAL,
    model TEXT, -- from the birth, as what follows
    rated_power_in_kw REAL,
    region TEXT,
    latitude REAL,
    longitude REAL,
    serial TEXT
) STRICT;
"""

_REPAIRS = """
CREATE TABLE incidents (
    incident_id INTEGER PRIMARY KEY,
    turbine_number INTEGER NOT NULL,
    cause TEXT NOT NULL CHECK (cause IN ('broken', 'ordered')),
    state TEXT NOT NULL
        CHECK (state IN ('waiting', 'visited', 'offline', 'cooling_down', 'refused', 'held', 'closed')),
    opened_at INTEGER NOT NULL,
    opened_by TEXT,
    why TEXT,
    failed_visits INTEGER NOT NULL,
    closed_at INTEGER,
    outcome TEXT CHECK (outcome IN ('repaired', 'recovered')),
    CHECK ((state = 'closed') = (closed_at IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX incidents_open ON incidents (turbine_number) WHERE closed_at IS NULL;
CREATE INDEX incidents_turbine ON incidents (turbine_number);
CREATE TABLE visits (
    visit_id INTEGER PRIMARY KEY,
    dispatch_id TEXT NOT NULL UNIQUE,
    incident_id INTEGER NOT NULL REFERENCES incidents (incident_id),
    turbine_number INTEGER NOT NULL,
    engineer INTEGER NOT NULL,
    session TEXT,
    state TEXT NOT NULL CHECK (state IN ('sent', 'accepted', 'done', 'verified', 'released')),
    sent_at INTEGER NOT NULL,
    commands INTEGER NOT NULL,
    accepted_at INTEGER,
    done_at INTEGER,
    ended_at INTEGER,
    release TEXT CHECK (release IN ('offline', 'no_effect', 'rejected', 'cancelled', 'recovered')),
    detail TEXT,
    CHECK ((state IN ('verified', 'released')) = (ended_at IS NOT NULL)),
    CHECK ((state = 'released') = (release IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX visits_open_turbine ON visits (turbine_number) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX visits_open_engineer ON visits (engineer) WHERE ended_at IS NULL;
CREATE INDEX visits_turbine ON visits (turbine_number);
CREATE INDEX visits_incident ON visits (incident_id);
CREATE TABLE events (
    event_id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    turbine_number INTEGER NOT NULL,
    action TEXT NOT NULL,
    sentence TEXT NOT NULL,
    incident_id INTEGER REFERENCES incidents (incident_id),
    visit_id INTEGER REFERENCES visits (visit_id),
    engineer INTEGER,
    "by" TEXT
) STRICT;
CREATE INDEX events_turbine ON events (turbine_number);
CREATE INDEX events_incident ON events (incident_id);
CREATE TABLE holds (
    turbine_number INTEGER PRIMARY KEY,
    held_at INTEGER NOT NULL,
    "by" TEXT NOT NULL,
    why TEXT NOT NULL
) STRICT;
"""

_MESSAGES = """
CREATE TABLE outbox (
    turbine_number INTEGER NOT NULL,
    topic TEXT NOT NULL,
    payload BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    dispatch_id TEXT,
    expiry_seconds INTEGER,
    response_topic TEXT,
    outbox_id INTEGER PRIMARY KEY AUTOINCREMENT -- never used twice: a late "published" must not delete another
) STRICT;
CREATE INDEX outbox_dispatch ON outbox (dispatch_id) WHERE dispatch_id IS NOT NULL;
CREATE TABLE dead_letters (
    dead_letter_id INTEGER PRIMARY KEY AUTOINCREMENT,
    received_at INTEGER NOT NULL,
    topic TEXT NOT NULL,
    payload BLOB NOT NULL, -- the first 4 KiB
    size INTEGER NOT NULL, -- in bytes, of the whole message
    reason TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX dead_letters_reason ON dead_letters (reason);
CREATE TABLE books (
    name TEXT PRIMARY KEY,
    count INTEGER NOT NULL
) STRICT;
"""

_LEDGER = """
CREATE TABLE ledger (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    ledger_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    format INTEGER NOT NULL
) STRICT;
"""

_PRUNINGS = """
CREATE TABLE prunings (
    pruning_id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    kept_since INTEGER NOT NULL, -- readings emitted and received before were deleted, but for each turbine's newest
    readings INTEGER NOT NULL, -- how many
    dead_letters INTEGER NOT NULL
) STRICT;
"""

_SEQUENCES = """
CREATE TABLE sequences (
    turbine_number INTEGER NOT NULL,
    session TEXT NOT NULL,
    following INTEGER NOT NULL, -- all below are settled, but for the gaps
    followed_from INTEGER NOT NULL, -- gaps below are from before the first reading heard, or not followed any more
    gaps TEXT NOT NULL, -- such as 5-9,12
    missing INTEGER NOT NULL, -- how many readings the gaps from followed_from on are
    heard_at INTEGER NOT NULL,
    PRIMARY KEY (turbine_number, session)
) STRICT, WITHOUT ROWID;
ALTER TABLE ledger ADD COLUMN sequences_up_to INTEGER; -- id of the last reading that sequences tell of
"""

_ORDERS = """
CREATE TABLE orders (
    order_id INTEGER PRIMARY KEY,
    idempotency_key TEXT NOT NULL UNIQUE, -- of whoever gave the order: with it, the order is obeyed once
    kind TEXT NOT NULL CHECK (kind IN ('repair', 'hold', 'release')),
    turbine_number INTEGER NOT NULL,
    "by" TEXT NOT NULL,
    why TEXT NOT NULL,
    answered_at INTEGER NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('accepted', 'refused')),
    sentence TEXT NOT NULL
) STRICT;
"""


# No IN for words that grow from version to version. Nobody alters a row, not by mistake either.
_AUDIT = """
CREATE TABLE audit (
    audit_id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    who TEXT NOT NULL,
    door TEXT NOT NULL CHECK (door IN ('pages', 'api', 'command_line')),
    rights TEXT, -- a person's role, or a token's scopes
    token_id TEXT,
    address TEXT,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    why TEXT NOT NULL,
    accepted INTEGER NOT NULL CHECK (accepted IN (0, 1)),
    sentence TEXT NOT NULL
) STRICT;
CREATE INDEX audit_at ON audit (at);
CREATE INDEX audit_subject ON audit (subject);
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'rows of the audit are not changed'); END;
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'rows of the audit are not deleted'); END;
"""


@migrations(name="0001_first_tables")
def _first_tables(db: Database) -> None:
    db.executescript(_READINGS + _TURBINES + _REPAIRS + _MESSAGES + _LEDGER)
    for table in ("readings", "turbines", "incidents", "visits", "events", "holds", "dead_letters"):
        _show_times_of(db, table)
    created_at = utc_now()
    db.execute("INSERT INTO ledger VALUES (1, ?, ?, 1)", [secrets.token_hex(4), created_at])


@migrations(name="0002_prunings")
def _prunings(db: Database) -> None:
    db.executescript(_PRUNINGS)
    db.execute("UPDATE ledger SET format = 2")
    _show_times_of(db, "prunings")


@migrations(name="0003_sequences")
def _sequences(db: Database) -> None:
    db.executescript(_SEQUENCES)
    db.execute("UPDATE ledger SET format = 3")
    _show_times_of(db, "sequences")


@migrations(name="0004_orders")
def _orders(db: Database) -> None:
    db.executescript(_ORDERS)
    db.execute("UPDATE ledger SET format = 4")
    _show_times_of(db, "orders")


@migrations(name="0005_knowledge")
def _knowledge(db: Database) -> None:
    db.executescript(KNOWLEDGE)
    db.execute("UPDATE ledger SET format = 5")
    for table in WITH_TIMES:
        _show_times_of(db, table)


@migrations(name="0006_audit")
def _audit(db: Database) -> None:
    db.executescript(_AUDIT)
    db.execute("UPDATE ledger SET format = 6")
    _show_times_of(db, "audit")


def _show_times_of(db: Database, table: str) -> None:
    """Make the view `<table>_utc`: the table's columns, with times as `grid.times.format_time` writes them."""
    shown = [
        f"{_as_text(column.name)} AS {column.name}" if is_time(column.name) else f'"{column.name}"'
        for column in db.table(table).columns
    ]
    db.create_view(f"{table}_utc", f"SELECT {', '.join(shown)} FROM {table}")  # noqa: S608 - our own names


def _as_text(column: str) -> str:
    seconds = f"strftime('%Y-%m-%dT%H:%M:%S', {column} / 1000000, 'unixepoch')"
    return f"{seconds} || printf('.%06dZ', {column} % 1000000)"


def migrate(db: Database, path: Path) -> None:
    """Bring a database, new or old, to the present format.

    Raises StoreVersionError for one that a newer program wrote, StoreDamagedError for one that is no ledger.
    """
    if has_tables(db, path):
        refuse_newer(db, path)
    migrations.apply(db)


def has_tables(db: Database, path: Path) -> bool:
    """Whether a monitor has made its tables here. Raises StoreDamagedError if another program has made others."""
    tables = set(db.table_names()) - {"sqlite_sequence", Migrations.migrations_table}
    if tables and not ("ledger" in tables and "format" in db.table("ledger").columns_dict):
        raise StoreDamagedError(f"the database {path} is not a monitor's: name another data folder")
    return bool(tables)


def refuse_newer(db: Database, path: Path) -> int:
    """The format of the database. Raises StoreVersionError if it is newer than this program."""
    (found,) = db.execute("SELECT format FROM ledger").fetchone()
    if found > FORMAT:
        raise StoreVersionError(
            f"the database {path} was written by a newer grid-monitor (format {found}, this one knows {FORMAT}): "
            "use the newer program"
        )
    return int(found)
