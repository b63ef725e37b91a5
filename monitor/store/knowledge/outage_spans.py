"""What was reported as out, in the ledger: spans that neither touch nor overlap, for each controller and type."""

from collections.abc import Iterator
from typing import NamedTuple

from sqlite_utils import Database

from monitor.outages.merging import Span, union, without

_UP_TO = (
    "SELECT from_at, until_at FROM outage_spans WHERE controller_id = ? AND outage_type = ? AND from_at <= ? "
    "ORDER BY from_at DESC"
)
_AFTER = (
    "SELECT from_at, until_at FROM outage_spans WHERE controller_id = ? AND outage_type = ? AND from_at > ? "
    "ORDER BY from_at LIMIT 1"
)
_DELETE = "DELETE FROM outage_spans WHERE controller_id = ? AND outage_type = ? AND from_at = ?"
_INSERT = "INSERT INTO outage_spans (controller_id, outage_type, from_at, until_at) VALUES (?, ?, ?, ?)"


class OfKind(NamedTuple):
    """Whose outages, and of which type: no other reports can touch them."""

    controller_id: str
    outage_type: str


class Inserted(NamedTuple):
    """What became of a new span. `before` and `after` include the neighbours that it does not touch."""

    span: Span
    before: list[Span]
    after: list[Span]


def insert_span(db: Database, kind: OfKind, span: Span) -> Inserted | None:
    """Join a span with those that it touches; None if it tells nothing new."""
    touched, preceding = _touched(db, kind, span)
    whole = union([*touched, span])[0]
    if touched == [whole]:
        return None
    db.conn.executemany(_DELETE, [(*kind, old.from_at) for old in touched])
    db.conn.execute(_INSERT, (*kind, *whole))
    following = [Span(*row) for row in db.conn.execute(_AFTER, (*kind, whole.until_at))]
    return Inserted(whole, [*preceding, *touched, *following], [*preceding, whole, *following])


def cut_spans(db: Database, kind: OfKind, cut: Span, kept: OfKind) -> None:
    """Take away what lies between both ends of a time, but for what is known of another kind."""
    old = spans_between(db, kind, cut.from_at, cut.until_at)
    new = union([*without(old, cut), *spans_between(db, kept, cut.from_at, cut.until_at)])
    db.conn.executemany(_DELETE, [(*kind, span.from_at) for span in old])
    db.conn.executemany(_INSERT, [(*kind, *span) for span in new])


def spans_between(db: Database, kind: OfKind, since: int, until: int) -> list[Span]:
    """The spans that overlap or touch a time, in order."""
    found = []
    for span in _backwards(db, kind, until):
        if span.until_at < since:
            break
        found.append(span)
    return found[::-1]


def _touched(db: Database, kind: OfKind, span: Span) -> tuple[list[Span], list[Span]]:
    """The spans that one touches, in order, and the one before them if there is any."""
    touched: list[Span] = []
    for old in _backwards(db, kind, span.until_at):
        if old.until_at < span.from_at:
            return touched[::-1], [old]
        touched.append(old)
    return touched[::-1], []


def _backwards(db: Database, kind: OfKind, until: int) -> Iterator[Span]:
    """Spans that begin by a time, the last one first: they don't overlap, so whoever reads may stop at the first
    that lies before what is wanted.
    """
    for row in db.conn.execute(_UP_TO, (*kind, until)):
        yield Span(*row)
