"""What the stages of the monitor tell each other: plain values, without behaviour, I/O or a clock.

News (what arrived) goes into the fleet, beliefs come out of it; beliefs go into the dispatcher, decisions come
out; changes go into the ledger in one transaction. Times called `..._at` are UTC in microseconds since 1970.
"""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from grid.metrics import OperationalStatus
from grid.repair import RepairState
from grid.status import OfflineReason, Presence


class Now(NamedTuple):
    """The time, handed to every decision.

    `utc` is for people and for the store. `watched` is for deadlines: the seconds during which this monitor was
    awake, connected to the broker and able to store. It stands still while the broker is away, the store refuses or
    the process is stopped, and no step of the machine's clock moves it, so that nobody is given up for a silence in
    which we could not listen.
    """

    utc: int
    watched: float


# --- news: what arrived, in order of arrival


class Reading(NamedTuple):
    """One reading. The fields are the columns of the table `readings`, in their order: a tuple is a row."""

    turbine_number: int
    emitted_at: int
    wind_speed: float
    power_output_in_kwh: float
    operational_status: OperationalStatus
    voltage: float | None
    current: float | None
    temperature: float | None
    session: str | None
    sequence: int | None
    received_at: int


@dataclass(frozen=True, slots=True)
class Birth:
    """What a turbine says of itself when it comes online."""

    model: str | None = None
    rated_power_in_kw: float | None = None
    region: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    serial: str | None = None


@dataclass(frozen=True, slots=True)
class StatusReport:
    """A birth, goodbye or last will. `retained`: the broker remembered it from before we subscribed."""

    turbine_number: int
    presence: Presence
    received_at: int
    retained: bool = False
    reason: OfflineReason | None = None
    session: str | None = None
    connection: int | None = None
    at: int | None = None
    birth: Birth = Birth()


@dataclass(frozen=True, slots=True)
class RepairAnswer:
    """A turbine's answer to an order."""

    turbine_number: int
    dispatch_id: str
    result: RepairState
    received_at: int
    reason: str | None = None


class OrderKind(StrEnum):
    """What a person may want of a turbine's repairs."""

    REPAIR = "repair"
    HOLD = "hold"
    RELEASE = "release"


@dataclass(frozen=True, slots=True)
class Order:
    """A person sends an engineer, forbids visits to a turbine, or allows them again."""

    kind: OrderKind
    turbine_number: int
    by: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class BrokerFound:
    """The monitor is connected and subscribed."""


@dataclass(frozen=True, slots=True)
class BrokerLost:
    """The monitor hears nothing any more: that says nothing of the turbines."""


News = Reading | StatusReport | RepairAnswer | Order | BrokerFound | BrokerLost


class DeadLetterReason(StrEnum):
    """Why a message was refused: the label by which dead letters are counted."""

    TOPIC = "topic"
    TOO_LARGE = "too_large"
    NOT_JSON = "not_json"
    DUPLICATE_KEY = "duplicate_key"
    INVALID = "invalid"
    OTHER_TURBINE = "other_turbine"
    FUTURE = "future"
    REFUSED_BY_DATABASE = "refused_by_database"


KEPT_PAYLOAD_BYTES = 4096
"""How much of a dead letter is kept."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that is not of the contract: kept with its first 4 KiB and the reason in words."""

    received_at: int
    topic: str
    payload: bytes
    size: int
    reason: DeadLetterReason
    detail: str


# --- beliefs: what the fleet makes of the news


class Link(StrEnum):
    """Whether a turbine can be talked to."""

    UNKNOWN = "unknown"
    ONLINE = "online"
    STALE = "stale"
    """Connected, but silent."""
    OFFLINE = "offline"


class LinkReason(StrEnum):
    """Why a turbine is offline."""

    STOPPED = "stopped"
    LOST = "lost"
    SILENT = "silent"


class Health(StrEnum):
    """What the newest reading of the present session says; unknown until there is one."""

    UNKNOWN = "unknown"
    OK = "ok"
    BROKEN = "broken"


