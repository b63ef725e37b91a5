"""One simulated turbine's life: it reports, breaks, goes on reporting, and is repaired on order."""

import random
from collections import OrderedDict
from dataclasses import dataclass
from enum import StrEnum

from grid.metrics import OperationalStatus, TurbineMetrics
from grid.repair import RepairCommand, RepairResult, RepairState
from grid.times import SECOND
from turbine.faults import Faults
from turbine.generator import Generator
from turbine.life import UNKNOWN_NAMEPLATE, Answer, Nameplate

REMEMBERED_COMMANDS = 64
"""Repeats of older commands than these are taken for new ones."""

BUSY = "busy"
OTHER_SESSION = "other session"


@dataclass(frozen=True, slots=True)
class Wear:
    """How turbines fail and are repaired: drawn uniformly up to these limits."""

    seed: int
    time_to_fail: float = 30.0
    """Seconds; drawn anew for each failure. 0: never."""
    time_to_repair: float = 5.0
    """Seconds; drawn once per turbine."""

    def draw_time_to_repair(self, turbine_number: int) -> float:
        """The turbine's own time to repair, in seconds."""
        return random.Random(f"{self.seed}/repair/{turbine_number}").uniform(0, self.time_to_repair)

    def draw_time_to_fail(self, turbine_number: int, failure: int) -> float:
        """Seconds until a turbine's failure of this number, since the one before was repaired.

        It depends on nothing else, so that a repair that comes later changes no later draw.
        """
        if self.time_to_fail == 0:
            return float("inf")
        return random.Random(f"{self.seed}/fail/{turbine_number}/{failure}").uniform(0, self.time_to_fail)


class State(StrEnum):
    """What a turbine is in."""

    OK = "ok"
    BROKEN = "broken"
    UNDER_REPAIR = "under repair"
    """It reports what it reported before the repair, until the repair ends."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """When readings are due: `phase + k * interval` run seconds, however late each one is taken."""

    interval: float
    phase: float = 0.0

    def due(self, sequence: int) -> float:
        """The run second of a reading, counted from 0."""
        return self.phase + sequence * self.interval


class WindTurbine:
    """A turbine that fulfils `turbine.life.Life`, without I/O and without a clock."""

    def __init__(
        self,
        turbine_number: int,
        *,
        session: str,
        run_started_at: int,
        schedule: Schedule,
        wear: Wear,
        generator: Generator,
        faults: Faults | None = None,
        nameplate: Nameplate = UNKNOWN_NAMEPLATE,
    ) -> None:
        """Begin a life at run second 0, which is `run_started_at` in microseconds since 1970."""
        self.turbine_number = turbine_number
        self.session = session
        self.nameplate = nameplate
        self._run_started_at = run_started_at
        self._schedule = schedule
        self._wear = wear
        self._generator = generator
        self._faults = faults
        self.time_to_repair = wear.draw_time_to_repair(turbine_number)
        self._state = State.OK
        self._reports = OperationalStatus.OK
        self._failures = 0
        self._fails_at = wear.draw_time_to_fail(turbine_number, 0)
        self._ends_at = 0.0
        self._sequence = 0
        self._answered: OrderedDict[str, list[Answer]] = OrderedDict()

    def state(self, now: float) -> State:
        """What the turbine is in at run second `now`."""
        self._live_until(now)
        return self._state

    def next_due(self) -> float:
        """The run second of the next reading; a simulated life has no end."""
        return self._schedule.due(self._sequence)

    def produce_metrics(self) -> TurbineMetrics:
        """Take the reading that is due next, as of the moment when it was due."""
        now = self.next_due()
        self._live_until(now)
        emitted_at = self._time(now)
        measured = self._generator.measure(now, running=self._reports is OperationalStatus.OK)
        if self._faults is not None:
            measured = self._faults.spoil((self.turbine_number, emitted_at), measured)
        reading = TurbineMetrics(
            turbine_number=self.turbine_number,
            wind_speed=measured.wind_speed,
            power_output_in_kwh=measured.power_output_in_kwh,
            operational_status=self._reports,
            emitted_at=emitted_at,
            session=self.session,
            sequence=self._sequence,
            voltage=measured.voltage,
            current=measured.current,
            temperature=measured.temperature,
        )
        self._sequence += 1
        return reading

    def repair(self, now: float, command: RepairCommand | None) -> list[Answer]:
        """Obey an order, also when nothing is broken; each `dispatch_id` once, repeats are answered as before.

        Refuses a command that names another session, and while a repair is underway any other command as
        `busy`. A plain order (None) is obeyed unless a repair is underway, and has no answer.
        """
        self._live_until(now)
        if command is None:
            self._begin_repair(now)
            return []
        if command.dispatch_id in self._answered:
            return self._answer_again(now, command.dispatch_id)
        if command.session not in (None, self.session):
            answers = [self._answer(now, command, RepairState.REJECTED, OTHER_SESSION)]
        elif self._state is State.UNDER_REPAIR:
            answers = [self._answer(now, command, RepairState.REJECTED, BUSY)]
        else:
            self._begin_repair(now)
            accepted = self._answer(now, command, RepairState.ACCEPTED)
            answers = [accepted, self._answer(self._ends_at, command, RepairState.DONE)]
        self._remember(command.dispatch_id, answers)
        return answers

    def _begin_repair(self, now: float) -> None:
        if self._state is not State.UNDER_REPAIR:
            self._state = State.UNDER_REPAIR
            self._ends_at = now + self.time_to_repair

    def _live_until(self, now: float) -> None:
        """Let happen what happens up to `now`: it breaks once, and is mended when the repair's time is over."""
        if self._state is State.UNDER_REPAIR and now >= self._ends_at:
            self._failures += 1
            self._fails_at = self._ends_at + self._wear.draw_time_to_fail(self.turbine_number, self._failures)
            self._state, self._reports = State.OK, OperationalStatus.OK
        if self._state is State.OK and now >= self._fails_at:
            self._state, self._reports = State.BROKEN, OperationalStatus.BROKEN

    def _answer(self, due: float, command: RepairCommand, result: RepairState, reason: str | None = None) -> Answer:
        said = RepairResult(
            dispatch_id=command.dispatch_id, result=result, reason=reason, session=self.session, at=self._time(due)
        )
        return Answer(due, said)

    def _answer_again(self, now: float, dispatch_id: str) -> list[Answer]:
        """What was said last: the answer that is still to come is not sent twice."""
        self._answered.move_to_end(dispatch_id)
        said = [answer for answer in self._answered[dispatch_id] if answer.due <= now]
        return said[-1:]

    def _remember(self, dispatch_id: str, answers: list[Answer]) -> None:
        self._answered[dispatch_id] = answers
        if len(self._answered) > REMEMBERED_COMMANDS:
            self._answered.popitem(last=False)

    def _time(self, now: float) -> int:
        """Microseconds since 1970 at run second `now`."""
        return self._run_started_at + round(now * SECOND)
