"""How a run goes, for the person in front of it: counts, and sentences on standard error."""

import math
import time
from dataclasses import dataclass, field
from typing import TextIO

from grid.metrics import OperationalStatus
from turbine.wording import counted

LOSS_SENTENCE_SECONDS = 10.0
"""Single turbines that lose the broker are told of this often at most."""

LOSSES_NAMED = 5
"""Of the turbines that gave up readings."""

REASONS_SAID = 3
"""Of the reasons why nobody has a connection: some name the turbine, and there may be thousands."""


@dataclass(slots=True)
class Progress:
    """Counts what a fleet does, and says what a person should know: once for the fleet, not per turbine.

    `was_connected`: some turbine was, at some time. `delivered_at`: the monotonic clock at the last acknowledgement.
    """

    turbines: int
    broker: str
    stream: TextIO
    connected: int = 0
    emitted: int = 0
    acknowledged: int = 0
    was_connected: bool = False
    delivered_at: float = -math.inf
    broken: set[int] = field(default_factory=set)
    stored_by_monitor: int = 0
    stored_of_earlier_runs: int = 0
    given_up: dict[int, int] = field(default_factory=dict)
    """By turbine: readings that were given up because its outbox was full."""
    _said: set[str] = field(default_factory=set)
    _loss_said_at: float = -math.inf
    _given_up_said_at: float = -math.inf

    def say(self, sentence: str) -> None:
        """Write one line."""
        self.stream.write(f"{self._clear_line}{sentence}\n")
        self.stream.flush()

    def show(self) -> None:
        """Refresh the line of counts, on a terminal only."""
        if self.stream.isatty():
            self.stream.write(f"{self._clear_line}{self}")
            self.stream.flush()

    @property
    def _clear_line(self) -> str:
        return "\r\x1b[2K" if self.stream.isatty() else ""

    def __str__(self) -> str:
        told = (
            f"{self.connected:,} of {counted(self.turbines, 'turbine')} connected, {len(self.broken)} broken, "
            f"{self.acknowledgements}"
        )
        return f"{told}, {sum(self.given_up.values()):,} given up" if self.given_up else told

    @property
    def acknowledgements(self) -> str:
        """How many of the readings the broker has, and the monitor where one acknowledges, in words."""
        told = f"{self.acknowledged:,} of {counted(self.emitted, 'reading')} acknowledged by the broker"
        if self.stored_by_monitor or self.stored_of_earlier_runs:
            told += f", {self.stored_by_monitor:,} stored by the monitor"
        if self.stored_of_earlier_runs:
            told += f" and {self.stored_of_earlier_runs:,} of earlier runs"
        return told

    @property
    def losses(self) -> str:
        """Which turbines gave up readings, the worst first, in words; empty for none."""
        if not self.given_up:
            return ""
        worst = sorted(self.given_up, key=lambda number: self.given_up[number], reverse=True)
        named = [f"{self.given_up[number]:,} of turbine {number}" for number in worst[:LOSSES_NAMED]]
        if others := worst[LOSSES_NAMED:]:
            rest = sum(self.given_up[number] for number in others)
            named.append(f"{rest:,} of {counted(len(others), 'other turbine')}")
        total = counted(sum(self.given_up.values()), "reading")
        return f"{total} given up because outboxes were full: {', '.join(named)}"

    def found(self) -> None:
        """A turbine is connected."""
        self.connected += 1
        self.was_connected = True
        if self._said:
            self._said.clear()
            self.say(f"the broker at {self.broker} is back")

    def delivered(self, count: int) -> None:
        """The broker has so many readings of this run more: 0 for what was left of an earlier one."""
        self.acknowledged += count
        self.delivered_at = time.monotonic()

    def stored(self, count: int, *, earlier: bool) -> None:
        """The monitor acknowledged so many readings, of this run or of an earlier one."""
        if earlier:
            self.stored_of_earlier_runs += count
        else:
            self.stored_by_monitor += count

    def gave_up(self, turbine_number: int, count: int) -> None:
        """A turbine's outbox is full: it gave up so many readings until now."""
        if count == self.given_up.get(turbine_number, 0):
            return
        self.given_up[turbine_number] = count
        now = time.monotonic()
        if now - self._given_up_said_at >= LOSS_SENTENCE_SECONDS:
            self._given_up_said_at = now
            self.say(f"the outbox of turbine {turbine_number} is full: it gave up {counted(count, 'reading')}")

    def left(self) -> None:
        """A turbine is no longer connected."""
        self.connected -= 1

    def lost(self, turbine_number: int, reason: str) -> None:
        """A turbine lost the broker, or could not reach it: said once while nobody has a connection."""
        if self.connected == 0:
            if reason not in self._said and len(self._said) < REASONS_SAID:
                self._said.add(reason)
                self.say(f"waiting for a broker at {self.broker}: {reason}")
            return
        now = time.monotonic()
        if now - self._loss_said_at >= LOSS_SENTENCE_SECONDS:
            self._loss_said_at = now
            have = "has" if self.connected == 1 else "have"
            self.say(f"turbine {turbine_number} has no connection ({self.connected} {have} one): {reason}")

    def reported(self, turbine_number: int, status: OperationalStatus) -> None:
        """A turbine took a reading."""
        self.emitted += 1
        if status is OperationalStatus.BROKEN:
            self.broken.add(turbine_number)
        else:
            self.broken.discard(turbine_number)
