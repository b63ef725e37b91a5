"""What the fleet makes of the news."""

from dataclasses import dataclass
from enum import StrEnum

from grid.metrics import OperationalStatus
from monitor.facts.news import BrokerFound, BrokerLost, Order, RepairAnswer


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
    """What the newest reading's energy stands for: measured between the newest readings, by the turbine's clock."""
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
