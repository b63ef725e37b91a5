"""What the fleet keeps of one turbine: its record, and the little that it takes to judge its next message."""

from dataclasses import dataclass
from typing import NamedTuple

from grid.metrics import OperationalStatus
from grid.times import SECOND
from monitor.facts import Reading, StatusReport, TurbineRecord

NEVER = -1
"""Before every time that a reading may carry."""


class Count(NamedTuple):
    """Which reading of its session one is."""

    session: str | None
    sequence: int


@dataclass(slots=True, eq=False)
class Track:
    """One turbine: its record, and what it takes to judge the next message about it."""

    record: TurbineRecord
    emitted_at: int = NEVER
    """Of the newest reading."""
    expected: OperationalStatus | None = None
    """The status of a reading that changes no belief; None if any reading would."""
    speaks: str | None = None
    """The session in such a reading."""
    newest: Reading | None = None
    """The newest reading, while it is not yet in the record."""
    before: Reading | None = None
    """The reading before the newest one, if that is not in the record either."""
    settled: Count | None = None
    """The count of the newest reading that is in the record."""
    gap: int = 0
    """Between the last two newest readings, in microseconds; 0: not known."""
    gap_before: int = 0
    lead: int | None = None
    """The largest `emitted_at - received_at` since the last look: a delay only makes it smaller."""
    lead_before: int | None = None
    heard: float = 0.0
    """When the turbine was last heard, in watched seconds."""
    look_at: float | None = None
    """When silence is judged next, in watched seconds; None: not before it is online again."""
    session_told: bool = False
    """Whether a status named the session since the broker was found: no reading overrules it."""
    unheard: bool = False
    """The session is new, and no reading of it was heard yet."""
    rumour: StatusReport | None = None
    """An end told while nobody watched: believed if the turbine, whose link is unknown, stays silent."""
    ended: tuple[str, ...] = ()
    """Sessions that a later birth replaced."""

    @property
    def counted(self) -> Count | None:
        """Which reading of its session the newest one is, if it says so."""
        return self.settled if self.newest is None else _count(self.newest)

    @property
    def skew(self) -> int | None:
        """How far the turbine's clock is ahead, in microseconds: the largest lead of the recent readings."""
        if self.lead is None or self.lead_before is None:
            return self.lead_before if self.lead is None else self.lead
        return max(self.lead, self.lead_before)

    @property
    def interval(self) -> int:
        """Between readings, in microseconds; the smaller of the last two gaps, since one may be an outage."""
        return min(self.gap, self.gap_before) or max(self.gap, self.gap_before)

    @property
    def stood_for(self) -> int:
        """How long the newest reading's energy was gathered, in microseconds; 0: not known.

        The last gap where the turbine's own count says that no reading lies in it, else the interval.
        """
        count, earlier = self.counted, self.settled if self.before is None else _count(self.before)
        follows = count is not None and earlier is not None and count == (earlier.session, earlier.sequence + 1)
        return self.gap if follows else self.interval

    def settle(self) -> TurbineRecord:
        """Write the newest reading into the record, and return it."""
        record, reading = self.record, self.newest
        if reading is None:
            return record
        stood_for, skew = self.stood_for, self.skew
        self.settled = self.counted
        self.newest = self.before = None
        record.emitted_at = reading.emitted_at
        record.received_at = reading.received_at
        record.wind_speed = reading.wind_speed
        record.power_output_in_kwh = reading.power_output_in_kwh
        record.operational_status = reading.operational_status
        record.voltage = reading.voltage
        record.current = reading.current
        record.temperature = reading.temperature
        record.interval_seconds = stood_for / SECOND if stood_for else None
        record.clock_skew_seconds = None if skew is None else skew / SECOND
        return record

    def look(self) -> None:
        """Begin a new span in which the largest lead is measured."""
        if self.lead is not None:
            self.lead_before, self.lead = self.lead, None


def _count(reading: Reading) -> Count | None:
    return None if reading.sequence is None else Count(reading.session, reading.sequence)
