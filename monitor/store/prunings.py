"""Which readings and dead letters are too old to keep, their deletion slice by slice, and the record of it."""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field
from sqlite_utils import Database

from grid.metrics import MAX_INTEGER, NO_CONTROL_CHARACTERS
from grid.times import LATEST, format_time
from grid.topics import MAX_TURBINE_NUMBER
from monitor.clock import utc_now
from monitor.facts import AuditAction, AuditEntry, Door
from monitor.store.rows import insertion, to_row

PRUNABLE = """
emitted_at < :kept_since AND received_at < :kept_since
AND id < (SELECT max(id) FROM readings)
AND emitted_at < (SELECT max(n.emitted_at) FROM readings n WHERE n.turbine_number = readings.turbine_number)
AND NOT EXISTS (
    SELECT 1 FROM turbines t
    WHERE t.turbine_number = readings.turbine_number AND t.emitted_at = readings.emitted_at
)
AND NOT EXISTS (
    SELECT 1 FROM window_marks m WHERE m.turbine_number = readings.turbine_number
    AND m.start_at BETWEEN readings.emitted_at - 3660000000 AND readings.emitted_at + 3600000000
)
"""
"""Which readings may go: emitted and received before `:kept_since`.

A turbine's newest reading stays, and so does the one that its row in `turbines` tells of. The reading that was
committed last stays too: its id must not be given to another one. What lies within an hour of a marked window stays
until that is figured: its figures are made of them, and windows are kept for ever.
"""

_DELETIONS = {
    "readings": f"DELETE FROM readings WHERE id > :after AND id <= :up_to AND {PRUNABLE}",  # noqa: S608 - our own text
    "dead_letters": (
        "DELETE FROM dead_letters WHERE dead_letter_id > :after AND dead_letter_id <= :up_to "
        "AND received_at < :kept_since"
    ),
}

_INSERT_AUDIT = insertion(AuditEntry, "audit")


@dataclass(frozen=True, slots=True)
class Pruning:
    """A row of the table `prunings`: from then on readings emitted and received before `kept_since` are gone."""

    pruning_id: int
    at: int
    kept_since: int
    readings: int = 0
    dead_letters: int = 0


class Slice(BaseModel):
    """Rows of a table, of which those that are too old are to be deleted: ids above `after`, up to `up_to`."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    table: Literal["readings", "dead_letters"]
    kept_since: int = Field(ge=0, le=LATEST)
    after: int = Field(ge=0, le=MAX_INTEGER)
    up_to: int = Field(ge=0, le=MAX_INTEGER)
    pruning_id: int | None = Field(None, ge=1, le=MAX_INTEGER)
    """The pruning that it belongs to; None begins one."""
    by: str = Field("somebody", min_length=1, max_length=160, pattern=NO_CONTROL_CHARACTERS)
    """Who prunes."""


class CutFile(BaseModel):
    """A turbine's text file without its pruned lines, written beside the old one and ready to take its place."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    turbine_number: int = Field(ge=1, le=MAX_TURBINE_NUMBER)
    inode: int = Field(ge=0)
    """Of the old file: another one is not to be replaced."""
    read: int = Field(ge=0, le=MAX_INTEGER)
    """Bytes of the old file that were dealt with; what comes behind is to be copied."""
    written: int = Field(ge=0, le=MAX_INTEGER)
    """Bytes that the new file has."""


class Deleted(NamedTuple):
    """What became of a slice."""

    pruning_id: int
    rows: int
    seconds: float
    """How long the store was busy with it."""


def read_pruning(request: dict[str, Any]) -> Slice | CutFile | None:
    """Read a request to the running monitor as a part of a pruning; None if it is something else.

    Raises ValueError.
    """
    if "delete" in request:
        return Slice.model_validate(request["delete"])
    if "replace_text_file" in request:
        return CutFile.model_validate(request["replace_text_file"])
    return None


def delete_slice(db: Database, of: Slice) -> tuple[int, int]:
    """Delete what is too old among these ids, within the open transaction; returns the pruning's id and the count.

    What is pruned is recorded with it, so that nobody takes it for lost, and who began it.
    """
    at = utc_now()
    kept_since = min(of.kept_since, at)
    pruning_id = of.pruning_id
    if pruning_id is None:
        begun = "INSERT INTO prunings (at, kept_since, readings, dead_letters) VALUES (?, ?, 0, 0)"
        pruning_id = db.conn.execute(begun, [at, kept_since]).lastrowid or 0
        db.conn.execute(_INSERT_AUDIT, to_row(AuditEntry)(_audit_entry(of.by, at, kept_since)))
    limits = {"kept_since": kept_since, "after": of.after, "up_to": of.up_to}
    deleted = db.conn.execute(_DELETIONS[of.table], limits).rowcount
    counted = f"UPDATE prunings SET {of.table} = {of.table} + ? WHERE pruning_id = ?"  # noqa: S608 - a known word
    db.conn.execute(counted, [deleted, pruning_id])
    return pruning_id, deleted


def _audit_entry(by: str, at: int, kept_since: int) -> AuditEntry:
    return AuditEntry(
        at=at,
        who=by,
        door=Door.COMMAND_LINE,
        rights=None,
        token_id=None,
        address=None,
        action=AuditAction.PRUNE,
        subject="readings and dead letters",
        why="",
        accepted=True,
        sentence=f"what was emitted and received before {format_time(kept_since)} is deleted",
    )
