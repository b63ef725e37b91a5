"""What a turbine has emitted and the monitor has not acknowledged: what to send next, and what to forget."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto

from grid.acknowledged import Acknowledged
from turbine.resending import Resending

DEFAULT_OUTBOX_SIZE = 100_000
"""Readings that one turbine keeps: more than a day at one a second."""

FLEET_OUTBOX_SIZE = 2_000_000
"""Readings that all turbines of a run keep together, unless told otherwise: some 600 MB."""


def default_size(turbines: int) -> int:
    """How many readings each of so many turbines keeps, unless told otherwise."""
    return max(1_000, min(DEFAULT_OUTBOX_SIZE, FLEET_OUTBOX_SIZE // max(1, turbines)))


class Monitor(Enum):
    """What a turbine knows of the monitor."""

    UNKNOWN = auto()
    """Nobody ever said that there is one: perhaps there are other listeners, perhaps none."""
    ONLINE = auto()
    OFFLINE = auto()


@dataclass(frozen=True, slots=True)
class Sending:
    """One reading to publish now: report its PUBACK with `Outbox.published`, or ask for it again."""

    session: str
    sequence: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Forgotten:
    """So many readings of a session are held no longer, up to this sequence."""

    session: str
    sequence: int
    count: int


@dataclass(slots=True)
class SessionReadings:
    """The readings of one session that are held: sequences `oldest` up to `end`, without a gap.

    `unsent` is the first one without a PUBACK, `offered` the first one that was never tried.
    """

    session: str
    oldest: int = 0
    is_earlier: bool = False
    """Of an earlier run: nobody knows what was sent then, so all of it counts as sent again."""
    payloads: deque[bytes] = field(default_factory=deque)
    unsent: int = 0
    offered: int = 0
    resending: Resending = field(default_factory=Resending)

    @property
    def end(self) -> int:
        """The sequence after the newest."""
        return self.oldest + len(self.payloads)

    @property
    def awaited(self) -> int:
        """How many readings the broker has and the monitor has not acknowledged."""
        return self.unsent - self.oldest

    def fresh(self) -> Sending | None:
        """The oldest reading that the broker does not have."""
        if self.unsent == self.end:
            return None
        self.offered = max(self.offered, self.unsent + 1)
        return self._sending(self.unsent, again=self.is_earlier)

    def again(self, now: float) -> Sending | None:
        """The reading to send again, if one is due."""
        sequence = self.resending.next_due(self.oldest, self.unsent, now)
        return None if sequence is None else self._sending(sequence, again=True)

    def _sending(self, sequence: int, *, again: bool) -> Sending:
        payload = self.payloads[sequence - self.oldest]
        return Sending(self.session, sequence, with_oldest_held(payload, self.oldest) if again else payload)

    def forget(self, end: int) -> None:
        """Hold nothing below this sequence any more."""
        for _ in range(end - self.oldest):
            self.payloads.popleft()
        self.oldest = end
        self.unsent = max(self.unsent, end)


def with_oldest_held(payload: bytes, oldest: int) -> bytes:
    """A reading as it is sent again: its JSON object with one more field, without reading it anew."""
    return b'%b,"oldest_held":%d}' % (payload[:-1], oldest)


class Outbox:
    """The readings of one turbine, of this session and of earlier ones, until the monitor has acknowledged them.

    Tells what to publish next: every reading once, in order, then again what stays unacknowledged although the
    monitor is online. One reading is on its way at a time. Times are any monotonic clock's, in seconds.

    When it is full the oldest reading is given up: the newest say how things are. `given_up` counts those that
    the monitor may never get, and `undelivered` those of them that not even the broker has. Without any monitor, what
    the broker has is let go without counting: nobody was to acknowledge it. A `lossless` outbox gives nothing up,
    and grows beyond its size if whoever fills it does not wait while it is full. One that does not send again
    (`resends`) forgets each reading when the broker has acknowledged it, whatever the monitor says.
    """

    __slots__ = (
        "_current", "_held", "_monitor_session", "_sessions", "given_up", "lossless", "monitor", "resends", "size",
        "undelivered",
    )  # fmt: skip

    def __init__(
        self, session: str, size: int = DEFAULT_OUTBOX_SIZE, *, lossless: bool = False, resends: bool = True
    ) -> None:
        self.size = size
        self.lossless = lossless
        self.resends = resends
        self.monitor = Monitor.UNKNOWN
        self.given_up = 0
        self.undelivered = 0
        self._held = 0
        self._current = SessionReadings(session)
        self._sessions = [self._current]
        self._monitor_session: str | None = None

    def __len__(self) -> int:
        return self._held

    @property
    def unsent(self) -> int:
        """How many readings the broker does not have."""
        return sum(held.end - held.unsent for held in self._sessions)

    @property
    def sent(self) -> int:
        """The first sequence of the current session that the broker does not have."""
        return self._current.unsent

    @property
    def end(self) -> int:
        """The sequence that comes next in the current session."""
        return self._current.end

    @property
    def full(self) -> bool:
        """Whether the next reading costs one that somebody still waits for."""
        return self._held >= self.size and not self._may_let_go()

    def payloads(self) -> Iterator[bytes]:
        """All readings that are held, oldest first."""
        for held in self._sessions:
            yield from held.payloads

    # --- filling

    def restore(self, session: str, oldest: int, payloads: list[bytes]) -> list[Forgotten]:
        """Take the readings of an earlier session, after those of still earlier ones; says what had no room."""
        earlier = SessionReadings(session, oldest, True, deque(payloads), unsent=oldest, offered=oldest + len(payloads))
        self._sessions.insert(len(self._sessions) - 1, earlier)
        self._held += len(payloads)
        return self._make_room(self.size)

    def append(self, payload: bytes) -> list[Forgotten]:
        """Take the reading that was just emitted, the next of its session; says what had to go for it."""
        forgotten = self._make_room(self.size - 1) if self._held >= self.size else []
        self._current.payloads.append(payload)
        self._held += 1
        return forgotten

    def _make_room(self, most: int) -> list[Forgotten]:
        forgotten = []
        while self._held > most and (self._may_let_go() or not self.lossless):
            forgotten.append(self._give_up_oldest())
        return forgotten

    def _may_let_go(self) -> bool:
        return self.monitor is Monitor.UNKNOWN and self._sessions[0].awaited > 0

    def _give_up_oldest(self) -> Forgotten:
        held = self._sessions[0]
        if held.awaited == 0:
            self.undelivered += 1
        if not self._may_let_go():
            self.given_up += 1
        return self._forget(held, held.oldest + 1)

    def _forget(self, held: SessionReadings, end: int) -> Forgotten:
        forgotten = Forgotten(held.session, end - 1, end - held.oldest)
        self._held -= forgotten.count
        held.forget(end)
        if held is not self._current and not held.payloads:
            self._sessions.remove(held)
        return forgotten

    # --- sending

    def next(self, now: float) -> Sending | None:
        """What to publish now; None if nothing is due before `next_due`."""
        for held in self._sessions:
            if (sending := held.fresh()) is not None:
                return sending
        if self.monitor is Monitor.ONLINE:
            for held in self._sessions:
                if (sending := held.again(now)) is not None:
                    return sending
        return None

    def next_due(self) -> float | None:
        """When a reading is to be sent again, unless it is acknowledged before; None: not as things are."""
        if self.monitor is not Monitor.ONLINE:
            return None
        deadlines = [held.resending.deadline for held in self._sessions]
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def published(self, sending: Sending, now: float) -> bool:
        """The broker has acknowledged it (PUBACK); returns whether for the first time."""
        held = self._find(sending.session)
        if held is None or sending.sequence < held.oldest:
            return False
        if sending.sequence == held.unsent:
            held.unsent += 1
            if self.resends:
                held.resending.wait(now)
            else:
                self._forget(held, held.unsent)
            return True
        held.resending.sent_again(sending.sequence, now)
        return False

    # --- hearing

    def acknowledge(self, acknowledged: Acknowledged, now: float) -> Forgotten | None:
        """The monitor has all up to there; says what is forgotten for it.

        What was never tried stays: whoever acknowledges that can't know of it.
        """
        if self.monitor is not Monitor.ONLINE:
            self.monitor_is_online(self._monitor_session, now)
        held = self._find(acknowledged.session)
        end = 0 if held is None else min(acknowledged.sequence + 1, held.offered)
        if held is None or end <= held.oldest:
            return None
        forgotten = self._forget(held, end)
        held.resending.progress(held.oldest, now, waiting=held.awaited > 0)
        return forgotten

    def _find(self, session: str) -> SessionReadings | None:
        return next((held for held in self._sessions if held.session == session), None)

    def monitor_is_online(self, session: str | None, now: float) -> None:
        """The monitor was born, or said something: it first gets what waits at the broker, then it is asked again."""
        self.monitor = Monitor.ONLINE
        self._monitor_session = session
        self.begin_waiting(now)

    def monitor_is_offline(self, session: str | None) -> None:
        """The monitor is gone, if it is the session that was online: a late will may tell of an earlier one."""
        if session is None or self._monitor_session in (None, session):
            self.monitor = Monitor.OFFLINE

    def begin_waiting(self, now: float) -> None:
        """Wait anew for what the broker has: after a time in which no acknowledgement could come."""
        for held in self._sessions:
            held.resending.begin(now, waiting=held.awaited > 0)

    def hurry(self, now: float) -> None:
        """The end is near: ask the monitor again soon for what it has not acknowledged."""
        for held in self._sessions:
            held.resending.hurry(now, waiting=held.awaited > 0)
