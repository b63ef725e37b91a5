"""Who is told of which alarm, when, and in which message."""

from collections.abc import Sequence

from monitor.facts import AlarmChanges, NotificationChanges, NotificationTest, Now, Receipt, RememberedKnowledge


class Notifications:
    """Decides on messages; whoever delivers them says what became of each."""

    def __init__(self, remembered: RememberedKnowledge, *, now: Now) -> None:
        """Continue with the messages that wait."""

    @property
    def failing(self) -> str | None:
        """Which receivers have not taken a message for long, in words; None while all is well."""
        return None

    def take(
        self, changes: AlarmChanges, receipts: Sequence[Receipt], tests: Sequence[NotificationTest], now: Now
    ) -> NotificationChanges:
        """What is to be sent because of a batch's alarms, because somebody tests, and because time went by."""
        return NotificationChanges()
