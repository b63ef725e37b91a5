"""Faulty instruments: now and then a value that is not the true one, with the truth told."""

import random
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum

from grid.metrics import MAX_WIND_SPEED
from turbine.generator import Measurements

FREEZE_READINGS = (3, 8)
"""For how many readings a frozen value stays, drawn between these."""

_TYPICAL = {"wind_speed": 5.0, "power_output_in_kwh": 0.01, "voltage": 690.0, "current": 100.0, "temperature": 20.0}


class Kind(StrEnum):
    """How a value is wrong."""

    SPIKE = "spike"
    """Two to three times what it is, for one reading."""
    DROP = "drop"
    """Less than a third of what it is, for one reading."""
    FROZEN = "frozen"
    """The same as before for some readings, while the true value moves on."""

    @property
    def mean_readings(self) -> float:
        """How many readings one fault of this kind spoils, on average."""
        return sum(FREEZE_READINGS) / 2 if self is Kind.FROZEN else 1.0


@dataclass(frozen=True, slots=True)
class Anomaly:
    """One wrong value in one reading, and the true one."""

    turbine_number: int
    emitted_at: int
    quantity: str
    kind: Kind
    true_value: float
    value: float


Moment = tuple[int, int]
"""Whose reading it is, and when: turbine number, and microseconds since 1970."""


class Faults:
    """Spoils about `rate` of a turbine's readings, one quantity at a time, and tells each anomaly to `tell`."""

    __slots__ = ("_before", "_drawn", "_frozen", "_frozen_left", "_kinds", "_start", "_tell")

    def __init__(
        self, rate: float, drawn: random.Random, tell: Callable[[Anomaly], None], kinds: tuple[Kind, ...] = tuple(Kind)
    ) -> None:
        mean = sum(kind.mean_readings for kind in kinds) / len(kinds)
        # A share `rate` of spoilt readings, in faults of `mean` readings that begin in sound ones.
        self._start = rate / (mean - rate * (mean - 1))
        self._drawn = drawn
        self._tell = tell
        self._kinds = kinds
        self._before: Measurements | None = None
        self._frozen: tuple[str, float] | None = None
        self._frozen_left = 0

    def spoil(self, moment: Moment, true: Measurements) -> Measurements:
        """The measurements as the instruments show them: the true ones, or with one of them wrong."""
        fault = self._fault(true)
        self._before = true
        if fault is None:
            return true
        quantity, kind, value = fault
        true_value: float = getattr(true, quantity)
        if value == true_value:
            return true
        self._tell(Anomaly(*moment, quantity, kind, true_value, value))
        return replace(true, **{quantity: value})

    def _fault(self, true: Measurements) -> tuple[str, Kind, float] | None:
        if self._frozen is not None and self._frozen_left > 0:
            self._frozen_left -= 1
            return self._frozen[0], Kind.FROZEN, self._frozen[1]
        if self._before is None or self._drawn.random() >= self._start:
            return None
        present = {name: value for name, value in asdict(true).items() if value is not None}
        quantity = self._drawn.choice(list(present))
        kind = self._drawn.choice(self._kinds)
        if kind is not Kind.FROZEN:
            return quantity, kind, self._wrong(quantity, kind, present[quantity])
        value: float = getattr(self._before, quantity)
        self._frozen = (quantity, value)
        self._frozen_left = self._drawn.randint(*FREEZE_READINGS) - 1
        return quantity, kind, value

    def _wrong(self, quantity: str, kind: Kind, true_value: float) -> float:
        if kind is Kind.DROP:
            value = true_value * self._drawn.uniform(0.0, 0.3)
        else:
            value = true_value + self._drawn.uniform(1.0, 2.0) * max(abs(true_value), _TYPICAL[quantity])
        # A fault is a wrong value, not an invalid message.
        return round(min(value, MAX_WIND_SPEED) if quantity == "wind_speed" else value, 6)
