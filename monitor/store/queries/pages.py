"""Long tables a page at a time: each page starts after the last key of the one before, however long the table is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from monitor.facts import (
    AuditAction,
    AuditEntry,
    DeadLetter,
    Delivery,
    Event,
    Finding,
    FindingKind,
    Incident,
    Notification,
    Reading,
    Visit,
)
from monitor.store.reader import LedgerReader
from monitor.store.rows import columns, listed, to_reading, to_record

RecordT = TypeVar("RecordT")


@dataclass(frozen=True, slots=True)
class Page(Generic[RecordT]):
    """Records, each with the key that gives them their order."""

    records: list[tuple[int, RecordT]]
    next_key: int | None
    """What to ask for the following page with, as `after`; None on the last one."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Which page: at most `limit` records, those beyond the key `after`."""

    limit: int
    after: int | None = None
    newest_first: bool = True


@dataclass(frozen=True, slots=True)
class Table(Generic[RecordT]):
    """A table that is read in pages: one record a row, in the order of `key`."""

    name: str
    kind: type[RecordT]
    key: str
    ended: str = ""
    """The column with the end of what may be open."""

    @property
    def columns(self) -> tuple[str, ...]:
        """As `monitor.store.rows` has them."""
        kind: type = self.kind
        return columns(kind)


_READINGS = Table("readings", Reading, "emitted_at")
_INCIDENTS = Table("incidents", Incident, "incident_id", ended="closed_at")
_VISITS = Table("visits", Visit, "visit_id", ended="ended_at")
_EVENTS = Table("events", Event, "event_id")
_DEAD_LETTERS = Table("dead_letters", DeadLetter, "dead_letter_id")
_FINDINGS = Table("findings", Finding, "finding_id", ended="until")
_NOTIFICATIONS = Table("notifications", Notification, "notification_id")
_AUDIT = Table("audit", AuditEntry, "audit_id")
_IS_WHO = (
    "? IN (who, substr(who, 1, instr(who || ' (', ' (') - 1),"
    " rtrim(substr(who, nullif(instr('(' || who, '(token '), 0) + 6), ')'))"
)
"""`anna (token shift-app)` is it by all of its name, as `anna` and as `shift-app`; `token shift-app` is, too."""


def readings_page(
    reader: LedgerReader, turn: Turn, turbine_number: int, *, since: int | None = None, until: int | None = None
) -> Page[Reading]:
    """A turbine's readings by `emitted_at`, which is their key, from `since` on and before `until`."""
    where = {"turbine_number = ?": turbine_number, "emitted_at >= ?": since, "emitted_at < ?": until}
    return page_of(reader, turn, _READINGS, where)


def incidents_page(
    reader: LedgerReader,
    turn: Turn,
    *,
    is_open: bool | None = None,
    turbine_number: int | None = None,
    since: int | None = None,
    until: int | None = None,
) -> Page[Incident]:
    """Incidents by number; `since` and `until` bound when they were opened."""
    where = {"turbine_number = ?": turbine_number, "opened_at >= ?": since, "opened_at < ?": until}
    return page_of(reader, turn, _INCIDENTS, where, is_open=is_open)


def visits_page(
    reader: LedgerReader,
    turn: Turn,
    *,
    is_open: bool | None = None,
    turbine_number: int | None = None,
    incident_id: int | None = None,
) -> Page[Visit]:
    """Visits by number."""
    where = {"turbine_number = ?": turbine_number, "incident_id = ?": incident_id}
    return page_of(reader, turn, _VISITS, where, is_open=is_open)


def events_page(
    reader: LedgerReader,
    turn: Turn,
    *,
    turbine_number: int | None = None,
    incident_id: int | None = None,
    action: str | None = None,
) -> Page[Event]:
    """Decisions in the order in which they were taken."""
    where = {"turbine_number = ?": turbine_number, "incident_id = ?": incident_id, "action = ?": action}
    return page_of(reader, turn, _EVENTS, where)


def findings_page(
    reader: LedgerReader,
    turn: Turn,
    *,
    is_open: bool | None = None,
    turbine_number: int | None = None,
    kind: FindingKind | None = None,
    lasting: bool | None = None,
) -> Page[Finding]:
    """Findings by number; `lasting` ones are those that outlasted the on-delay."""
    where = {"turbine_number = ?": turbine_number, "kind = ?": kind, "lasting = ?": lasting}
    return page_of(reader, turn, _FINDINGS, where, is_open=is_open)


def dead_letters_page(reader: LedgerReader, turn: Turn, *, reason: str | None = None) -> Page[DeadLetter]:
    """Refused messages in the order in which they were refused."""
    return page_of(reader, turn, _DEAD_LETTERS, {"reason = ?": reason})


def notifications_page(
    reader: LedgerReader, turn: Turn, *, delivery: Delivery | None = None, receiver: str | None = None
) -> Page[Notification]:
    """Messages to people in the order in which they were decided."""
    return page_of(reader, turn, _NOTIFICATIONS, {"delivery = ?": delivery, "receiver = ?": receiver})


def notification(reader: LedgerReader, notification_id: int) -> Notification | None:
    """One message; None if there is none of this number."""
    found = notifications_page(reader, Turn(1, after=notification_id + 1)).records
    return found[0][1] if found and found[0][0] == notification_id else None


def audit_page(
    reader: LedgerReader,
    turn: Turn,
    *,
    who: str | None = None,
    action: AuditAction | None = None,
    subject: str | None = None,
    accepted: bool | None = None,
    since: int | None = None,
    until: int | None = None,
) -> Page[AuditEntry]:
    """Orders, and what became of them, in the order in which they were decided; from `since` on and before `until`."""
    where = {
        _IS_WHO: who,
        "action = ?": action,
        "subject = ?": subject,
        "accepted = ?": accepted,
        "at >= ?": since,
        "at < ?": until,
    }
    return page_of(reader, turn, _AUDIT, where)


def page_of(
    reader: LedgerReader,
    turn: Turn,
    table: Table[RecordT],
    where: Mapping[str, Any],
    *,
    is_open: bool | None = None,
) -> Page[RecordT]:
    """One page of a table; of `where`, conditions with a `?`, those whose value is None don't count."""
    # The + keeps SQLite off the key: the few that are open have an index, and it would rather walk over the table.
    by = f"+{table.key}" if is_open else table.key
    # Pairs, since `until` and the page may bound the same column.
    conditions = [*where.items(), (f"{by} {'<' if turn.newest_first else '>'} ?", turn.after)]
    given = [(condition, value) for condition, value in conditions if value is not None]
    ending = [] if is_open is None else [f"{table.ended} IS {'' if is_open else 'NOT '}NULL"]
    wanted = " AND ".join([*ending, *(condition for condition, _ in given)])
    sql = (
        f"SELECT {table.key}, {listed(table.columns)} FROM {table.name}"  # noqa: S608 - our own names
        f"{' WHERE ' if wanted else ''}{wanted}"
        f" ORDER BY {by} {'DESC' if turn.newest_first else ''} LIMIT {turn.limit + 1}"
    )
    rows = reader.rows(sql, *(value for _, value in given))  # one more tells whether another page follows
    records = [(int(row[0]), _record(table, row[1:])) for row in rows[: turn.limit]]
    return Page(records, records[-1][0] if len(rows) > turn.limit else None)


def _record(table: Table[Any], row: tuple[Any, ...]) -> Any:
    if table is _READINGS:
        return to_reading(row)
    return to_record(table.kind, dict(zip(table.columns, row, strict=True)))
