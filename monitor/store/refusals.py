"""Rows that the database refuses: found by bisection, so that one of them never costs its batch."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from sqlite_utils import Database

from grid.times import LATEST
from grid.topics import Kind
from monitor.facts import (
    KEPT_DETAIL_CHARACTERS,
    KEPT_PAYLOAD_BYTES,
    KEPT_TOPIC_CHARACTERS,
    DeadLetter,
    DeadLetterReason,
    Reading,
)

_BECAUSE_OF_THE_ROW = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    OverflowError,
    UnicodeEncodeError,
)
"""What SQLite and its driver raise for a value; what they raise for a lock or a disk is not among them."""


class Refused(NamedTuple):
    """A row that the database did not take, and why."""

    row: Sequence[Any]
    error: Exception


def write_all_but_refused(db: Database, sql: str, rows: Sequence[Sequence[Any]]) -> list[Refused]:
    """Run `sql` for all rows, in their order, within the open transaction; returns those that the database refused.

    `sql` must do nothing more when it comes twice for a row: after a refusal halves are tried again, without undoing
    what was written, so that a good batch pays for no savepoint.
    """
    try:
        db.conn.executemany(sql, rows)
    except _BECAUSE_OF_THE_ROW as error:
        if len(rows) == 1:
            return [Refused(rows[0], error)]
    else:
        return []
    middle = len(rows) // 2
    return write_all_but_refused(db, sql, rows[:middle]) + write_all_but_refused(db, sql, rows[middle:])


def refused_reading(refused: Refused) -> DeadLetter:
    """The dead letter for a reading that the database did not take."""
    return _dead_letter(Reading._fields, refused, what="reading")


def refused_turbine(refused: Refused, names: Sequence[str]) -> DeadLetter:
    """The dead letter for what the fleet knew of a turbine, and the database did not take: the columns `names`."""
    return _dead_letter(names, refused, what="turbine")


def _dead_letter(names: Sequence[str], refused: Refused, *, what: str) -> DeadLetter:
    fields = dict(zip(names, refused.row, strict=True))
    payload = json.dumps(fields, default=str).encode()
    received_at = fields["received_at"]
    return DeadLetter(
        received_at=received_at if type(received_at) is int and 0 <= received_at < LATEST else 0,
        topic=Kind.METRICS.of(fields["turbine_number"]),
        payload=payload,
        size=len(payload),
        reason=DeadLetterReason.REFUSED_BY_DATABASE,
        detail=f"the database refused the {what}: {refused.error}",
    )


def as_stored(letter: DeadLetter) -> DeadLetter:
    """The dead letter as no database refuses it: the start of what is long, and texts that are UTF-8."""
    return replace(
        letter,
        topic=_start_of(letter.topic, KEPT_TOPIC_CHARACTERS),
        payload=letter.payload[:KEPT_PAYLOAD_BYTES],
        detail=_start_of(letter.detail, KEPT_DETAIL_CHARACTERS),
    )


def _start_of(text: str, characters: int) -> str:
    shown = text if len(text) <= characters else f"{text[: characters - 3]}..."
    return shown.encode(errors="backslashreplace").decode()
