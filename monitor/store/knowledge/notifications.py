"""Notifications in the ledger: what waits to be delivered, and who was told of which alarm."""

from sqlite_utils import Database

from monitor.facts import Alarm, Notification, NotificationChanges, RememberedKnowledge, Telling
from monitor.store.rows import RecordT, columns, listed, to_record, to_row, upsertion

_UPSERT = upsertion(Notification, "notifications", "notification_id")
_UPSERT_TELLING = upsertion(Telling, "tellings", "receiver, alarm_id")
_FORGET = "DELETE FROM tellings WHERE receiver = ? AND alarm_id = ?"

_WAITING = "SELECT {} FROM notifications WHERE delivery = 'waiting'"
_LAST_ENDED = (
    "SELECT {} FROM notifications WHERE notification_id IN (SELECT notification_id FROM "
    "(SELECT notification_id, max(ended_at) FROM notifications WHERE ended_at IS NOT NULL GROUP BY receiver))"
)
_TOLD_ALARMS = "SELECT {} FROM alarms WHERE alarm_id IN (SELECT alarm_id FROM tellings)"


def write_notifications(db: Database, changes: NotificationChanges) -> None:
    """Write them within the open transaction, after the alarms that they are about."""
    if changes.notifications:
        db.conn.executemany(_UPSERT, map(to_row(Notification), changes.notifications))
    if changes.tellings:
        db.conn.executemany(_UPSERT_TELLING, map(to_row(Telling), changes.tellings))
    if changes.forgotten:
        db.conn.executemany(_FORGET, changes.forgotten)


def read_notifications(db: Database, remembered: RememberedKnowledge) -> None:
    """Fill in what is known of them."""
    remembered.notifications = [*_read(db, Notification, _WAITING), *_read(db, Notification, _LAST_ENDED)]
    remembered.tellings = _read(db, Telling, "SELECT {} FROM tellings")
    remembered.told_alarms = _read(db, Alarm, _TOLD_ALARMS)
    (highest,) = db.execute("SELECT coalesce(max(notification_id), 0) FROM notifications").fetchone()
    remembered.next_notification_id = 1 + int(highest)


def _read(db: Database, kind: type[RecordT], sql: str) -> list[RecordT]:
    known: type = kind
    rows = db.execute(sql.format(listed(columns(known)))).fetchall()
    return [to_record(kind, dict(zip(columns(known), row, strict=True))) for row in rows]
