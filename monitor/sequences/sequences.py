"""Follows the sequences of all turbines: who may forget which readings, and which ones are missing."""

from collections import Counter
from collections.abc import Iterable, Iterator
from operator import itemgetter

from grid.acknowledged import Acknowledged
from grid.topics import Kind
from monitor.facts import (
    Acknowledgement,
    Arrived,
    Now,
    Reading,
    RememberedSequences,
    SequenceChanges,
    SequenceRecord,
)
from monitor.sequences.session import Session, gaps_in_words, parse_gaps

MOST_SESSIONS = 4
"""How many sessions of a turbine are followed: those without a gap are let go first, then those heard least lately."""

MOST_TURBINES_A_SECOND = 1000
"""How many turbines are told, and written, in a second; with fewer turbines each has its turn once a second."""

_COUNT = itemgetter(*(Reading._fields.index(name) for name in ("turbine_number", "session", "sequence")))


class Sequences:
    """Takes in every batch before its commit, and says what to write with it, and what to tell after it.

    As the fleet, it is dropped after a failed commit, and made anew from what the ledger remembers. What `due`
    returned may be told once the batch that was taken last is committed. `counted` holds what goes into the books,
    see `monitor.sequences.session`; the caller empties it.

    Sessions that are new, or whose gaps changed, are written with the batch; of all others a checkpoint once a second
    is enough, since the readings that are stored tell the rest after a crash. They don't tell of a sequence whose
    reading repeats the `emitted_at` of another one: if that came in the last second, it shows as missing.
    """

    def __init__(self, remembered: RememberedSequences, *, now: Now) -> None:
        self.counted: Counter[str] = Counter()
        self._sessions: dict[int, dict[str, Session]] = {}
        """By turbine and name, the one heard last at the end."""
        self._current: dict[int, Session] = {}
        """Of each turbine the session that was heard last."""
        self._changed: dict[tuple[int, str], Session] = {}
        """Sessions that are new, or whose gaps are not as they were written."""
        self._ended: list[tuple[int, str]] = []
        self._took_readings = False
        self._was_checkpoint = remembered.kept
        """Whether there ever was one."""
        self._checkpoint_due = now.watched
        self._round: list[int] = []
        self._round_began = now.watched
        self._turn = 0
        self._remember(remembered)

    @property
    def missing(self) -> dict[int, int]:
        """How many readings are missing now, of each turbine that lacks any."""
        sums = ((number, sum(session.missing for session in of.values())) for number, of in self._sessions.items())
        return {number: missing for number, missing in sums if missing}

    def take(self, arrived: Arrived) -> None:
        """Settle what is in a batch: its readings first, then what was refused, then what will not come."""
        current = self._current
        # Nearly all readings are the next one of their session: this branch must cost next to nothing (0.1 us).
        for number, name, sequence in map(_COUNT, arrived.readings):
            session = current.get(number)
            if session is not None and sequence == session.following and name == session.name:
                session.following = sequence + 1
            elif name is not None and sequence is not None:
                self._settle(number, name, sequence)
        for number, name, sequence in arrived.refused:
            self._settle(number, name, sequence)
        for number, name, sequence in arrived.held:
            self._give_up(number, name, sequence)
        self._took_readings = bool(arrived.readings)

    def drain(self, now: Now) -> SequenceChanges:
        """What to write with the batch that was taken; a checkpoint with the first batch, and with one a second."""
        tells_more = self._took_readings or not self._was_checkpoint
        is_checkpoint = tells_more and now.watched >= self._checkpoint_due
        if is_checkpoint:
            self._was_checkpoint = True
            self._checkpoint_due = now.watched + self._round_seconds()
            for session in self._all():
                if session.following != session.written:
                    self._note(session)
        elif not self._changed and not self._ended:
            return SequenceChanges()
        records = [_record(session, now) for session in self._changed.values()]
        changes = SequenceChanges(records, self._ended, is_checkpoint)
        self._changed, self._ended = {}, []
        return changes

    def due(self, now: Now) -> list[Acknowledgement]:
        """Who is to be told now what it may forget: a turn each second for every turbine, spread over it.

        In a large farm the turns are rarer. Nothing is told to a turbine of which nothing new is settled, unless it
        sent again what is.
        """
        if self._turn >= len(self._round):
            if now.watched < self._round_began + self._round_seconds():
                return []
            self._round, self._round_began, self._turn = list(self._sessions), now.watched, 0
        elapsed = (now.watched - self._round_began) / self._round_seconds()
        until = min(len(self._round), 1 + int(elapsed * len(self._round)))
        numbers = self._round[self._turn : until]
        self._turn = max(self._turn, until)
        return [_tell(session) for number in numbers for session in self._sessions[number].values() if _is_due(session)]

    def _round_seconds(self) -> float:
        return max(1.0, len(self._sessions) / MOST_TURBINES_A_SECOND)

    def _all(self) -> Iterator[Session]:
        return (session for sessions in self._sessions.values() for session in sessions.values())

    def _settle(self, number: int, name: str, sequence: int) -> None:
        session = self._session(number, name)
        if session.settle(sequence, sequence):
            self._note(session)
        elif sequence <= session.prefix:
            session.asked = True

    def _give_up(self, number: int, name: str, sequence: int) -> None:
        """A session that was let go has nothing to give up: following it anew would push out one that has."""
        session = self._sessions.get(number, {}).get(name)
        if session is not None and session.give_up_before(sequence):
            self._note(session)

    def _note(self, session: Session) -> None:
        self._changed[session.turbine_number, session.name] = session

    def _session(self, number: int, name: str) -> Session:
        """The session, heard just now."""
        sessions = self._sessions.setdefault(number, {})
        session = sessions.pop(name, None)
        if session is None:
            session = Session(number, name, self.counted)
            self._note(session)
        sessions[name] = self._current[number] = session
        if len(sessions) > MOST_SESSIONS:
            *others, _ = sessions.values()
            self._let_go(next((old for old in others if not old.gaps), others[0]))
        return session

    def _let_go(self, session: Session) -> None:
        session.close()
        key = session.turbine_number, session.name
        del self._sessions[session.turbine_number][session.name]
        self._changed.pop(key, None)
        self._ended.append(key)

    def _remember(self, remembered: RememberedSequences) -> None:
        """Go on from what is written, with what was stored since."""
        for record in sorted(remembered.records, key=lambda record: record.heard_at):
            session = self._session(record.turbine_number, record.session)
            session.following = session.written = record.following
            session.followed_from = record.followed_from
            session.gaps, session.missing = parse_gaps(record.gaps), record.missing
        self._changed.clear()
        for run in remembered.since:
            session = self._session(run.turbine_number, run.session)
            if run.first != session.following or not session.following:
                self._note(session)
            session.settle(run.first, run.last)
        if not remembered.kept:
            self._take_gaps_for_old()
        for session in self._all():
            if session is not self._current[session.turbine_number]:
                session.told = session.prefix

    def _take_gaps_for_old(self) -> None:
        """What lacks among readings of a time when nobody followed them is not missing."""
        for session in self._all():
            session.followed_from, session.missing = session.following, 0
        self.counted.clear()


def _record(session: Session, now: Now) -> SequenceRecord:
    session.written = session.following
    return SequenceRecord(
        session.turbine_number,
        session.name,
        session.following,
        session.followed_from,
        gaps_in_words(session.gaps),
        session.missing,
        now.utc,
    )


def _is_due(session: Session) -> bool:
    return session.prefix > session.told or (session.asked and session.prefix >= 0)


def _tell(session: Session) -> Acknowledgement:
    session.told, session.asked = session.prefix, False
    return Acknowledgement(session.turbine_number, session.name, session.told)


def messages_for(acknowledgements: Iterable[Acknowledgement]) -> list[tuple[str, bytes]]:
    """Write acknowledgements as messages: topic and payload."""
    return [
        (Kind.ACKNOWLEDGED.of(number), Acknowledged.model_construct(session=session, sequence=sequence).to_json())
        for number, session, sequence in acknowledgements
    ]