@dataclass(slots=True)
class TurbineRecord:
    """What is known of one turbine: a row of the table `turbines`, field by field."""

    turbine_number: int
    first_seen_at: int
    link: Link = Link.UNKNOWN
    link_reason: LinkReason | None = None
    link_since: int | None = None
    session: str | None = None
    connection: int | None = None
    health: Health = Health.UNKNOWN
    health_since: int | None = None
    """When the health became what it is: `emitted_at` of the reading that said so first."""
    # the newest reading
    emitted_at: int | None = None
    received_at: int | None = None
    wind_speed: float | None = None
    power_output_in_kwh: float | None = None
    operational_status: OperationalStatus | None = None
    voltage: float | None = None
    current: float | None = None
    temperature: float | None = None
    interval_seconds: float | None = None
    """Measured between the turbine's newest readings, by its own clock."""
    clock_skew_seconds: float | None = None
    """How far the turbine's clock is ahead of ours (negative: behind, or its readings came late)."""
    # the birth
    model: str | None = None
    rated_power_in_kw: float | None = None
    region: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    serial: str | None = None


class Because(StrEnum):
    """What a belief stands on."""

    READING = "reading"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Belief:
    """What is believed of a turbine now. The fleet tells every change of link or health.

    With `because` READING a reading newer than all before stands behind it; for turbines that the dispatcher
    attends to, each such reading is told, not only those that change something.
    """

    turbine_number: int
    because: Because
    link: Link
    link_reason: LinkReason | None
    session: str | None
    health: Health
    emitted_at: int | None
    received_at: int


Told = Belief | RepairAnswer | Order | BrokerFound | BrokerLost
"""What the fleet passes on to the dispatcher, in order of arrival."""


# --- decisions: what the dispatcher makes of beliefs


class IncidentCause(StrEnum):
    """Why an incident was opened."""

    BROKEN = "broken"
    ORDERED = "ordered"


class IncidentState(StrEnum):
    """Where an incident stands."""

    WAITING = "waiting"
    """For an engineer, or for its turn."""
    VISITED = "visited"
    OFFLINE = "offline"
    """On hold, because the turbine can't be reached; it keeps its age."""
    COOLING_DOWN = "cooling_down"
    """A visit had no effect; the next one waits."""
    REFUSED = "refused"
    """The turbine rejected the order: only a person, or a new session, tries again."""
    HELD = "held"
    """A person forbids visits."""
    CLOSED = "closed"


class IncidentOutcome(StrEnum):
    """How an incident ended."""

    REPAIRED = "repaired"
    RECOVERED = "recovered"


@dataclass(slots=True)
class Incident:
    """A turbine needs an engineer: a row of the table `incidents`. At most one is open per turbine."""

    incident_id: int
    turbine_number: int
    cause: IncidentCause
    state: IncidentState
    opened_at: int
    opened_by: str | None = None
    why: str | None = None
    failed_visits: int = 0
    closed_at: int | None = None
    outcome: IncidentOutcome | None = None


class VisitState(StrEnum):
    """Where a visit stands: the last two end it."""

    SENT = "sent"
    ACCEPTED = "accepted"
    DONE = "done"
    VERIFIED = "verified"
    RELEASED = "released"


class Release(StrEnum):
    """Why a visit ended without proof of a repair."""

    OFFLINE = "offline"
    NO_EFFECT = "no_effect"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    RECOVERED = "recovered"


@dataclass(slots=True)
class Visit:
    """One engineer at one turbine for one incident: a row of the table `visits`.

    At most one is open per turbine and per engineer; `dispatch_id` names it on the wire and is never used twice.
    """

    visit_id: int
    dispatch_id: str
    incident_id: int
    turbine_number: int
    engineer: int
    session: str | None
    state: VisitState
    sent_at: int
    commands: int = 1
    """How often the order was sent."""
    accepted_at: int | None = None
    done_at: int | None = None
    ended_at: int | None = None
    release: Release | None = None
    detail: str | None = None


