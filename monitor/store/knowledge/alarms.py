"""Alarms in the ledger: a row for each condition, and a journal of every turn."""

from sqlite_utils import Database

from monitor.facts import Alarm, AlarmChanges, AlarmEntry, RememberedKnowledge
from monitor.store.rows import columns, insertion, listed, to_record, to_row, upsertion

_UPSERT_ALARM = upsertion(Alarm, "alarms", "alarm_id")
_INSERT_ENTRY = insertion(AlarmEntry, "alarm_journal")


def write_alarms(db: Database, changes: AlarmChanges) -> None:
    """Write them within the open transaction."""
    if changes.alarms:
        db.conn.executemany(_UPSERT_ALARM, map(to_row(Alarm), changes.alarms))
    if changes.journal:
        db.conn.executemany(_INSERT_ENTRY, map(to_row(AlarmEntry), changes.journal))


def read_alarms(db: Database, remembered: RememberedKnowledge) -> None:
    """Fill in all of them: one that is normal is used again when its condition returns."""
    rows = db.table("alarms").rows_where(select=listed(columns(Alarm)), order_by="alarm_id")
    remembered.alarms = [to_record(Alarm, row) for row in rows]
    remembered.next_alarm_id = 1 + max((alarm.alarm_id for alarm in remembered.alarms), default=0)
