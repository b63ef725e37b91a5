"""Notifications: messages to people about alarms, from their decision to the receiver's answer."""

from dataclasses import dataclass, field
from enum import StrEnum

from monitor.facts.alarms import Severity


class Delivery(StrEnum):
    """Where a notification stands."""

    WAITING = "waiting"
    """For its time, its group or its next attempt."""
    SENT = "sent"
    FAILED = "failed"
    """Given up, after the last attempt."""


@dataclass(frozen=True, slots=True)
class Notification:
    """One message for one receiver: a row of the table `notifications`."""

    notification_id: int
    receiver: str
    severity: Severity
    title: str
    body: str
    created_at: int
    due_at: int
    delivery: Delivery = Delivery.WAITING
    attempts: int = 0
    ended_at: int | None = None
    error: str | None = None
    """Why the last attempt failed; never with an address or a secret."""


@dataclass(slots=True)
class NotificationChanges:
    """New and changed notifications."""

    notifications: list[Notification] = field(default_factory=list)
