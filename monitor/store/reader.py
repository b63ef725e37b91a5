"""Reading the ledger beside the running monitor: for screens, commands and the text files. It never writes."""

import sqlite3
from collections.abc import Callable, Collection
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from sqlite_utils import Database

from monitor.facts import (
    Alarm,
    BaselineRecord,
    DeadLetter,
    Event,
    Finding,
    Hold,
    Incident,
    Reading,
    SequenceRecord,
    TurbineRecord,
    Visit,
)
from monitor.store.errors import (
    StoreError,
    StoreMissingError,
    StoreTooSlowError,
    StoreUnavailableError,
    StoreVersionError,
    naming_errors,
)
from monitor.store.invariants import violated
from monitor.store.read_only import at_rest, connect_read_only
from monitor.store.replacement import refuse_waiting
from monitor.store.rows import columns, listed, to_reading, to_record
from monitor.store.schema import FORMAT, has_tables, refuse_newer

RecordT = TypeVar("RecordT")
T = TypeVar("T")

_ORDER_OF_TURBINES = """
WITH RECURSIVE known(n) AS (
    SELECT min(turbine_number) FROM readings
    UNION ALL
    SELECT (SELECT min(turbine_number) FROM readings WHERE turbine_number > n) FROM known WHERE n IS NOT NULL
)
SELECT n FROM known WHERE n IS NOT NULL
"""
"""One look into the index per turbine, where DISTINCT would walk over all readings."""


