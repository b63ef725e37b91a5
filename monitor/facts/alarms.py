"""Alarms: conditions that ask a person to act, and what people did about them (after ISA-18.2)."""

from dataclasses import dataclass, field
from enum import StrEnum

from monitor.facts.audit import Actor


class Severity(StrEnum):
    """How soon a person must act, the most urgent first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def place(self) -> int:
        """Among all: 0 for the most urgent."""
        return _PLACES[self]


_PLACES = {severity: place for place, severity in enumerate(Severity)}


class AlarmState(StrEnum):
    """ISA-18.2's states of an alarm; shelved, suppressed and out of service lie over them."""

    NORMAL = "normal"
    UNACKNOWLEDGED = "unacknowledged"
    """Active, and nobody has acknowledged it."""
    ACKNOWLEDGED = "acknowledged"
    """Active, and somebody has."""
    CLEARED = "cleared"
    """The condition is gone, and nobody has acknowledged it: latched."""


@dataclass(slots=True)
class Alarm:
    """One condition: a row of the table `alarms`, one for each rule and subject, used again at each recurrence."""

    alarm_id: int
    rule: str
    subject: str
    """What it is about: `turbine-7`, `turbine-7/temperature`, `farm`, `monitor` ..."""
    turbine_number: int | None
    region: str | None
    severity: Severity
    state: AlarmState
    sentence: str
    raised_at: int
    """When it last became active."""
    changed_at: int
    cleared_at: int | None = None
    occurrences: int = 1
    """How often it became active, since it was last normal."""
    acknowledged_at: int | None = None
    acknowledged_by: str | None = None
    comment: str | None = None
    shelved_until: int | None = None
    shelved_by: str | None = None
    out_of_service_by: str | None = None
    suppressed_by: str | None = None
    """The rule whose alarm speaks for this one now."""
    announced_at: int | None = None
    """When people were told last that it is active; None while nobody was, since it was last normal."""

    @property
    def is_active(self) -> bool:
        """Whether the condition holds."""
        return self.state in (AlarmState.UNACKNOWLEDGED, AlarmState.ACKNOWLEDGED)

    @property
    def is_audible(self) -> bool:
        """Whether it speaks to people: nobody has silenced it, and no other alarm speaks for it."""
        return self.suppressed_by is None and not self.is_silenced

    @property
    def is_silenced(self) -> bool:
        """Whether a person has shelved it or taken it out of service."""
        return self.shelved_until is not None or self.out_of_service_by is not None

    @property
    def waits(self) -> bool:
        """Whether it waits for somebody to acknowledge it."""
        return self.is_audible and self.state in (AlarmState.UNACKNOWLEDGED, AlarmState.CLEARED)


class AlarmTurn(StrEnum):
    """What happened to an alarm: the stable word of its journal."""

    RAISED = "raised"
    """Active, and people are told. What alarms per ten minutes are counted by."""
    HELD_BACK = "held_back"
    """Active while it is suppressed, shelved or out of service: nobody is told. If it lasts, it is raised later."""
    CLEARED = "cleared"
    ACKNOWLEDGED = "acknowledged"
    RETURNED = "returned"
    """Cleared and acknowledged: normal again."""
    COMMENTED = "commented"
    SHELVED = "shelved"
    UNSHELVED = "unshelved"
    TAKEN_OUT_OF_SERVICE = "taken_out_of_service"
    PUT_IN_SERVICE = "put_in_service"
    SUPPRESSED = "suppressed"
    UNSUPPRESSED = "unsuppressed"


@dataclass(frozen=True, slots=True)
class AlarmEntry:
    """A turn of an alarm: a row of the table `alarm_journal`."""

    at: int
    alarm_id: int
    turn: AlarmTurn
    sentence: str
    by: str | None = None
    comment: str | None = None


class AlarmOrderKind(StrEnum):
    """What a person may do about alarms."""

    ACKNOWLEDGE = "acknowledge"
    COMMENT = "comment"
    SHELVE = "shelve"
    UNSHELVE = "unshelve"
    TAKE_OUT_OF_SERVICE = "take_out_of_service"
    PUT_IN_SERVICE = "put_in_service"


@dataclass(frozen=True, slots=True)
class AlarmOrder:
    """A person acts on alarms; no `alarm_ids` means all that wait to be acknowledged."""

    kind: AlarmOrderKind
    alarm_ids: tuple[int, ...]
    by: str
    comment: str = ""
    until: int | None = None
    """The end of a shelving, UTC in microseconds."""
    actor: Actor | None = None
    """Who it is, for the audit; None where only `by` is known."""


class AlarmRefusal(StrEnum):
    """Why an order about alarms was not obeyed, for programs."""

    UNKNOWN_ALARM = "unknown_alarm"
    NOT_POSSIBLE = "not_possible"
    """As things stand: nothing to acknowledge, not shelved, an end that makes no sense."""
    UNAVAILABLE = "unavailable"
    """The monitor stops, can't store, or has too much to do: nothing was done, ask again."""


@dataclass(frozen=True, slots=True)
class AlarmAnswer:
    """What became of an order: how many alarms it changed, in words."""

    accepted: bool
    sentence: str
    changed: int = 0
    refusal: AlarmRefusal | None = None
    """Set where it was not accepted."""


@dataclass(frozen=True, slots=True)
class AlarmCounts:
    """The alarms at a glance, as they were committed last. Silenced ones are counted in the last two only."""

    unacknowledged: int = 0
    """How many wait for somebody to acknowledge them, cleared or not."""
    active: int = 0
    highest: Severity | None = None
    """The most urgent of those that wait."""
    suppressed: int = 0
    """Active, and another alarm speaks for them."""
    silenced: int = 0
    """Shelved or out of service, by a person."""
    changes: int = 0
    """Counts the commits that changed any alarm, since this monitor's start."""


@dataclass(slots=True)
class AlarmChanges:
    """What one batch means for the alarms. Each changed alarm once, its turns in order."""

    alarms: list[Alarm] = field(default_factory=list)
    journal: list[AlarmEntry] = field(default_factory=list)
    answers: list[AlarmAnswer] = field(default_factory=list)
