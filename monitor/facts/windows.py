"""Windows: what a turbine's readings of one span of event time come to."""

from dataclasses import dataclass, field
from typing import NamedTuple


class WindowMark(NamedTuple):
    """A minute of a turbine of which readings came that its window does not tell of yet: a row of `window_marks`."""

    turbine_number: int
    start_at: int


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


@dataclass(slots=True)
class WindowChanges:
    """What one batch means for the windows."""

    marked: list[WindowMark] = field(default_factory=list)
    due: list[WindowMark] = field(default_factory=list)
    """Minutes to be figured from the stored readings now, with the longer windows that hold them."""