class LedgerReader:
    """A read-only view of the ledger. Every query sees what is committed at that moment.

    Use it from one thread at a time. All methods raise StoreUnavailableError or StoreDamagedError, and
    StoreTooSlowError where `give_up`, which is asked every now and then while a query is at work, says so.
    """

    def __init__(self, path: Path, *, give_up: Callable[[], bool] | None = None) -> None:
        self._path = path
        self._give_up = give_up
        self._db, self._at_rest = connect_read_only(path, give_up=give_up)

    @classmethod
    def open(cls, path: Path, *, may_be_older: bool = False, give_up: Callable[[], bool] | None = None) -> Self:
        """Open the database at `path`. One that `may_be_older` is not to be asked for what came later.

        Raises StoreMissingError if there is none yet, StoreDamagedError for one that is no ledger, and
        StoreVersionError for one of another version.
        """
        refuse_waiting(path)
        _refuse_missing(path)
        with naming_errors(path):
            reader = cls(path, give_up=give_up)
            try:
                reader._ask(lambda db: _refuse_other_formats(db, path, may_be_older=may_be_older))
            except BaseException:
                reader.close()
                raise
        return reader

    def close(self) -> None:
        """Let go of the database."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- the farm

    def ledger_id(self) -> str:
        """The eight characters that name this database among all."""
        return str(self._one("SELECT ledger_id FROM ledger"))

    def turbines(self) -> list[TurbineRecord]:
        """What is known of every turbine, by number."""
        return self._records(TurbineRecord, "turbines", order="turbine_number")

    def turbine(self, turbine_number: int) -> TurbineRecord | None:
        """What is known of one turbine; None if it was never heard of."""
        found = self._records(TurbineRecord, "turbines", where={"turbine_number = ?": turbine_number})
        return found[0] if found else None

    def readings(
        self, turbine_number: int, *, newest: int = 20, since: int | None = None, until: int | None = None
    ) -> list[Reading]:
        """The newest readings of a turbine by `emitted_at`, newest first, from `since` on and before `until`."""
        return self._records(
            Reading,
            "readings",
            where={"turbine_number = ?": turbine_number, "emitted_at >= ?": since, "emitted_at < ?": until},
            order="emitted_at DESC",
            newest=newest,
        )

    def sequences(self) -> list[SequenceRecord]:
        """The sessions that are followed, of turbines that count their readings: by turbine, the latest one last.

        Gaps are as of the last commit; `following` may be some seconds old.
        """
        return self._records(SequenceRecord, "sequences", order="turbine_number, heard_at")

    def missing(self) -> dict[int, int]:
        """How many readings are missing, of each turbine that lacks any: it counted them, and they have not come."""
        sums = self.rows("SELECT turbine_number, sum(missing) FROM sequences GROUP BY 1 HAVING sum(missing) > 0")
        return {int(number): int(readings) for number, readings in sums}

    def alarms(self) -> list[Alarm]:
        """Every condition that was ever raised, by number, as it stands now."""
        return self._records(Alarm, "alarms", order="alarm_id")

    # --- repairs

    def incidents(
        self, *, open_only: bool = False, turbine_number: int | None = None, newest: int = 50
    ) -> list[Incident]:
        """Incidents, the newest first."""
        return self._records(
            Incident,
            "incidents",
            where={"turbine_number = ?": turbine_number},
            only="closed_at IS NULL" if open_only else None,
            order="incident_id DESC",
            newest=newest,
        )

    def incident(self, incident_id: int) -> Incident | None:
        """One incident; None if there is none of this number."""
        found = self._records(Incident, "incidents", where={"incident_id = ?": incident_id})
        return found[0] if found else None

    def visits(
        self,
        *,
        open_only: bool = False,
        incident_id: int | None = None,
        turbine_number: int | None = None,
        newest: int = 50,
    ) -> list[Visit]:
        """Visits, the newest first."""
        return self._records(
            Visit,
            "visits",
            where={"incident_id = ?": incident_id, "turbine_number = ?": turbine_number},
            only="ended_at IS NULL" if open_only else None,
            order="visit_id DESC",
            newest=newest,
        )

    def events(
        self, *, incident_id: int | None = None, turbine_number: int | None = None, newest: int = 200
    ) -> list[Event]:
        """The newest decisions, the oldest of them first: a story to be read."""
        found = self._records(
            Event,
            "events",
            where={"incident_id = ?": incident_id, "turbine_number = ?": turbine_number},
            order="event_id DESC",
            newest=newest,
        )
        return found[::-1]

    def holds(self) -> list[Hold]:
        """The turbines that a person forbids to visit, by number."""
        return self._records(Hold, "holds", order="turbine_number")

    # --- what is normal

    def findings(
        self, *, open_only: bool = False, turbine_number: int | None = None, newest: int = 50
    ) -> list[Finding]:
        """What was found not to be normal, the newest first."""
        return self._records(
            Finding,
            "findings",
            where={"turbine_number = ?": turbine_number},
            only="until IS NULL" if open_only else None,
            order="finding_id DESC",
            newest=newest,
        )

    def baseline(self, turbine_number: int) -> BaselineRecord | None:
        """What was learnt of a turbine; None before it was kept for the first time."""
        found = self._records(BaselineRecord, "baselines", where={"turbine_number = ?": turbine_number})
        return found[0] if found else None

    # --- what was refused, and the books

    def dead_letters(self, newest: int = 20) -> list[DeadLetter]:
        """The newest refused messages, newest first."""
        return self._records(DeadLetter, "dead_letters", order="dead_letter_id DESC", newest=newest)

    def dead_letters_by_reason(self) -> dict[str, int]:
        """How many messages were refused for which reason, the most frequent first."""
        counted = self.rows("SELECT reason, count(*) FROM dead_letters GROUP BY reason ORDER BY 2 DESC, 1")
        return {str(reason): int(count) for reason, count in counted}

    def books(self) -> dict[str, int]:
        """What was counted since the database was made: received = stored + duplicate + rejected, and more."""
        return {str(name): int(count) for name, count in self.rows("SELECT name, count FROM books ORDER BY name")}

    def invariants(self, *, engineers: int | None = None) -> list[str]:
        """What should never be, and is: a sentence each; empty when all is well.

        With `engineers`, the size of the pool, also whether more are out. That may be so for a while after the
        pool was made smaller, since nobody is recalled.
        """
        return self._ask(lambda db: violated(db, engineers=engineers))

    # --- for the text files: readings in order of commit

    def last_reading_id(self) -> int:
        """The `id` of the reading that was committed last; 0 without readings."""
        return int(self._one("SELECT coalesce(max(id), 0) FROM readings"))

    def turbines_with_readings(self) -> list[int]:
        """Numbers of the turbines that have readings, quick however many these are."""
        return [int(number) for (number,) in self.rows(_ORDER_OF_TURBINES)]

    def last_reading_id_of(self, turbine_number: int) -> int:
        """The `id` of the turbine's reading that was committed last; 0 without. Walks over all of its readings."""
        return int(self._one("SELECT coalesce(max(id), 0) FROM readings WHERE turbine_number = ?", turbine_number))

    def reading_id(self, turbine_number: int, emitted_at: int) -> int | None:
        """The `id` of a reading; None if it isn't in the database."""
        found = self.rows(
            "SELECT id FROM readings WHERE turbine_number = ? AND emitted_at = ?", turbine_number, emitted_at
        )
        return int(found[0][0]) if found else None

    def readings_after(
        self, reading_id: int, limit: int, *, turbines: Collection[int] | None = None
    ) -> list[tuple[int, Reading]]:
        """The first `limit` readings committed after this one, each with its `id`, of these turbines or of all."""
        # The + keeps SQLite on the order of ids, where the index would have it sort millions of rows.
        chosen = "" if turbines is None else f" AND +turbine_number IN ({', '.join(map(str, map(int, turbines)))})"
        sql = f"SELECT id, {listed(columns(Reading))} FROM readings WHERE id > ?{chosen} ORDER BY id LIMIT ?"  # noqa: S608
        return [(row[0], to_reading(row[1:])) for row in self.rows(sql, reading_id, limit)]

    # --- queries

    def _records(
        self,
        kind: type[RecordT],
        table: str,
        *,
        where: dict[str, Any] | None = None,
        only: str | None = None,
        order: str | None = None,
        newest: int | None = None,
    ) -> list[RecordT]:
        """Rows as records; conditions whose value is None don't count."""
        known: type = kind
        given = {condition: value for condition, value in (where or {}).items() if value is not None}
        conditions = [*given, *([only] if only else [])]

        def rows(db: Database) -> list[dict[str, Any]]:
            return list(
                db.table(table).rows_where(
                    " AND ".join(conditions) or None,
                    list(given.values()),
                    order_by=order,
                    select=listed(columns(known)),
                    limit=newest,
                )
            )

        return [to_record(kind, row) for row in self._ask(rows)]

    def rows(self, sql: str, *values: Any, **named: Any) -> list[tuple[Any, ...]]:
        """What a SELECT finds; for the queries of this package. Its values have places, or names."""

        def rows(db: Database) -> list[tuple[Any, ...]]:
            with closing(db.execute(sql, named or values)) as cursor:
                return cursor.fetchall()

        return self._ask(rows)

    def heed_time(self) -> None:
        """Raise StoreTooSlowError if it is time to give up: for long work between queries."""
        if self._give_up is not None and self._give_up():
            raise StoreTooSlowError(f"the database {self._path} takes too long to answer: ask for less")

    def within(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """What a query of this package finds that takes several SELECTs; it may be asked twice."""
        return self._ask(lambda db: query(db.conn))

    def _one(self, sql: str, *values: Any) -> Any:
        return self.rows(sql, *values)[0][0]

    def _ask(self, query: Callable[[Database], T]) -> T:
        """Ask the database; again where nobody wrote it when it was opened, and somebody has since."""
        with naming_errors(self._path):
            while self._at_rest is not None:
                try:
                    found = query(self._db)
                except (sqlite3.Error, StoreError):
                    if at_rest(self._path) == self._at_rest:
                        raise
                else:
                    if at_rest(self._path) == self._at_rest:
                        return found
                self._db.close()
                self._db, self._at_rest = connect_read_only(self._path, give_up=self._give_up)
            return query(self._db)


def _refuse_missing(path: Path) -> None:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise StoreMissingError(
            f"there is no database at {path} yet: start grid-monitor, or name its --data-dir"
        ) from None
    except OSError as error:  # a name that is too long, a folder that this user may not look into
        raise StoreUnavailableError(f"the database {path} can't be opened: {error.strerror}") from None


def _refuse_other_formats(db: Database, path: Path, *, may_be_older: bool) -> None:
    if not has_tables(db, path):
        raise StoreMissingError(f"there is no monitor's database at {path} yet: start grid-monitor")
    if refuse_newer(db, path) < FORMAT and not may_be_older:
        raise StoreVersionError(f"the database {path} is older than this program: start grid-monitor once, it migrates")
