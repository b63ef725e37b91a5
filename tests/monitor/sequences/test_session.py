"""One session's readings, however they come: what is settled, what is missing, and what the books say of it."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from monitor.sequences.session import (
    CLOSED,
    GIVEN_UP,
    LARGEST_GAP,
    MOST_GAPS,
    OPENED,
    Gap,
    Session,
    gaps_in_words,
    parse_gaps,
)

SEQUENCES = st.lists(st.integers(0, 60), max_size=120)


def session(*sequences: int) -> Session:
    made = Session(7, "s-1", Counter())
    for sequence in sequences:
        made.settle(sequence, sequence)
    return made


def settled(of: Session) -> set[int]:
    lacking = {sequence for gap in of.gaps for sequence in range(gap.first, gap.last + 1)}
    return set(range(of.following)) - lacking


def balance(of: Session) -> int:
    return of.counted[OPENED] - of.counted[CLOSED] - of.counted[GIVEN_UP]


def test_readings_in_order_leave_no_gap() -> None:
    of = session(*range(10))
    assert (of.prefix, of.gaps, of.missing) == (9, [], 0)


def test_a_skipped_reading_holds_the_prefix_until_it_comes() -> None:
    of = session(0, 1, 4)
    assert (of.prefix, of.gaps, of.missing) == (1, [Gap(2, 3)], 2)
    of.settle(3, 3)
    assert (of.prefix, of.missing) == (1, 1)
    of.settle(2, 2)
    assert (of.prefix, of.gaps, of.missing) == (4, [], 0)
    assert +of.counted == {OPENED: 2, CLOSED: 2}


def test_a_reading_from_the_middle_of_a_gap_leaves_two() -> None:
    of = session(0, 9)
    of.settle(4, 5)
    assert of.gaps == [Gap(1, 3), Gap(6, 8)]


def test_what_was_sent_before_the_first_reading_heard_is_not_missing() -> None:
    of = session(500, 502)
    assert (of.prefix, of.missing, of.followed_from) == (-1, 1, 500)
    of.settle(0, 0)
    assert (of.prefix, of.missing) == (0, 1)
    assert +of.counted == {OPENED: 1}


def test_what_a_turbine_no_longer_holds_is_given_up() -> None:
    of = session(0, 5, 9)
    assert of.give_up_before(7)
    assert (of.prefix, of.gaps) == (6, [Gap(7, 8)])
    assert +of.counted == {OPENED: 7, GIVEN_UP: 5}


def test_a_turbine_in_mid_life_is_acknowledged_once_it_says_what_it_holds() -> None:
    of = session(500)
    of.give_up_before(500)
    assert (of.prefix, of.missing, +of.counted) == (500, 0, {})


def test_a_turbine_that_holds_nothing_yet_said_gives_nothing_beyond_it_up() -> None:
    of = session(0, 1)
    assert not of.give_up_before(1000)
    assert (of.prefix, of.following) == (1, 2)


def test_an_absurd_jump_is_no_loss_and_is_never_acknowledged() -> None:
    of = session(0, 2, LARGEST_GAP + 10)
    assert (of.prefix, of.missing) == (0, 0)
    assert +of.counted == {OPENED: 1, GIVEN_UP: 1}
    assert settled(of) <= {0, 2, LARGEST_GAP + 10}


def test_too_many_gaps_forget_the_lowest_runs_and_settle_nothing_that_never_came() -> None:
    came = range(0, 4 * MOST_GAPS, 2)
    of = session(*came)
    assert len(of.gaps) == MOST_GAPS
    assert of.prefix == 0
    assert settled(of) <= set(came)
    assert balance(of) == of.missing == MOST_GAPS - 1
    for sequence in range(4 * MOST_GAPS):
        of.settle(sequence, sequence)
    assert (of.prefix, of.gaps, of.missing, balance(of)) == (4 * MOST_GAPS - 1, [], 0, 0)


@given(SEQUENCES)
def test_in_any_order_exactly_what_came_is_settled(came: list[int]) -> None:
    of = session(*came)
    assert settled(of) == set(came)
    assert balance(of) == of.missing >= 0
    assert all(of.gaps[i].last + 1 < of.gaps[i + 1].first for i in range(len(of.gaps) - 1))


@given(SEQUENCES, st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=5))
def test_the_prefix_never_goes_beyond_what_came_or_was_given_up(came: list[int], held: list[tuple[int, int]]) -> None:
    of = session()
    known: set[int] = set()
    given_up = 0
    for place, sequence in enumerate(came):
        of.settle(sequence, sequence)
        known.add(sequence)
        for when, oldest in held:
            if when == place:
                of.give_up_before(min(oldest, sequence))
                given_up = max(given_up, min(oldest, sequence))
        assert set(range(given_up, of.prefix + 1)) <= known
        assert balance(of) == of.missing >= 0


@given(st.permutations(range(40)))
def test_when_all_has_come_the_prefix_is_complete(came: list[int]) -> None:
    of = session(*came)
    assert (of.prefix, of.gaps, of.missing, balance(of)) == (39, [], 0, 0)


@given(SEQUENCES)
def test_gaps_are_read_back_as_they_were_written(came: list[int]) -> None:
    gaps = session(*came).gaps
    assert parse_gaps(gaps_in_words(gaps)) == gaps


def test_gaps_are_written_as_pages_are() -> None:
    assert gaps_in_words([Gap(5, 9), Gap(12, 12)]) == "5-9,12"
    assert parse_gaps("") == []
