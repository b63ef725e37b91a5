"""Windows: what a turbine's readings of one span of event time come to."""

from dataclasses import dataclass, field
from typing import NamedTuple

MINUTE_SECONDS = 60
QUARTER_SECONDS = 900
"""The widths of the windows that are kept; hours and days are composed of quarter hours when they are asked for."""

AREAS = 0
"""Stands in a mark for all regions and the farm, where a turbine's number does else."""


class WindowMark(NamedTuple):
    """A window of which something changed that it does not tell of yet: a row of `window_marks`."""

    turbine_number: int
    start_at: int
    width_seconds: int = MINUTE_SECONDS


@dataclass(frozen=True, slots=True)
class Window:
    """A tumbling window of event time, from `start_at` on: a row of the table `windows`.

    All of it is a function of the stored readings, whatever the order in which they came. A reading belongs to the
    window in which it was emitted, with all of its energy; it speaks for the time since the reading before it.
    """

    turbine_number: int
    width_seconds: int
    start_at: int
    readings: int
    interval_seconds: float | None
    """Between readings: the lower median of the gaps. None where a lone reading leaves it unknown."""
    covered_seconds: float
    """The time that the readings speak for; what the window lacks of it is time without information."""
    broken_seconds: float
    """Of the covered time, what readings that say broken speak for."""
    wind_speed_mean: float
    wind_speed_min: float
    wind_speed_max: float
    energy_in_kwh: float
    mean_power_in_kw: float | None
    """Over the covered time."""
    max_power_in_kw: float | None
    revision: int
    """1 at first; one more each time that late readings changed what is told."""
    figured_at: int

    @property
    def expected_readings(self) -> float | None:
        """How many readings the window would hold without a gap."""
        return None if self.interval_seconds is None else self.width_seconds / self.interval_seconds


@dataclass(frozen=True, slots=True)
class AreaWindow:
    """The windows of all turbines of a region, or of the farm, together: a row of the table `area_windows`.

    It is a function of the turbines' windows, and of the regions that they tell of when it is figured.
    """

    area: str
    """The name of a region; empty for the farm."""
    width_seconds: int
    start_at: int
    turbines: int
    """How many have a window."""
    readings: int
    expected_readings: float
    covered_seconds: float
    """Of all turbines together, as what follows."""
    broken_seconds: float
    wind_speed_mean: float
    """Each turbine's mean counts the same."""
    wind_speed_min: float
    wind_speed_max: float
    energy_in_kwh: float
    mean_power_in_kw: float | None
    """The sum of the turbines' mean powers, each over the time that it covers."""
    max_power_in_kw: float | None
    """Of the area's minutes in the window, the largest mean power."""
    revision: int
    figured_at: int


@dataclass(slots=True)
class WindowChanges:
    """What one batch means for the windows."""

    marked: list[WindowMark] = field(default_factory=list)
    due: list[WindowMark] = field(default_factory=list)
    """To be figured now: first minutes, from the stored readings; then quarter hours, from minutes; then areas."""
    recall_after: WindowMark | None = None
    """More marks are wanted, of those that an earlier run has left: what follows after this one."""
    at: int = field(default=0, compare=False)
    """The time, for `figured_at`."""


@dataclass(frozen=True, slots=True)
class WindowsCommitted:
    """What the ledger made of the marks that were due."""

    figured: list[Window] = field(default_factory=list)
    """New, or changed by late readings."""
    marks: list[WindowMark] = field(default_factory=list)
    """What is marked now, and was not when the batch was decided: longer windows of changed ones, and what was due
    and is left for the next commit because this one had enough to do."""
    recalled: list[WindowMark] | None = None
    """The answer to `recall_after`; empty where nothing follows."""
