"""Whom the monitor tells what it may forget, what it writes of it, and what a crash makes of that."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from grid.metrics import OperationalStatus
from monitor.facts import (
    Acknowledgement,
    Arrived,
    Held,
    Now,
    Reading,
    Refused,
    RememberedSequences,
    Run,
    SequenceChanges,
    SequenceRecord,
)
from monitor.sequences.sequences import MOST_SESSIONS, Sequences, messages_for

START = Now(utc=0, watched=0.0)
NOTHING = RememberedSequences()


def reading(sequence: int | None, *, turbine: int = 7, session: str | None = "s-1") -> Reading:
    at = 0 if sequence is None else sequence
    return Reading(turbine, at, 8.0, 2.0, OperationalStatus.OK, None, None, None, session, sequence, at)


def batch(*sequences: int, turbine: int = 7, session: str = "s-1") -> Arrived:
    return Arrived([reading(sequence, turbine=turbine, session=session) for sequence in sequences])


class Desk:
    """Sequences, and a clock to be moved."""

    def __init__(self, remembered: RememberedSequences = NOTHING) -> None:
        self.seconds = 0.0
        self.sequences = Sequences(remembered, now=START)
        self.written: dict[tuple[int, str], SequenceRecord] = {}

    @property
    def now(self) -> Now:
        return Now(round(self.seconds * 1_000_000), self.seconds)

    def take(self, arrived: Arrived) -> SequenceChanges:
        self.sequences.take(arrived)
        changes = self.sequences.drain(self.now)
        for key in changes.ended:
            self.written.pop(key, None)
        self.written |= {(record.turbine_number, record.session): record for record in changes.records}
        return changes

    def told_within(self, seconds: float, step: float = 0.25) -> list[Acknowledgement]:
        told = []
        for _ in range(round(seconds / step)):
            self.seconds += step
            told += self.sequences.due(self.now)
        return told

    def told(self) -> list[Acknowledgement]:
        """What is told in the time in which every turbine has a turn."""
        return self.told_within(2.5)


def test_a_turbine_is_told_the_prefix_once() -> None:
    desk = Desk()
    desk.take(batch(0, 1, 2, 4))
    assert desk.told() == [(7, "s-1", 2)]
    assert desk.told() == []
    desk.take(batch(3))
    assert desk.told() == [(7, "s-1", 4)]


def test_a_turbine_is_told_about_once_a_second_at_most() -> None:
    desk = Desk()
    told = []
    for sequence in range(400):
        desk.take(batch(sequence))
        told += desk.told_within(0.025, step=0.025)
    assert 8 <= len(told) <= 11
    assert told[-1].sequence > 350


def test_a_large_farm_is_told_spread_over_time_and_every_turbine_in_its_turn() -> None:
    desk = Desk()
    for turbine in range(1, 3001):
        desk.take(batch(0, turbine=turbine))
    desk.told_within(2.75)  # the round before they were known
    a_tenth = [len(desk.told_within(0.1, step=0.1)) for _ in range(60)]
    assert sum(a_tenth) == 3000
    assert max(a_tenth) <= 101


def test_a_turbine_that_sends_again_what_is_settled_is_told_again() -> None:
    desk = Desk()
    desk.take(batch(0, 1, 2))
    assert desk.told() == [(7, "s-1", 2)]
    desk.take(batch(1))
    assert desk.told() == [(7, "s-1", 2)]


def test_a_repeat_beyond_a_gap_is_no_reason_to_say_it_again() -> None:
    desk = Desk()
    desk.take(batch(0, 5))
    assert desk.told() == [(7, "s-1", 0)]
    desk.take(batch(5))
    assert desk.told() == []


def test_readings_without_session_or_sequence_are_neither_told_nor_missing() -> None:
    desk = Desk()
    changes = desk.take(Arrived([reading(None), reading(5, session=None), reading(9, session=None)]))
    assert (desk.told(), changes.records, desk.sequences.missing) == ([], [], {})


def test_a_refused_reading_does_not_hold_the_prefix() -> None:
    desk = Desk()
    desk.take(Arrived(batch(0, 2).readings, refused=[Refused(7, "s-1", 1)]))
    assert desk.told() == [(7, "s-1", 2)]


def test_what_a_turbine_no_longer_holds_does_not_hold_the_prefix() -> None:
    desk = Desk()
    desk.take(batch(500, 501))
    assert desk.told() == []
    desk.take(Arrived(batch(500).readings, held=[Held(7, "s-1", 500)]))
    assert desk.told() == [(7, "s-1", 501)]
    assert desk.sequences.missing == {}


def test_what_is_missing_is_told_by_turbine_and_counted_for_the_books() -> None:
    desk = Desk()
    desk.take(batch(0, 3))
    desk.take(batch(0, 2, turbine=8))
    desk.take(batch(1, turbine=8))
    assert desk.sequences.missing == {7: 2}
    assert +desk.sequences.counted == {"gaps_opened": 3, "gaps_closed": 1}


def test_few_sessions_are_followed_and_complete_ones_go_first() -> None:
    desk = Desk()
    desk.take(batch(0, 2, session="with a gap"))
    for number in range(MOST_SESSIONS):
        changes = desk.take(batch(0, session=f"s-{number}"))
    assert changes.ended == [(7, "s-0")]
    assert (7, "with a gap") in desk.written
    assert len(desk.written) == MOST_SESSIONS
    desk.told()
    assert desk.sequences.missing == {7: 1}


def test_what_is_held_of_a_session_that_was_let_go_pushes_out_no_other() -> None:
    desk = Desk()
    names = [f"s-{number}" for number in range(MOST_SESSIONS + 1)]
    readings = [reading(0, session=name) for name in names]
    desk.take(Arrived(readings, held=[Held(7, name, 0) for name in names]))
    assert desk.told() == [(7, name, 0) for name in names[1:]]


def test_a_session_that_is_let_go_with_a_gap_is_given_up() -> None:
    desk = Desk()
    for number in range(MOST_SESSIONS + 1):
        desk.take(batch(0, 2, session=f"s-{number}"))
    assert desk.sequences.missing == {7: MOST_SESSIONS}
    assert desk.sequences.counted["gaps_given_up"] == 1


def test_sessions_may_alternate() -> None:
    desk = Desk()
    for sequence in range(10):
        desk.take(batch(sequence, session="old"))
        desk.take(batch(sequence, session="new"))
    assert sorted(desk.told()) == [(7, "new", 9), (7, "old", 9)]


def test_nothing_is_written_for_readings_in_order_but_once_a_second() -> None:
    desk = Desk()
    assert desk.take(batch(0)).is_checkpoint
    assert desk.take(batch(1)) == SequenceChanges()
    desk.seconds = 1.0
    changes = desk.take(batch(2))
    assert changes.is_checkpoint
    assert [record.following for record in changes.records] == [3]


def test_without_a_new_reading_there_is_no_checkpoint() -> None:
    desk = Desk()
    desk.take(batch(0))
    desk.take(batch(1))
    desk.seconds = 10.0
    assert desk.take(Arrived()) == SequenceChanges()


def test_a_gap_is_written_with_the_batch_that_opens_it() -> None:
    desk = Desk()
    desk.take(batch(0))
    (record,) = desk.take(batch(5, 9)).records
    assert (record.gaps, record.missing, record.following) == ("1-4,6-8", 7, 10)


def test_after_a_restart_only_the_latest_session_is_told_again() -> None:
    desk = Desk()
    desk.take(batch(0, 1, session="old"))
    desk.seconds = 1.0
    desk.take(batch(0, session="new"))
    again = Desk(RememberedSequences(list(desk.written.values())))
    assert again.told() == [(7, "new", 0)]


def test_gaps_of_a_time_when_nobody_followed_are_not_missing() -> None:
    desk = Desk(RememberedSequences(since=[Run(7, "s-1", 3, 5), Run(7, "s-1", 8, 9)], kept=False))
    assert (desk.sequences.missing, desk.told(), +desk.sequences.counted) == ({}, [], {})
    desk.take(batch(12))
    assert desk.sequences.missing == {7: 2}
    assert desk.written[7, "s-1"].gaps == "0-2,6-7,10-11"


def test_the_first_commit_of_a_database_is_a_checkpoint_even_without_readings() -> None:
    """Else the next start would take what is missing since then for what was before anybody followed."""
    desk = Desk(RememberedSequences(kept=False))
    changes = desk.take(Arrived(refused=[Refused(7, "s-1", 0), Refused(7, "s-1", 2)]))
    assert changes.is_checkpoint
    assert [record.missing for record in changes.records] == [1]
    assert desk.take(Arrived()) == SequenceChanges()


def test_an_acknowledgement_is_a_message_of_the_contract() -> None:
    assert messages_for([Acknowledgement(7, "s-1", 41)]) == [
        ("grid/turbines/7/acknowledged", b'{"session":"s-1","sequence":41}')
    ]


STEPS = st.lists(
    st.tuples(
        st.lists(st.tuples(st.sampled_from(["s-1", "s-2"]), st.integers(0, 30)), min_size=1, max_size=8),
        st.booleans(),
        st.sampled_from([0.0, 0.3, 1.5]),
    ),
    max_size=15,
)


@given(STEPS)
def test_a_crash_at_any_moment_forgets_no_reading_and_tells_none_that_is_not_stored(
    steps: Sequence[tuple[list[tuple[str, int]], bool, float]],
) -> None:
    """A ledger in miniature: readings in order of commit, the records, and how far the checkpoint reached."""
    desk, stored, up_to, records = Desk(), list[Reading](), 0, dict[tuple[int, str], SequenceRecord]()
    opened = closed = 0
    for arrivals, crashes, seconds in steps:
        readings = [reading(sequence, session=session) for session, sequence in arrivals]
        changes = desk.take(Arrived(readings))
        stored = list(dict.fromkeys([*stored, *readings]))
        records |= {(record.turbine_number, record.session): record for record in changes.records}
        up_to = len(stored) if changes.is_checkpoint else up_to
        opened += desk.sequences.counted["gaps_opened"]
        closed += desk.sequences.counted["gaps_closed"]
        desk.sequences.counted.clear()
        known = {(kept.session, kept.sequence) for kept in stored}
        for _, session, prefix in desk.told_within(seconds):
            assert {(session, sequence) for sequence in range(prefix + 1)} <= known
        assert opened - closed == sum(desk.sequences.missing.values())
        if crashes:
            before = desk.sequences.missing
            since = [Run(7, kept.session or "", kept.sequence or 0, kept.sequence or 0) for kept in stored[up_to:]]
            seconds_now = desk.seconds
            desk = Desk(RememberedSequences(list(records.values()), since))
            desk.seconds = seconds_now
            assert desk.sequences.missing == before
            assert +desk.sequences.counted == {}
    desk.take(Arrived([reading(sequence, session=session) for session in ("s-1", "s-2") for sequence in range(31)]))
    assert desk.sequences.missing == {}
    told = {name: prefix for _, name, prefix in desk.told_within(5.0)}
    assert told == {"s-1": 30, "s-2": 30}
