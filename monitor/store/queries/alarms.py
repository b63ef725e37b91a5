"""Alarms and their journal, by filters."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from monitor.facts import Alarm, AlarmEntry, AlarmState, AlarmTurn, Severity
from monitor.store.queries.pages import Page, Turn
from monitor.store.reader import LedgerReader
from monitor.store.rows import columns, listed, to_record

_LISTED = "(state <> 'normal' OR shelved_until IS NOT NULL OR out_of_service_by IS NOT NULL)"


@dataclass(frozen=True, slots=True)
class AlarmFilter:
    """Which alarms; what is None doesn't count. Without a state: those that are not normal, or are silenced."""

    state: AlarmState | None = None
    severity: Severity | None = None
    turbine_number: int | None = None
    rule: str | None = None


def alarms_page(reader: LedgerReader, turn: Turn, wanted: AlarmFilter) -> Page[Alarm]:
    """Alarms by number."""
    where = {
        "state = ?": wanted.state,
        "severity = ?": wanted.severity,
        "turbine_number = ?": wanted.turbine_number,
        "rule = ?": wanted.rule,
    }
    return _page(reader, turn, Alarm, ("alarms", "alarm_id"), where, only=_LISTED if wanted.state is None else "1")


def alarm(reader: LedgerReader, alarm_id: int) -> Alarm | None:
    """One alarm; None if there is none of this number."""
    found = _page(reader, Turn(1), Alarm, ("alarms", "alarm_id"), {"alarm_id = ?": alarm_id}).records
    return found[0][1] if found else None


def listed_alarms(reader: LedgerReader) -> list[Alarm]:
    """All that are not normal, or that a person has silenced."""
    sql = f"SELECT {listed(columns(Alarm))} FROM alarms WHERE {_LISTED} ORDER BY alarm_id"  # noqa: S608 - our own names
    return [_record(Alarm, row) for row in reader.rows(sql)]


def journal_page(reader: LedgerReader, turn: Turn, alarm_id: int) -> Page[AlarmEntry]:
    """What became of an alarm, and who did it."""
    return _page(reader, turn, AlarmEntry, ("alarm_journal", "entry_id"), {"alarm_id = ?": alarm_id})


def raised_since(reader: LedgerReader, since: int) -> list[tuple[int, int]]:
    """When people were told of which alarm, in order."""
    sql = "SELECT at, alarm_id FROM alarm_journal WHERE at >= ? AND turn = ? ORDER BY at"
    return [(int(at), int(alarm_id)) for at, alarm_id in reader.rows(sql, since, AlarmTurn.RAISED.value)]


def _page(
    reader: LedgerReader,
    turn: Turn,
    kind: type,
    of: tuple[str, str],
    where: Mapping[str, Any],
    *,
    only: str = "1",
) -> Page[Any]:
    table, key = of
    conditions = [*where.items(), (f"{key} {'<' if turn.newest_first else '>'} ?", turn.after)]
    given = [(condition, value) for condition, value in conditions if value is not None]
    sql = (
        f"SELECT {key}, {listed(columns(kind))} FROM {table}"  # noqa: S608 - our own names
        f" WHERE {' AND '.join([only, *(condition for condition, _ in given)])}"
        f" ORDER BY {key} {'DESC' if turn.newest_first else ''} LIMIT {turn.limit + 1}"
    )
    rows = reader.rows(sql, *(value for _, value in given))
    records = [(int(row[0]), _record(kind, row[1:])) for row in rows[: turn.limit]]
    return Page(records, records[-1][0] if len(rows) > turn.limit else None)


def _record(kind: type, row: tuple[Any, ...]) -> Any:
    return to_record(kind, dict(zip(columns(kind), row, strict=True)))