class Action(StrEnum):
    """The stable word for what was decided, beside the sentence for people."""

    INCIDENT_OPENED = "incident_opened"
    INCIDENT_ON_HOLD = "incident_on_hold"
    INCIDENT_WAITING = "incident_waiting"
    INCIDENT_CLOSED = "incident_closed"
    ENGINEER_DISPATCHED = "engineer_dispatched"
    COMMAND_REPEATED = "command_repeated"
    REPAIR_ACCEPTED = "repair_accepted"
    REPAIR_DONE = "repair_done"
    ENGINEER_RELEASED = "engineer_released"
    TURBINE_HELD = "turbine_held"
    TURBINE_RELEASED = "turbine_released"


@dataclass(frozen=True, slots=True)
class Event:
    """A decision and its cause in words: a row of the table `events`, and a message on the turbine's `events`."""

    at: int
    turbine_number: int
    action: Action
    sentence: str
    incident_id: int | None = None
    visit_id: int | None = None
    engineer: int | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """An order to go out on a turbine's repair topic, now or again."""

    dispatch_id: str
    incident_id: int
    turbine_number: int
    engineer: int
    session: str | None
    issued_at: int


@dataclass(frozen=True, slots=True)
class OrderAnswer:
    """What became of a person's order, in words."""

    order: Order
    accepted: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Hold:
    """A person forbids visits to a turbine until somebody releases it: a row of the table `holds`."""

    turbine_number: int
    held_at: int
    by: str
    why: str


@dataclass(slots=True)
class Decisions:
    """What the dispatcher decided in one step. `incidents` and `visits` hold each changed one once."""

    incidents: list[Incident] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)
    """Dispatch ids of ended visits: their unsent commands must not go out any more."""
    holds: list[Hold] = field(default_factory=list)
    holds_ended: list[int] = field(default_factory=list)
    answers: list[OrderAnswer] = field(default_factory=list)


# --- changes: what the ledger commits in one transaction


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to publish after the commit: a row of the table `outbox`. The ledger gives the id."""

    turbine_number: int
    topic: str
    payload: bytes
    created_at: int
    dispatch_id: str | None = None
    """Set for commands; also the correlation data."""
    expiry_seconds: int | None = None
    response_topic: str | None = None
    outbox_id: int = 0


@dataclass(slots=True)
class Changes:
    """Everything that one batch changes: committed together, or not at all."""

    readings: list[Reading] = field(default_factory=list)
    turbines: list[TurbineRecord] = field(default_factory=list)
    decisions: Decisions = field(default_factory=Decisions)
    outgoing: list[Outgoing] = field(default_factory=list)
    published: list[int] = field(default_factory=list)
    """Outbox ids that the broker has."""
    dead_letters: list[DeadLetter] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)
    """What else goes into the books, such as `received` or `retained_metrics`: added to the table `books`."""


@dataclass(frozen=True, slots=True)
class Committed:
    """What the ledger did with the changes."""

    stored: list[Reading]
    """The readings that were new, in order of commit; the others were repeats or refused."""
    first_id: int
    """The `id` of the first one in the table `readings`; the others follow without a gap."""
    outgoing: list[Outgoing]
    """With their ids."""


@dataclass(slots=True)
class Remembered:
    """What the ledger knows when the monitor starts, or after a failed commit."""

    ledger_id: str
    """Names this database among all: the first part of every dispatch id."""
    turbines: list[TurbineRecord] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    """The open ones, oldest first."""
    visits: list[Visit] = field(default_factory=list)
    """The open ones."""
    holds: list[Hold] = field(default_factory=list)
    outbox: list[Outgoing] = field(default_factory=list)
    """Unsent, in order."""
    next_incident_id: int = 1
    next_visit_id: int = 1
    last_received_at: int | None = None
    """The last sign that a monitor was watching this farm."""
