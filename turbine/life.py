"""What client and fleet need of a turbine, simulated or replayed: its readings, and its answers to orders.

A life does no I/O and has no clock. Its times are *run seconds*: seconds since the start of the run, as the
turbine lives them. A replay's run seconds are its file's; `turbine.pace` says how fast they pass.
"""

from dataclasses import dataclass
from typing import Protocol

from grid.metrics import TurbineMetrics
from grid.repair import RepairCommand, RepairResult


@dataclass(frozen=True, slots=True)
class Nameplate:
    """What is fixed about a turbine, as far as it is known: told in its birth (fields of `TurbineStatus`)."""

    model: str | None = None
    rated_power_in_kw: float | None = None
    region: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    serial: str | None = None


UNKNOWN_NAMEPLATE = Nameplate()


@dataclass(frozen=True, slots=True)
class Answer:
    """A result to publish when run second `due` has come; not before, however late it becomes."""

    due: float
    result: RepairResult


class Life(Protocol):
    """One turbine's life. Callers take its readings in order, and never ask for one before it is due."""

    @property
    def turbine_number(self) -> int:
        """The number in its topics."""

    @property
    def session(self) -> str:
        """Which start this is: in all its readings, statuses and results."""

    @property
    def nameplate(self) -> Nameplate:
        """What its birth tells."""

    def next_due(self) -> float | None:
        """The run second of the next reading; None when the life is over."""

    def produce_metrics(self) -> TurbineMetrics:
        """Take the reading that is due next, and go on to the one after it.

        Its values and `emitted_at` are those of the moment when it was due, however late the caller is. Raises
        ValueError when the life is over.
        """

    def repair(self, now: float, command: RepairCommand | None) -> list[Answer]:
        """Obey an order to repair that arrived at run second `now`, or refuse it.

        `command` is None for a plain order, which has no id and so gets no answer. Returns the answers to publish:
        `accepted` now and `done` when the repair ends, or `rejected`; for a repeated command what was said before.
        """
