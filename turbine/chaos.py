"""Chaos between a turbine and the wire: readings late, twice or out of order, dead connections, wrong clocks.

None of it loses a reading. What becomes of a reading is drawn from the seed, the turbine's number and the reading's
sequence alone: neither the clock nor other turbines nor the other kinds change it.
"""

import heapq
import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

LATE_SECONDS = (2.0, 300.0)
HALF_OPEN_SECONDS = (35.0, 60.0)
"""Longer than a broker takes to give up a connection with a keep-alive of 10 s, and to publish its will.

Mosquitto 2.0.11 gave it up after 16 to 21 s, and published the will 6 s later.
"""
REORDER_SECONDS = 30.0
"""A reading that waits for its successors goes out after this, though none has come."""
REORDER_READINGS = 3
"""How many successors overtake a reading at most."""
HELD_AT_MOST = 1000
"""What one turbine holds back; beyond it readings pass unharmed."""

Message = TypeVar("Message")


class ChaosKind(StrEnum):
    """What can happen."""

    LATE = "late"
    """A reading is sent seconds to minutes later."""
    DUPLICATE = "duplicate"
    """A reading is sent twice: at once, or seconds to minutes later."""
    REORDER = "reorder"
    """A reading is overtaken by the one to three that follow it."""
    HALF_OPEN = "half-open"
    """The connection dies and is not closed, long enough for the broker to publish the will."""
    SKEW = "skew"
    """The turbine's clock is wrong: by seconds to a day behind, or up to four minutes ahead."""


Rates = Mapping[ChaosKind, float]
"""The share of readings at which each kind strikes, 0 to 1; without an entry: never."""

USUAL_RATES: Rates = {
    ChaosKind.LATE: 0.05,
    ChaosKind.DUPLICATE: 0.05,
    ChaosKind.REORDER: 0.05,
    ChaosKind.HALF_OPEN: 0.002,
    ChaosKind.SKEW: 0.01,
}


def parse_rates(text: str) -> Rates:
    """Read `late,duplicate=0.2`: kinds with commas, each with its rate or the usual one.

    Raises ValueError, fit to be shown.
    """
    rates = {}
    for part in text.split(","):
        name, has_rate, rate = (piece.strip() for piece in part.partition("="))
        if name not in tuple(ChaosKind):
            raise ValueError(f"there is no chaos {name!r}: only {', '.join(ChaosKind)}")
        kind = ChaosKind(name)
        if kind in rates:
            raise ValueError(f"{kind} is named twice")
        rates[kind] = _rate(kind, rate) if has_rate else USUAL_RATES[kind]
    return rates


