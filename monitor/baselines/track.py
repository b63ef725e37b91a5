"""What is kept of one turbine: the normal of each quantity, of the residual, and of current against power."""

import json
import math
from dataclasses import dataclass
from typing import Any

from grid.times import SECOND
from monitor.baselines.curves import BINS, OwnCurve
from monitor.baselines.normal import Normal
from monitor.facts import BaselineRecord, Finding

LEARNT_SECONDS = 60
"""Nothing is judged before a turbine was seen for so long, however many readings came."""

VERSION = 1
"""Of the JSON in a record; another one is left aside, and the turbine learnt anew."""

NEVER = -1
"""Before every time."""

UNKNOWN_MODEL: tuple[str | None, float | None] = (None, None)
"""Name of the model, and rated power in kW."""

KW_MICROSECONDS = 3600 * SECOND
"""In a kilowatt-hour; kW that stay the same must come out the same, to the last digit."""

LONGER_GAPS = 3
"""So many in a row are no lost readings: the turbine sends less often."""

SHORTEST_INTERVAL = SECOND // 1000
"""Between two readings, in microseconds."""
_HALF = SECOND // 2

_NORMALS = ("wind_speed", "power", "voltage", "current", "temperature", "residual", "current_per_power")


@dataclass(slots=True)
class Deviation:
    """A finding that has not ended."""

    finding: Finding
    last_at: int
    """The last reading that it was found in."""
    is_told: bool = True


class Track:
    """One turbine, in constant memory."""

    __slots__ = (
        "at",
        "broken",
        "current",
        "current_per_power",
        "curve",
        "drift",
        "first_at",
        "heard",
        "interval",
        "judge_from",
        "longer",
        "model",
        "off_curve",
        "open",
        "power",
        "residual",
        "save_at",
        "sequence",
        "session",
        "settled_from",
        "standing",
        "temperature",
        "turbine_number",
        "turn",
        "usual",
        "voltage",
        "wind_speed",
    )

    def __init__(self, turbine_number: int) -> None:
        self.turbine_number = turbine_number
        self.judge_from = NEVER
        """The event time from which the next reading is judged."""
        self.at = NEVER
        """Of the newest reading that was judged."""
        self.first_at = NEVER
        self.session: str | None = None
        self.sequence: int | None = None
        self.interval = 0
        """Between two readings of the turbine, in microseconds; 0: not known."""
        self.longer = 0
        """How many gaps of a turbine that does not count were longer than that, one after the other."""
        self.broken = False
        self.settled_from = NEVER
        """Until then power and current may be those of a start or stop."""
        self.wind_speed, self.power, self.voltage = Normal(), Normal(), Normal()
        self.current, self.temperature = Normal(), Normal()
        self.residual = Normal()
        """Power less that of the curve, in kW."""
        self.current_per_power = Normal()
        """In A/kW: with the voltage steady, current follows power."""
        self.heard = 0.0
        """When a reading was judged last, in watched seconds."""
        self.model = UNKNOWN_MODEL
        self.curve = OwnCurve()
        self.turn = 0
        """Of many readings in a few seconds, those with a 0 teach how power, wind and current belong together."""
        self.usual = 0
        """So many readings were taken as usual since the last that was judged in full; they are counted with it."""
        self.off_curve = 0
        """For how many readings the power has been away from the curve."""
        self.standing = 0
        """How many readings it has stood in wind since it ran last; no more than are needed are counted."""
        self.drift = 0.0
        """The moving mean of the residual less its normal, in kW: what a lasting loss shows in."""
        self.open: list[Deviation] | None = None
        """Findings that last, if there are any."""
        self.save_at = math.inf
        """When what was learnt is to be kept again, in watched seconds."""

    @property
    def is_learnt(self) -> bool:
        """Whether the turbine was seen for long enough to be judged."""
        return self.at - self.first_at >= LEARNT_SECONDS * SECOND

    def interval_of(self, gap: int, sequence: int | None) -> int:
        """How long the next reading's energy took, in microseconds: by the turbine's own count, else by the gap."""
        known = self.sequence
        if sequence is not None and known is not None:
            interval = gap // (sequence - known) if sequence > known + 1 else gap
        else:
            interval = min(gap, self.interval) if self.interval else gap
        return interval if interval > SHORTEST_INTERVAL else SHORTEST_INTERVAL

    def notice(self, gap: int) -> None:
        """Learn from a gap that a turbine which does not count its readings sends less often than was thought.

        One that once sent at once, as it broke, say, would else be taken to send so ever after.
        """
        self.longer = self.longer + 1 if 2 * gap > 3 * self.interval > 0 else 0
        if self.longer >= LONGER_GAPS:
            self.interval, self.longer = gap, 0

    def count(self, at: int) -> None:
        """A reading was taken as usual."""
        self.at = at
        self.turn += 1
        self.usual += 1
        self.off_curve = self.standing = 0
        following, soonest = self.judge_from + SECOND, at + _HALF
        self.judge_from = following if following > soonest else soonest

    def judge_after(self, at: int) -> None:
        """Judge one a second on average, with half a second of grace for a clock that jitters."""
        following, soonest = self.judge_from + SECOND, at + _HALF
        self.judge_from = following if following > soonest else soonest

    def count_usual(self) -> None:
        """Count the values that were taken as usual."""
        if self.usual:
            for normal in (self.power, self.voltage, self.current, self.temperature):
                normal.count(self.usual)
            self.usual = 0

    def normals(self) -> dict[str, Normal]:
        """All that was learnt, by name."""
        return {name: getattr(self, name) for name in _NORMALS}

    def record(self) -> BaselineRecord:
        """What is to be remembered, as a row."""
        state: dict[str, Any] = {
            "version": VERSION,
            "first_at": self.first_at,
            "interval": self.interval,
            "model": list(self.model),
            "drift": self.drift,
            "curve": [[round(power, 3) for power in self.curve.corrections], list(self.curve.counts)],
            "normals": {name: normal.numbers() for name, normal in self.normals().items()},
        }
        return BaselineRecord(self.turbine_number, self.at, json.dumps(state, separators=(",", ":"), allow_nan=False))

    @classmethod
    def of(cls, record: BaselineRecord) -> "Track":
        """Go on from a row; from none of it where it is of another version, or unreadable."""
        try:
            return _read(record)
        except (ValueError, TypeError, KeyError, OverflowError):
            return cls(record.turbine_number)


def _read(record: BaselineRecord) -> Track:
    state = json.loads(record.state)
    if state["version"] != VERSION:
        raise ValueError("of another version")
    track = Track(record.turbine_number)
    track.at = track.judge_from = record.learnt_to
    track.judge_from += 1
    track.first_at, track.interval = int(state["first_at"]), int(state["interval"])
    track.drift = float(state["drift"])
    name, rated_power = state["model"]
    track.model = name, rated_power
    for name in _NORMALS:
        setattr(track, name, Normal.of(state["normals"][name]))
    corrections, counts = state["curve"]
    if not len(corrections) == len(counts) == BINS + 1 or not all(map(math.isfinite, corrections)):
        raise ValueError("a curve has its bins")
    track.curve = OwnCurve(None, corrections, counts)
    return track
