"""The ledger: one SQLite database with all that the monitor knows, changed by one transaction per batch."""

import os
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlite_utils import Database

from monitor.facts import (
    MOST_ANSWERED_ORDERS,
    MOST_DEAD_LETTERS,
    AnsweredOrder,
    AuditEntry,
    Changes,
    Committed,
    DeadLetter,
    Decisions,
    Event,
    Hold,
    Incident,
    Outgoing,
    Remembered,
    TurbineRecord,
    Visit,
)
from monitor.store.errors import StoreDamagedError, StoreUnavailableError, naming_errors
from monitor.store.knowledge import read_knowledge, write_knowledge
from monitor.store.prunings import Slice, delete_slice
from monitor.store.refusals import as_stored, refused_reading, refused_turbine, write_all_but_refused
from monitor.store.replacement import refuse_waiting
from monitor.store.rows import (
    NEWEST_COLUMNS,
    RecordT,
    columns,
    insertion,
    listed,
    newest_row,
    reading_row,
    to_record,
    to_row,
    update,
    upsertion,
)
from monitor.store.schema import migrate
from monitor.store.sequences import read_sequences, write_sequences

BUSY_TIMEOUT_SECONDS = 1.0
"""How long one attempt waits for another program's lock, before the caller is told and tries again."""

_PRAGMAS = (
    "synchronous = FULL",
    "foreign_keys = ON",
    # Room for the pages of the index at which each turbine's readings go on: two for each of 2,000 turbines.
    "cache_size = -16384",
    # A page that changed many times is brought into the database once. With 30 million rows of 1,000 turbines both
    # together spare a quarter of SQLite's CPU time, with 100 turbines nothing that could be measured. The log has
    # 17 MB then, which a start after a crash reads in 0.02 s.
    "wal_autocheckpoint = 4000",
)

_INSERT_READING = (
    "INSERT INTO readings (turbine_number, emitted_at, wind_speed, power_output_in_kwh, operational_status, voltage, "
    '"current", temperature, session, sequence, received_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) '
    "ON CONFLICT (turbine_number, emitted_at) DO NOTHING"
)
_UPSERT_TURBINE = upsertion(TurbineRecord, "turbines", "turbine_number")
_UPDATE_NEWEST = update("turbines", NEWEST_COLUMNS)
_UPSERT_INCIDENT = upsertion(Incident, "incidents", "incident_id")
_UPSERT_VISIT = upsertion(Visit, "visits", "visit_id")
_UPSERT_HOLD = upsertion(Hold, "holds", "turbine_number")
_INSERT_EVENT = insertion(Event, "events")
# A commit that was reported as failed, and was none, is decided again: the first answer stands.
_INSERT_ORDER = f"{insertion(AnsweredOrder, 'orders')} ON CONFLICT DO NOTHING"
_FORGET_ORDERS = "DELETE FROM orders WHERE order_id <= (SELECT max(order_id) FROM orders) - ?"
_INSERT_AUDIT = insertion(AuditEntry, "audit")
_INSERT_DEAD_LETTER = insertion(DeadLetter, "dead_letters")
MOST_FORGOTTEN_AT_ONCE = 10_000
"""More than a batch brings: a database of an earlier version may have millions, and no commit is to last minutes."""
_FORGET_DEAD_LETTERS = """
DELETE FROM dead_letters WHERE dead_letter_id <= (SELECT max(dead_letter_id) FROM dead_letters) - ?
AND dead_letter_id < (SELECT min(dead_letter_id) FROM dead_letters) + ?
"""
_INSERT_OUTGOING = insertion(Outgoing, "outbox", without="outbox_id")
_ADD_TO_BOOKS = "INSERT INTO books VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET count = count + excluded.count"

_LAST_SIGN = """
SELECT max(at) FROM (
    SELECT max(received_at) AS at FROM turbines
    UNION ALL SELECT max(link_since) FROM turbines
    UNION ALL SELECT (SELECT received_at FROM readings ORDER BY id DESC LIMIT 1)
    UNION ALL SELECT (SELECT received_at FROM dead_letters ORDER BY dead_letter_id DESC LIMIT 1)
    UNION ALL SELECT (SELECT at FROM events ORDER BY event_id DESC LIMIT 1)
)
"""


