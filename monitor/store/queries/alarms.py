"""Alarms and their journal, by filters."""

from dataclasses import dataclass

from monitor.facts import Alarm, AlarmEntry, AlarmState, AlarmTurn, Severity
from monitor.store.queries.pages import Page, Table, Turn, page_of
from monitor.store.reader import LedgerReader
from monitor.store.rows import columns, listed, to_record

_LISTED = "(state <> 'normal' OR shelved_until IS NOT NULL OR out_of_service_by IS NOT NULL)"
_ALARMS = Table("alarms", Alarm, "alarm_id")
_JOURNAL = Table("alarm_journal", AlarmEntry, "entry_id")


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
        f"{_LISTED} = ?": True if wanted.state is None else None,
    }
    return page_of(reader, turn, _ALARMS, where)


def alarm(reader: LedgerReader, alarm_id: int) -> Alarm | None:
    """One alarm; None if there is none of this number."""
    found = page_of(reader, Turn(1), _ALARMS, {"alarm_id = ?": alarm_id}).records
    return found[0][1] if found else None


def listed_alarms(reader: LedgerReader) -> list[Alarm]:
    """All that are not normal, or that a person has silenced."""
    sql = f"SELECT {listed(columns(Alarm))} FROM alarms WHERE {_LISTED} ORDER BY alarm_id"  # noqa: S608 - our own names
    return [to_record(Alarm, dict(zip(columns(Alarm), row, strict=True))) for row in reader.rows(sql)]


def journal_page(reader: LedgerReader, turn: Turn, alarm_id: int) -> Page[AlarmEntry]:
    """What became of an alarm, and who did it."""
    return page_of(reader, turn, _JOURNAL, {"alarm_id = ?": alarm_id})


def raised_since(reader: LedgerReader, since: int) -> list[tuple[int, int]]:
    """When people were told of which alarm, in order."""
    sql = "SELECT at, alarm_id FROM alarm_journal WHERE at >= ? AND turn = ? ORDER BY at"
    return [(int(at), int(alarm_id)) for at, alarm_id in reader.rows(sql, since, AlarmTurn.RAISED.value)]
