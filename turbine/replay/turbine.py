"""One turbine that repeats what a file says of it."""

from collections.abc import Iterator
from dataclasses import dataclass

from grid.metrics import OperationalStatus, TurbineMetrics
from grid.repair import RepairCommand, RepairResult, RepairState
from grid.times import SECOND
from turbine.life import UNKNOWN_NAMEPLATE, Answer, Nameplate
from turbine.replay.spool import BROKEN, Record, unpack
from turbine.replay.statuslog import StatusLog
from turbine.turbine import OTHER_SESSION


@dataclass(frozen=True, slots=True)
class Timeline:
    """How the file's times become run seconds and times of emission; all in microseconds since 1970.

    `origin` is the file's first reading, run second 0. `shift` is added to every time before it is sent.
    """

    origin: int
    shift: int = 0

    def run_seconds(self, time: int) -> float:
        """The run second of a time in the file."""
        return (time - self.origin) / SECOND


class ReplayedTurbine:
    """A `turbine.life.Life` that takes its readings from a file's rows.

    An order to repair is accepted and done at once, and changes no reading: the file tells what happened. `kwh` is
    what one unit of the rows' amounts is worth. `log` adds the times when the turbine was stopped.
    """

    def __init__(
        self,
        *,
        turbine_number: int,
        session: str,
        records: Iterator[bytes],
        kwh: float,
        timeline: Timeline,
        log: StatusLog | None = None,
        nameplate: Nameplate = UNKNOWN_NAMEPLATE,
    ) -> None:
        self.turbine_number = turbine_number
        self.session = session
        self.nameplate = nameplate  # a SCADA file does not say what a turbine is; a preset may know
        self._records = records
        self._kwh = kwh
        self._timeline = timeline
        self._log = log
        self._next = self._read()
        self.sent = 0
        self.broken = 0
        self.energy_kwh = 0.0

    def next_due(self) -> float | None:
        """The run second of the next row; None after the last."""
        return None if self._next is None else self._timeline.run_seconds(self._next.time)

    def produce_metrics(self) -> TurbineMetrics:
        """The next row as a reading, emitted at the file's time. Raises ValueError after the last."""
        if self._next is None:
            raise ValueError("the file has no more rows of this turbine")
        record, self._next = self._next, self._read()
        metrics = self._metrics(record)
        self.sent += 1
        self.broken += metrics.operational_status is OperationalStatus.BROKEN
        self.energy_kwh += metrics.power_output_in_kwh
        return metrics

    def repair(self, now: float, command: RepairCommand | None) -> list[Answer]:
        """Claim that the repair is done, or refuse an order for another session; a repeat is answered alike."""
        if command is None:
            return []
        if command.session not in (None, self.session):
            return [self._answer(now, command, RepairState.REJECTED, OTHER_SESSION)]
        return [self._answer(now, command, state) for state in (RepairState.ACCEPTED, RepairState.DONE)]

    def _answer(self, now: float, command: RepairCommand, state: RepairState, reason: str | None = None) -> Answer:
        return Answer(
            now, RepairResult(dispatch_id=command.dispatch_id, result=state, reason=reason, session=self.session)
        )

    def _metrics(self, record: Record) -> TurbineMetrics:
        stopped = self._log is not None and self._log.stopped_at(record.time)
        broken = stopped or record.kind == BROKEN
        return TurbineMetrics(
            turbine_number=self.turbine_number,
            wind_speed=record.wind_speed,
            power_output_in_kwh=record.amount * self._kwh,
            operational_status=OperationalStatus.BROKEN if broken else OperationalStatus.OK,
            emitted_at=record.time + self._timeline.shift,
            session=self.session,
            sequence=self.sent,
            voltage=record.voltage,
            current=record.current,
            temperature=record.temperature,
        )

    def _read(self) -> Record | None:
        packed = next(self._records, None)
        return None if packed is None else unpack(packed)
