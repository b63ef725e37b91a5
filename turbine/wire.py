"""The way from a turbine's outbox to the wire: straight, or with chaos on it."""

import math
from collections import deque

from turbine.chaos import Chaos, ChaosPlan
from turbine.outbox import Outbox, Sending


class StraightWire:
    """Gives what to publish next as the outbox does."""

    __slots__ = ("next", "next_due", "published")

    held_back = 0
    is_clear = True

    def __init__(self, outbox: Outbox) -> None:
        self.next = outbox.next
        self.next_due = outbox.next_due
        self.published = outbox.published

    def half_open(self) -> float | None:
        """None: no connection dies."""
        return None

    def hurry(self) -> None:
        """Nothing: nothing is held back."""


class ChaoticWire:
    """Gives what to publish next as an outbox does, late, twice or out of order.

    To the outbox a reading that is held back is sent: it goes on with the next one, and sends again what the monitor
    does not acknowledge in time. What is held back outlives a connection, and goes out at the end (`hurry`).
    """

    def __init__(self, outbox: Outbox, chaos: Chaos[Sending], session: str) -> None:
        """Disturb the readings of this session; those of earlier ones pass."""
        self._outbox = outbox
        self._chaos = chaos
        self._session = session
        self._leaving: deque[Sending] = deque()
        self._offered: Sending | None = None
        """The reading that the outbox gave last, until it is published."""
        self._held_back: set[int] = set()
        """Sequences that the outbox takes for published, and are not."""
        self._dead_for: float | None = None
        self._hurries = False

    @property
    def held_back(self) -> int:
        """How many readings were never published, though the outbox takes them for it."""
        return len(self._held_back)

    @property
    def is_clear(self) -> bool:
        """Whether nothing is on its way."""
        return not self._leaving and len(self._chaos) == 0

    def next(self, now: float) -> Sending | None:
        """What to publish now; None if nothing is due before `next_due`. The same until it is `published`."""
        while True:
            self._leaving.extend(self._chaos.due(math.inf if self._hurries else now))
            if self._leaving:
                return self._leaving[0]
            sending = self._outbox.next(now)
            if sending is None:
                return None
            self._leaving.extend(self._disturbed(sending, now))

    def next_due(self) -> float | None:
        """When something is to be published, unless it is acknowledged before; None: not as things are."""
        return min((due for due in (self._outbox.next_due(), self._chaos.next_due()) if due is not None), default=None)

    def published(self, sending: Sending, now: float) -> bool:
        """The broker has what was `next`; returns whether it is a reading that it did not have before."""
        self._leaving.popleft()
        if sending is self._offered:
            self._offered = None
            return self._outbox.published(sending, now)
        was_held_back = sending.session == self._session and sending.sequence in self._held_back
        self._held_back.discard(sending.sequence)
        return was_held_back

    def half_open(self) -> float | None:
        """For how many seconds the connection is dead before `next` may be published; asked again: None."""
        seconds, self._dead_for = self._dead_for, None
        return seconds

    def hurry(self) -> None:
        """From now on nothing is held back any more: the end is near."""
        self._hurries = True

    def _disturbed(self, sending: Sending, now: float) -> list[Sending]:
        if sending.session != self._session:
            self._offered = sending
            return [sending]
        if not self._hurries:
            self._dead_for = self._dead_for or self._chaos.half_open(sending.sequence)
        passing = self._chaos.send(sending.sequence, sending, now)
        if any(passed is sending for passed in passing):
            self._offered = sending
        elif self._outbox.published(sending, now):
            self._held_back.add(sending.sequence)
        return passing


Wire = StraightWire | ChaoticWire


def new_wire(outbox: Outbox, plan: ChaosPlan | None, turbine_number: int, session: str) -> Wire:
    """The way of one turbine's readings, with the chaos that is planned."""
    if plan is None:
        return StraightWire(outbox)
    return ChaoticWire(outbox, Chaos(plan.draws(turbine_number, session)), session)
