"""Notifications: messages to people about alarms, from their decision to the receiver's answer."""

from dataclasses import dataclass, field
from enum import StrEnum

from monitor.facts.alarms import Severity
from monitor.facts.audit import Actor


class Delivery(StrEnum):
    """Where a notification stands."""

    WAITING = "waiting"
    """For its first attempt, or the next one."""
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
    """When it is tried next, or was tried last."""
    delivery: Delivery = Delivery.WAITING
    attempts: int = 0
    ended_at: int | None = None
    error: str | None = None
    """Why the last attempt failed; never with an address or a secret."""
    is_test: bool = False
    """Somebody waits for what becomes of it: it is tried once."""


class Said(StrEnum):
    """What a receiver is told of an alarm."""

    RAISED = "raised"
    CLEARED = "cleared"


@dataclass(frozen=True, slots=True)
class Telling:
    """What a receiver was told of an alarm, and is to be told: a row of the table `tellings`."""

    receiver: str
    alarm_id: int
    said: Said | None = None
    """What the receiver was told last."""
    told_at: int | None = None
    """When that was decided."""
    times: int = 0
    """How often the receiver was told that it is raised, since it was last told that it is cleared."""
    pending: Said | None = None
    """What comes next."""
    due_at: int | None = None
    """When it is to be told; None where nothing is pending."""
    route: str | None = None
    """The route that has it pending."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one attempt to deliver a notification."""

    notification_id: int
    error: str | None = None
    """Why it failed, without any address or secret; None when the receiver has it."""


@dataclass(frozen=True, slots=True)
class NotificationTest:
    """A person wants to see whether a receiver is reached."""

    receiver: str
    by: str
    actor: Actor | None = None
    """Who it is, for the audit; None where only `by` is known."""


class NotificationTestRefusal(StrEnum):
    """Why a receiver was not tested, for programs."""

    UNKNOWN_RECEIVER = "unknown_receiver"
    UNAVAILABLE = "unavailable"
    """The monitor stops, can't store, or has too much to do: nothing was done, ask again."""


@dataclass(frozen=True, slots=True)
class NotificationTestAnswer:
    """What became of the wish for a test, in words; whether the message arrived is said by its notification."""

    accepted: bool
    sentence: str
    notification_id: int | None = None
    refusal: NotificationTestRefusal | None = None
    """Set where it was not accepted."""


@dataclass(frozen=True, slots=True)
class ReceiverStanding:
    """A receiver, and how it goes with it."""

    receiver: str
    routes: tuple[str, ...]
    """Those that lead to it, by name."""
    waiting: int
    """How many messages to it wait."""
    failing: str | None
    """Why messages have not reached it for long; None while all is well."""


@dataclass(slots=True)
class NotificationChanges:
    """New and changed notifications, and who was told of what."""

    notifications: list[Notification] = field(default_factory=list)
    tellings: list[Telling] = field(default_factory=list)
    forgotten: list[tuple[str, int]] = field(default_factory=list)
    """Receivers and alarms of which nothing need be remembered any more."""
    due: list[Notification] = field(default_factory=list)
    """Those to be tried now, after the commit."""
    answers: list[NotificationTestAnswer] = field(default_factory=list)
    """One for each test, in order."""
