"""Who is told of which alarm, when, and in which message."""

from monitor.facts import AlarmChanges, NotificationChanges, Now, RememberedKnowledge


class Notifications:
    """Decides on messages; whoever delivers them says what became of each."""

    def __init__(self, remembered: RememberedKnowledge, *, now: Now) -> None:
        """Continue with the messages that wait."""

    def take(self, changes: AlarmChanges, now: Now) -> NotificationChanges:
        """What is to be sent because of a batch's alarms, and because time went by."""
        return NotificationChanges()
