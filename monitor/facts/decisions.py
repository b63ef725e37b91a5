"""What the dispatcher makes of beliefs."""

from dataclasses import dataclass, field
from enum import StrEnum

from monitor.facts.news import Order, OrderKind


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


class OrderRefusal(StrEnum):
    """Why an order was not obeyed, for programs."""

    UNKNOWN_TURBINE = "unknown_turbine"
    NOT_POSSIBLE = "not_possible"
    """As things stand at the turbine: it is held, or visited already."""
    IN_PROGRESS = "in_progress"
    """An order with the same idempotency key is not answered yet."""
    KEY_OF_ANOTHER_ORDER = "key_of_another_order"
    UNAVAILABLE = "unavailable"
    """The monitor stops, can't store, or has too much to do: nothing was done, ask again."""


@dataclass(frozen=True, slots=True)
class OrderAnswer:
    """What became of a person's order, in words."""

    order: Order
    accepted: bool
    sentence: str
    refusal: OrderRefusal | None = None
    """Set where it was not accepted."""


class OrderOutcome(StrEnum):
    """What became of an order that is remembered."""

    ACCEPTED = "accepted"
    REFUSED = "refused"


MOST_ANSWERED_ORDERS = 10_000
"""How many orders are remembered with their keys, the newest."""


@dataclass(frozen=True, slots=True)
class AnsweredOrder:
    """An order that came with an idempotency key, and its answer: a row of the table `orders`.

    One for a turbine that was never heard of is not kept: nothing was done, and it may be heard of later.
    """

    idempotency_key: str
    kind: OrderKind
    turbine_number: int
    by: str
    why: str
    answered_at: int
    outcome: OrderOutcome
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
