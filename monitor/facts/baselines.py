"""Baselines: a turbine's own normal; and findings: what was not."""

from dataclasses import dataclass, field
from enum import StrEnum


class FindingKind(StrEnum):
    """How a value, or its absence, is not what was expected."""

    SPIKE = "spike"
    DROP = "drop"
    FROZEN = "frozen"
    SILENCE = "silence"
    RESIDUAL = "residual"
    """The power stays away from what the power curve says for the wind."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A deviation of one quantity of one turbine: a row of the table `findings`. Times are event times."""

    finding_id: int
    turbine_number: int
    quantity: str
    kind: FindingKind
    since: int
    until: int | None
    """None while it lasts."""
    readings: int
    expected: float | None
    observed: float | None
    score: float
    """How sure: the distance in standard deviations of what is normal; for silence, in the turbine's intervals."""
    sentence: str
    """What was expected, what came, since when and how sure, in words."""
    lasting: bool
    """Whether it outlasted the on-delay: what an alarm may be raised for. A lone spike is only noted."""


@dataclass(frozen=True, slots=True)
class BaselineRecord:
    """What was learnt of one turbine: a row of the table `baselines`."""

    turbine_number: int
    learnt_to: int
    """The newest reading that is in it, in event time."""
    state: str
    """The numbers, as JSON; read by the version that is in it."""


@dataclass(slots=True)
class BaselineChanges:
    """What one batch means for the baselines."""

    records: list[BaselineRecord] = field(default_factory=list)
    """Those to be kept now: some of the changed ones, in turn, so that a crash costs a minute of learning."""
    findings: list[Finding] = field(default_factory=list)
    """New, changed or ended."""
