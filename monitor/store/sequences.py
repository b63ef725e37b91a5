"""The sequences of turbines in the ledger: written with their batch, read back with what was stored since."""

from collections.abc import Iterable
from typing import Any

from sqlite_utils import Database

from monitor.facts import RememberedSequences, Run, SequenceChanges, SequenceRecord
from monitor.store.rows import columns, insertion, listed, to_record, to_row

MOST_READINGS_READ_BACK = 1_000_000
"""A crash leaves those of some seconds; a database of a time without sequences, or restored, leaves all it has."""

_REPLACE = insertion(SequenceRecord, "sequences").replace("INSERT", "REPLACE", 1)
_DELETE = "DELETE FROM sequences WHERE turbine_number = ? AND session = ?"
_CHECKPOINT = "UPDATE ledger SET sequences_up_to = ?"
_SINCE = (
    "SELECT turbine_number, session, sequence FROM readings "
    "WHERE id > ? AND session IS NOT NULL AND sequence IS NOT NULL ORDER BY id"
)


def write_sequences(db: Database, changes: SequenceChanges, last_reading_id: int) -> None:
    """Write them within the open transaction; `last_reading_id` is that of the readings of the same batch."""
    if changes.ended:
        db.conn.executemany(_DELETE, changes.ended)
    if changes.records:
        db.conn.executemany(_REPLACE, map(to_row(SequenceRecord), changes.records))
    if changes.is_checkpoint:
        db.conn.execute(_CHECKPOINT, [last_reading_id])


def read_sequences(db: Database, last_reading_id: int) -> RememberedSequences:
    """What the table tells, and the readings since the last checkpoint, as runs in the order of their arrival."""
    rows = db.table("sequences").rows_where(select=listed(columns(SequenceRecord)))
    (up_to,) = db.execute("SELECT sequences_up_to FROM ledger").fetchone()
    after = max(up_to or 0, last_reading_id - MOST_READINGS_READ_BACK)
    return RememberedSequences(
        records=[to_record(SequenceRecord, row) for row in rows],
        since=_runs(db.conn.execute(_SINCE, [after])),
        kept=up_to is not None,
    )


def _runs(readings: Iterable[tuple[Any, ...]]) -> list[Run]:
    """Readings in order of arrival as runs: a session's next run begins where one came that was not the next one."""
    runs: list[list[Any]] = []
    current: dict[tuple[int, str], list[Any]] = {}
    for number, session, sequence in readings:
        run = current.get((number, session))
        if run is not None and sequence == run[3] + 1:
            run[3] = sequence
        else:
            current[number, session] = run = [number, session, sequence, sequence]
            runs.append(run)
    return [Run(*run) for run in runs]
