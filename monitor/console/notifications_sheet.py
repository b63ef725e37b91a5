"""The sheet of messages to people."""

from collections.abc import Iterable

from monitor.console.sheets import Sheet
from monitor.console.words import moment
from monitor.facts import Delivery, Notification

_WORDS = {Delivery.WAITING: "waits", Delivery.SENT: "sent", Delivery.FAILED: "given up"}


def notifications_sheet(notifications: Iterable[Notification]) -> Sheet:
    """Each message: when, to whom, where it stands and why, and its title."""
    sheet = Sheet([">number", "decided at", "receiver", ">attempts", "stands", "title"])
    for one in notifications:
        stands = _WORDS[one.delivery] if one.error is None else f"{_WORDS[one.delivery]}: {one.error}"
        number, attempts = str(one.notification_id), str(one.attempts)
        sheet.rows.append([number, moment(one.created_at), one.receiver, attempts, stands, one.title])
    return sheet
