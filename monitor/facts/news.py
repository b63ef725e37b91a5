"""What arrived, in order of arrival; and the time, which is handed to every decision."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from grid.metrics import OperationalStatus
from grid.repair import RepairState
from grid.status import OfflineReason, Presence
from monitor.facts.audit import Actor


class Now(NamedTuple):
    """The time, handed to every decision.

    `utc` is for people and for the store. `watched` is for deadlines: the seconds during which this monitor was
    awake, connected to the broker and able to store. It stands still while the broker is away, the store refuses or
    the process is stopped, and no step of the machine's clock moves it, so that nobody is given up for a silence in
    which we could not listen.
    """

    utc: int
    watched: float


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


class Held(NamedTuple):
    """A turbine sends again, and says what it still has: of this session nothing before `sequence` will come.

    It follows the reading that said so. `sequence` is never beyond that of the reading itself.
    """

    turbine_number: int
    session: str
    sequence: int


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
    idempotency_key: str | None = None
    """With it the order is obeyed once, however often it comes."""
    actor: Actor | None = None
    """Who it is, for the audit; None where only `by` is known."""


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
    OTHER_CONTROLLER = "other_controller"
    FUTURE = "future"
    TOO_MANY = "too_many"
    REFUSED_BY_DATABASE = "refused_by_database"


KEPT_PAYLOAD_BYTES = 4096
"""How much of a dead letter is kept."""

KEPT_TOPIC_CHARACTERS = 256
"""No topic of the contract is so long; one of MQTT may have 65,535 bytes."""

KEPT_DETAIL_CHARACTERS = 1000

MOST_DEAD_LETTERS = 100_000
"""The newest are kept, some 400 MB at most: whoever sends nothing but poison must not fill the disk."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that is not of the contract: kept with its first 4 KiB and the reason in words."""

    received_at: int
    topic: str
    payload: bytes
    size: int
    reason: DeadLetterReason
    detail: str
