"""Outages: reports that something is out, and the events that they make up."""

from dataclasses import dataclass, field
from enum import StrEnum

from grid.topics import parse_turbine_number

BROKEN = "broken"
OFFLINE = "offline"
DEVIATING = "deviating"
"""The types that the monitor itself reports; a controller may name any other."""

_TURBINE = "turbine-"


def controller_of(turbine_number: int) -> str:
    """The name under which a turbine's own outages are kept, such as `turbine-7`."""
    return f"{_TURBINE}{turbine_number}"


def turbine_of(controller_id: str) -> int | None:
    """The turbine that a controller's name means; neither `turbine-07` nor one beyond the greatest number is any."""
    number = controller_id.removeprefix(_TURBINE)
    if number == controller_id:
        return None
    try:
        return parse_turbine_number(number)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class OutageReport:
    """Something was out at a moment, or from then until another: in event time, in any order."""

    controller_id: str
    outage_type: str
    at: int
    received_at: int
    until: int | None = None
    """None: a moment."""
    ongoing: bool | None = None
    """Whether the outage goes on after it; None where the report can't know."""


class Category(StrEnum):
    """What an outage's time counts as: information categories of IEC 61400-26-1, as far as a monitor can tell."""

    FORCED_OUTAGE = "forced_outage"
    INFORMATION_UNAVAILABLE = "information_unavailable"
    PARTIAL_PERFORMANCE = "partial_performance"
    SCHEDULED_MAINTENANCE = "scheduled_maintenance"
    """With the standard's planned corrective action: a person wanted it."""
    OUT_OF_SCOPE = "out_of_scope"
    """No fault of the turbine: the standard's technical standby, out of environmental or electrical specification,
    requested shutdown, suspended and force majeure.
    """


class LostEnergyBy(StrEnum):
    """From what the lost energy of an outage is known."""

    OWN_CURVE = "own_curve"
    """The wind then, and the curve that the turbine's own windows show."""
    MODEL_CURVE = "model_curve"
    """The wind then, and the published curve of the turbine's model."""
    NEIGHBOURS = "neighbours"
    """What its neighbours made in that time."""


class LostEnergyUnknown(StrEnum):
    """Why nobody can tell what an outage has lost."""

    NO_TURBINE = "no_turbine"
    """It is not about a turbine, but about another controller."""
    NO_INFORMATION = "no_information"
    """Nothing is stored of what the turbine made in that time."""
    NO_CURVE = "no_curve"
    """Neither its own power curve nor its model's is known, and no neighbour made anything to compare with."""
    NO_WIND = "no_wind"
    """A curve is known, but no wind: windows tell of too little of that time yet, and no neighbour helps."""
    NOT_FIGURED = "not_figured"
    """It is new, or changed just now: the figures come with one of the next commits."""


@dataclass(frozen=True, slots=True)
class Outage:
    """Reports of one kind that lie within the tolerance of each other: a row of the table `outages`."""

    outage_id: int
    controller_id: str
    turbine_number: int | None
    outage_type: str
    started_at: int
    ended_at: int
    """The last that was reported; an ongoing one lasts."""
    ongoing: bool
    down_seconds: float
    """Of the time from start to end, what was reported as out: without the pauses within the tolerance."""
    category: Category | None
    lost_energy_in_kwh: float | None
    lost_energy_by: LostEnergyBy | None
    changed_at: int
    lost_energy_unknown: LostEnergyUnknown | None = None
    """Why `lost_energy_in_kwh` is None."""
    ongoing_since: int | None = None
    """From when on its source says that it goes on."""


class OutageTurn(StrEnum):
    """What a report made of an outage."""

    BEGAN = "began"
    CHANGED = "changed"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class OutageNews:
    """What became of an outage in a commit, for whoever tells it. `joined` are those that it took in."""

    turn: OutageTurn
    outage: Outage
    joined: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class OutageAnswer:
    """What became of reports that came over HTTP: all of them are committed, or none."""

    accepted: bool
    sentence: str = ""
    """Why nothing was done with them."""
    are_too_many: bool = False
    """Whether they are of a controller beyond the limits: to send them again is of no use."""


@dataclass(slots=True)
class OutageChanges:
    """The reports of one batch, to be merged in the ledger's transaction."""

    reports: list[OutageReport] = field(default_factory=list)
    figure: bool = False
    """Whether to look for lost energies that wait to be figured, though nothing else may have changed."""
    tolerance_seconds: float = field(default=720.0, compare=False)
    """How far reports of the same kind may lie apart and still be one outage."""