class Ledger:
    """The one connection that writes. All others open the database read-only, as `LedgerReader` does.

    What `commit` returned from is on the disk (`synchronous=FULL`). Any thread may use the ledger, one at a time.
    """

    def __init__(self, db: Database, path: Path) -> None:
        self._db = db
        self._path = path
        self._file = _identity(path)

    @classmethod
    def open(cls, path: Path, *, busy_timeout_seconds: float = BUSY_TIMEOUT_SECONDS) -> Self:
        """Open the database at `path`, or create it with its folder, and bring it to the present format.

        Raises StoreUnavailableError, StoreDamagedError, and StoreVersionError for one of a newer program.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreUnavailableError(f"the data folder {path.parent} can't be made: {error.strerror}") from error
        refuse_waiting(path)
        with naming_errors(path):
            connection = sqlite3.connect(
                path, timeout=busy_timeout_seconds, isolation_level=None, check_same_thread=False
            )
            db = Database(connection, execute_plugins=False)
            try:
                _keep_a_log(db, path)
                for pragma in _PRAGMAS:
                    db.execute(f"PRAGMA {pragma}")
                migrate(db, path)
                return cls(db, path)
            except BaseException:
                db.close()
                raise

    def close(self) -> None:
        """Write all into the database file, and let go of it. Nothing is lost when this can't be done."""
        with suppress(sqlite3.Error):
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def load(self) -> Remembered:
        """What is known: at the start, and after a commit that failed.

        Raises StoreUnavailableError, StoreDamagedError.
        """
        with naming_errors(self._path):
            return Remembered(
                ledger_id=str(self._one("SELECT ledger_id FROM ledger")),
                turbines=self._records(TurbineRecord, "turbines", order="turbine_number"),
                incidents=self._records(Incident, "incidents", "closed_at IS NULL", order="opened_at, incident_id"),
                visits=self._records(Visit, "visits", "ended_at IS NULL", order="visit_id"),
                holds=self._records(Hold, "holds", order="turbine_number"),
                orders=self._records(AnsweredOrder, "orders", order="order_id"),
                outbox=self._records(Outgoing, "outbox", order="outbox_id"),
                next_incident_id=1 + int(self._one("SELECT coalesce(max(incident_id), 0) FROM incidents")),
                next_visit_id=1 + int(self._one("SELECT coalesce(max(visit_id), 0) FROM visits")),
                last_received_at=self._one(_LAST_SIGN),
                sequences=read_sequences(self._db, self._last_reading_id()),
                knowledge=read_knowledge(self._db),
            )

    def commit(self, changes: Changes) -> Committed:
        """Commit all of it, or nothing; on return it is on the disk.

        Readings that are there already are left out of `Committed.stored`. A reading or turbine that the database
        refuses becomes a dead letter, and stops nothing else. `counted` goes into the books, with `stored`,
        `duplicate` and `rejected` (dead letters and refused readings): `received`, which the caller counts as
        readings and dead letters together, is their sum. Of dead letters the newest `MOST_DEAD_LETTERS` stay.

        Raises StoreUnavailableError: nothing is changed, load and decide again, then commit; StoreDamagedError;
        and sqlite3.IntegrityError for decisions that contradict the tables, which is a bug.
        """
        with naming_errors(self._path):
            self._refuse_replaced_file()
            with self._transaction():
                return self._write(changes)

    def prune(self, of: Slice) -> tuple[int, int]:
        """Delete what is too old of a slice, in one transaction; returns the pruning's id and how many rows went.

        Raises StoreUnavailableError, StoreDamagedError.
        """
        with naming_errors(self._path):
            self._refuse_replaced_file()
            with self._transaction():
                return delete_slice(self._db, of)

    def _write(self, changes: Changes) -> Committed:
        last_id = self._last_reading_id()
        rows = [reading_row(reading) for reading in changes.readings]
        refused = write_all_but_refused(self._db, _INSERT_READING, rows)
        inserted = self._last_reading_id() - last_id
        stored = changes.readings
        if inserted < len(changes.readings):
            new = set(self._db.execute("SELECT turbine_number, emitted_at FROM readings WHERE id > ?", [last_id]))
            # Taken out as they are met, so that of a repeat within the batch the first one counts.
            stored = [reading for reading in changes.readings if _take(new, reading[:2])]
        refused_turbines = self._write_turbines(changes)
        self._write_decisions(changes.decisions)
        self._write_orders(changes.orders)
        if changes.audit:
            self._db.conn.executemany(_INSERT_AUDIT, map(to_row(AuditEntry), changes.audit))
        knowledge = write_knowledge(self._db, changes.knowledge)
        outgoing = self._write_outbox(changes, knowledge.outgoing)
        self._write_dead_letters([*changes.dead_letters, *map(refused_reading, refused), *refused_turbines])
        rejected = len(changes.dead_letters) + len(refused)
        repeated = len(changes.readings) - inserted - len(refused)
        self._write_books(changes.counted + Counter(stored=inserted, duplicate=repeated, rejected=rejected))
        write_sequences(self._db, changes.sequences, last_id + inserted)
        why_refused = {(of.row[0], of.row[1]): str(of.error) for of in refused}
        return Committed(
            stored,
            last_id + 1,
            outgoing,
            duplicate=repeated,
            rejected=rejected,
            refused=why_refused,
            knowledge=knowledge,
        )

    def _write_turbines(self, changes: Changes) -> list[DeadLetter]:
        """Write whole rows where a belief changed, else what the newest reading says, in less than half the time."""
        rows = [to_row(TurbineRecord)(turbine) for turbine in changes.turbines]
        refused = write_all_but_refused(self._db, _UPSERT_TURBINE, rows)
        newest = [newest_row(turbine) for turbine in changes.newer]
        refused_newest = write_all_but_refused(self._db, _UPDATE_NEWEST, newest)
        return [
            *(refused_turbine(row, columns(TurbineRecord)) for row in refused),
            *(refused_turbine(row, NEWEST_COLUMNS) for row in refused_newest),
        ]

    def _write_decisions(self, decisions: Decisions) -> None:
        write = self._db.conn.executemany
        # What ends comes first: a turbine and an engineer have one open visit, a turbine one open incident.
        incidents = sorted(decisions.incidents, key=lambda incident: incident.closed_at is None)
        visits = sorted(decisions.visits, key=lambda visit: visit.ended_at is None)
        write(_UPSERT_INCIDENT, map(to_row(Incident), incidents))
        write(_UPSERT_VISIT, map(to_row(Visit), visits))
        write(_INSERT_EVENT, map(to_row(Event), decisions.events))
        write("DELETE FROM holds WHERE turbine_number = ?", [(number,) for number in decisions.holds_ended])
        write(_UPSERT_HOLD, map(to_row(Hold), decisions.holds))

    def _write_orders(self, orders: list[AnsweredOrder]) -> None:
        if orders:
            self._db.conn.executemany(_INSERT_ORDER, map(to_row(AnsweredOrder), orders))
            self._db.conn.execute(_FORGET_ORDERS, [MOST_ANSWERED_ORDERS])

    def _write_outbox(self, changes: Changes, figured: list[Outgoing]) -> list[Outgoing]:
        """Delete what is published or withdrawn, add what is to go out; an order ended in the same batch is neither."""
        withdrawn = set(changes.decisions.withdrawn)
        conn = self._db.conn
        conn.executemany("DELETE FROM outbox WHERE outbox_id = ?", [(outbox_id,) for outbox_id in changes.published])
        conn.executemany("DELETE FROM outbox WHERE dispatch_id = ?", [(dispatch_id,) for dispatch_id in withdrawn])
        added = []
        for message in (*changes.outgoing, *figured):
            if message.dispatch_id is None or message.dispatch_id not in withdrawn:
                row = to_row(Outgoing)(message)[:-1]
                added.append(replace(message, outbox_id=conn.execute(_INSERT_OUTGOING, row).lastrowid or 0))
        return added

    def _write_dead_letters(self, letters: list[DeadLetter]) -> None:
        rows = [to_row(DeadLetter)(as_stored(letter)) for letter in letters]
        if rows:
            self._db.conn.executemany(_INSERT_DEAD_LETTER, rows)
            self._db.conn.execute(_FORGET_DEAD_LETTERS, [MOST_DEAD_LETTERS, MOST_FORGOTTEN_AT_ONCE])

    def _write_books(self, counted: Counter[str]) -> None:
        self._db.conn.executemany(_ADD_TO_BOOKS, [entry for entry in counted.items() if entry[1]])

    def _refuse_replaced_file(self) -> None:
        """In WAL mode SQLite would go on writing into a file that somebody has deleted or moved away."""
        if _identity(self._path) != self._file:
            raise StoreDamagedError(
                f"the database {self._path} was moved, deleted or replaced under the running monitor: start it again"
            )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """As `Database.atomic`, but it takes the write lock at once, so that what it reads stays true."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):  # the first error is the one to tell
                self._db.rollback()
            raise

    def _records(self, kind: type[RecordT], table: str, where: str | None = None, *, order: str) -> list[RecordT]:
        known: type = kind
        rows = self._db.table(table).rows_where(where, select=listed(columns(known)), order_by=order)
        return [to_record(kind, row) for row in rows]

    def _last_reading_id(self) -> int:
        return int(self._one("SELECT coalesce(max(id), 0) FROM readings"))

    def _one(self, sql: str) -> Any:
        return self._db.execute(sql).fetchone()[0]


def _keep_a_log(db: Database, path: Path) -> None:
    """Have SQLite keep a write-ahead log, by which others read while we write."""
    (mode,) = db.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise StoreUnavailableError(
            f"the database {path} can't keep a write-ahead log (its journal mode is {mode}): "
            "the file system lacks what that takes, put the data folder on a local disk"
        )


def _take(new: set[tuple[int, int]], identity: tuple[int, int]) -> bool:
    if identity not in new:
        return False
    new.remove(identity)
    return True


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file this is: device and inode; None if there is none."""
    try:
        found = os.stat(path)  # noqa: PTH116 - called for every batch
    except OSError:
        return None
    return found.st_dev, found.st_ino