def _rate(kind: ChaosKind, text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = -1.0
    if not 0 <= rate <= 1:
        raise ValueError(f"the rate of {kind} is a share of the readings, 0 to 1, and not {text!r}")
    return rate


@dataclass(frozen=True, slots=True)
class Disturbance:
    """One thing that was done to a turbine: what a checker must know of it.

    `seconds`: how much later a late reading or a copy goes out, unless the run ends before; how long a connection is
    dead; how far the clock is ahead from this reading on. `readings`: how many overtake this one, unless the run
    ends or `REORDER_SECONDS` pass before.
    """

    kind: ChaosKind
    turbine_number: int
    session: str
    sequence: int
    seconds: float | None = None
    readings: int | None = None


Tell = Callable[[Disturbance], None]


@dataclass(slots=True)
class Draws:
    """What happens to one turbine's readings, and who is told of it."""

    rates: Rates
    seed: int
    turbine_number: int
    session: str
    tell: Tell = lambda disturbance: None

    def draw(self, kind: ChaosKind, sequence: int) -> random.Random | None:
        """Draws for how this kind strikes at a reading; None if it does not."""
        rate = self.rates.get(kind, 0.0)
        if rate == 0.0:
            return None
        drawn = random.Random(f"{self.seed}/chaos/{kind}/{self.turbine_number}/{sequence}")
        return drawn if drawn.random() < rate else None

    def told(
        self, kind: ChaosKind, sequence: int, *, seconds: float | None = None, readings: int | None = None
    ) -> None:
        """Tell what was done."""
        self.tell(Disturbance(kind, self.turbine_number, self.session, sequence, seconds, readings))


@dataclass(frozen=True, slots=True)
class ChaosPlan:
    """The chaos of one run: every turbine has its own draws from it."""

    rates: Rates
    seed: int
    tell: Tell = lambda disturbance: None

    def draws(self, turbine_number: int, session: str) -> Draws:
        """What happens to one turbine."""
        return Draws(self.rates, self.seed, turbine_number, session, self.tell)


@dataclass(order=True, slots=True)
class _Held(Generic[Message]):
    """A message that is held back, in the order of `due`, then of its coming."""

    due: float
    place: int
    sequence: int = field(compare=False)
    message: Message = field(compare=False)
    overtakers: int = field(default=0, compare=False)
    """How many readings are still to overtake one that waits for its successors."""


class Chaos(Generic[Message]):
    """Decides what a turbine's readings go through on their way to the wire: what goes out when, in which order.

    Times are seconds of any clock that only goes forward. At most `HELD_AT_MOST` messages are held back. Whoever uses
    this must send them, each when it is `due`, and at the end the rest (`flush`).
    """

    def __init__(self, draws: Draws) -> None:
        self._draws = draws
        self._newest = -1
        self._newest_connection = -1
        self._places = 0
        self._timed: list[_Held[Message]] = []
        self._overtaken: list[_Held[Message]] = []
        self._on_its_way: set[int] = set()

    def __len__(self) -> int:
        """How many messages are held back, copies among them."""
        return len(self._timed) + len(self._overtaken)

    def half_open(self, sequence: int) -> float | None:
        """For how many seconds the connection is dead before this reading may go out; None: it is not.

        Asked again of the same reading, or of an earlier one, it says None: a connection dies once for each.
        """
        if sequence <= self._newest_connection:
            return None
        self._newest_connection = sequence
        drawn = self._draws.draw(ChaosKind.HALF_OPEN, sequence)
        if drawn is None:
            return None
        seconds = round(drawn.uniform(*HALF_OPEN_SECONDS), 3)
        self._draws.told(ChaosKind.HALF_OPEN, sequence, seconds=seconds)
        return seconds

    def send(self, sequence: int, message: Message, now: float) -> list[Message]:
        """The messages to send now, in order, when this reading would be sent.

        Only the first sending of a reading is disturbed, and by one kind at most. One that is sent again passes,
        unless it is still held back: then it is on its way already.
        """
        if sequence <= self._newest:
            return [] if sequence in self._on_its_way else [message]
        self._newest = sequence
        if len(self) >= HELD_AT_MOST:
            return self._pass(message)
        if drawn := self._draws.draw(ChaosKind.LATE, sequence):
            return self._hold_late(sequence, message, now, drawn)
        if drawn := self._draws.draw(ChaosKind.REORDER, sequence):
            return self._hold_for_successors(sequence, message, now, drawn)
        if drawn := self._draws.draw(ChaosKind.DUPLICATE, sequence):
            return self._pass(message, *self._copy(sequence, message, now, drawn))
        return self._pass(message)

    def due(self, now: float) -> list[Message]:
        """The messages whose time has come, in order; they are no longer held back."""
        overdue = [held for held in self._overtaken if held.due <= now]
        self._overtaken = [held for held in self._overtaken if held.due > now]
        while self._timed and self._timed[0].due <= now:
            overdue.append(heapq.heappop(self._timed))
        return self._release(sorted(overdue))

    def next_due(self) -> float | None:
        """When the next message is due; None while nothing is held back."""
        return min((held.due for held in (*self._timed[:1], *self._overtaken)), default=None)

    def flush(self) -> list[Message]:
        """All that is held back, in the order in which it would be due."""
        return self.due(math.inf)

    def _hold_late(self, sequence: int, message: Message, now: float, drawn: random.Random) -> list[Message]:
        seconds = _seconds_to_minutes(drawn)
        heapq.heappush(self._timed, self._held(sequence, message, now + seconds))
        self._on_its_way.add(sequence)
        self._draws.told(ChaosKind.LATE, sequence, seconds=seconds)
        return []

    def _hold_for_successors(self, sequence: int, message: Message, now: float, drawn: random.Random) -> list[Message]:
        held = self._held(sequence, message, now + REORDER_SECONDS)
        held.overtakers = drawn.randint(1, REORDER_READINGS)
        self._overtaken.append(held)
        self._on_its_way.add(sequence)
        self._draws.told(ChaosKind.REORDER, sequence, readings=held.overtakers)
        return []

    def _copy(self, sequence: int, message: Message, now: float, drawn: random.Random) -> list[Message]:
        """The copy if it goes out at once; one that goes out later is held back."""
        seconds = 0.0 if drawn.random() < 0.5 else _seconds_to_minutes(drawn)
        self._draws.told(ChaosKind.DUPLICATE, sequence, seconds=seconds)
        if seconds == 0.0:
            return [message]
        heapq.heappush(self._timed, self._held(sequence, message, now + seconds))
        return []

    def _held(self, sequence: int, message: Message, due: float) -> _Held[Message]:
        self._places += 1
        return _Held(due, self._places, sequence, message)

    def _pass(self, *messages: Message) -> list[Message]:
        """These messages, and those that have now been overtaken often enough."""
        for held in self._overtaken:
            held.overtakers -= 1
        enough = [held for held in self._overtaken if held.overtakers <= 0]
        self._overtaken = [held for held in self._overtaken if held.overtakers > 0]
        return [*messages, *self._release(enough)]

    def _release(self, released: list[_Held[Message]]) -> list[Message]:
        self._on_its_way.difference_update(held.sequence for held in released)
        return [held.message for held in released]


def _seconds_to_minutes(drawn: random.Random) -> float:
    """As often between 2 and 20 seconds as between 30 and 300: uniform in the logarithm."""
    return _log_uniform(drawn, *LATE_SECONDS)


def _log_uniform(drawn: random.Random, low: float, high: float) -> float:
    return round(math.exp(drawn.uniform(math.log(low), math.log(high))), 3)
