"""Chaos on the way to the wire: what goes out when, and that nothing is ever lost by it."""

import itertools
import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.broker import KEEP_ALIVE_SECONDS, WILL_DELAY_SECONDS
from turbine.chaos import (
    HALF_OPEN_SECONDS,
    HELD_AT_MOST,
    LATE_SECONDS,
    REORDER_READINGS,
    REORDER_SECONDS,
    USUAL_RATES,
    Chaos,
    ChaosKind,
    Disturbance,
    Draws,
    Rates,
    parse_rates,
)

SESSION = "1800000000000-cafe"
ON_THE_WAY = (ChaosKind.LATE, ChaosKind.DUPLICATE, ChaosKind.REORDER)


def make_chaos(rates: Rates, seed: int = 1, turbine_number: int = 7) -> tuple[Chaos[int], list[Disturbance]]:
    told: list[Disturbance] = []
    return Chaos(Draws(rates, seed, turbine_number, SESSION, told.append)), told


def send_all(chaos: Chaos[int], readings: int, interval: float = 1.0) -> list[tuple[float, int]]:
    """Send so many readings, look for what is due at each, and at last take the rest: when, and which."""
    out = []
    for sequence in range(readings):
        now = sequence * interval
        out += [(now, message) for message in chaos.due(now)]
        out += [(now, message) for message in chaos.send(sequence, sequence, now)]
    return out + [(math.inf, message) for message in chaos.flush()]


@given(
    rates=st.dictionaries(st.sampled_from(ON_THE_WAY), st.floats(0, 1)),
    seed=st.integers(0, 2**32),
    readings=st.integers(0, 100),
    interval=st.floats(0, 100),
)
def test_every_reading_goes_out_once_and_so_do_the_copies(
    rates: Rates, seed: int, readings: int, interval: float
) -> None:
    chaos, told = make_chaos(rates, seed)
    out = Counter(message for _, message in send_all(chaos, readings, interval))
    copied = Counter(disturbance.sequence for disturbance in told if disturbance.kind is ChaosKind.DUPLICATE)
    assert out == Counter(range(readings)) + copied
    assert len(chaos) == 0
    assert chaos.next_due() is None


@given(sends=st.lists(st.tuples(st.integers(0, 20), st.floats(0, 60)), max_size=60), seed=st.integers(0, 1000))
def test_whatever_is_sent_again_every_reading_goes_out(sends: list[tuple[int, float]], seed: int) -> None:
    """An outbox sends again from its oldest, at any time: also what is still held back."""
    chaos, _ = make_chaos(dict.fromkeys(ON_THE_WAY, 0.5), seed)
    out: set[int] = set()
    now, newest = 0.0, -1
    for back, pause in sends:
        now += pause
        sequence = max(0, newest + 1 - back)
        newest = max(newest, sequence)
        out.update(chaos.due(now), chaos.send(sequence, sequence, now))
    out.update(chaos.flush())
    assert out == set(range(newest + 1))


def test_what_is_due_is_said_in_advance() -> None:
    chaos, _ = make_chaos(dict.fromkeys(ON_THE_WAY, 0.5))
    for sequence in range(50):
        chaos.send(sequence, sequence, float(sequence))
    dues = []
    while (due := chaos.next_due()) is not None:
        assert chaos.due(math.nextafter(due, 0)) == []
        assert chaos.due(due)
        dues.append(due)
    assert dues == sorted(dues)
    assert len(dues) > 10


def test_at_the_end_all_goes_out_in_the_order_in_which_it_was_due() -> None:
    flushed, waited_for = (make_chaos(dict.fromkeys(ON_THE_WAY, 0.5))[0] for _ in range(2))
    for chaos in (flushed, waited_for):
        for sequence in range(50):
            chaos.send(sequence, sequence, sequence / 10)
    one_by_one = []
    while (due := waited_for.next_due()) is not None:
        one_by_one += waited_for.due(due)
    assert flushed.flush() == one_by_one
    assert len(one_by_one) > 10


def test_a_late_reading_goes_out_seconds_to_minutes_later() -> None:
    chaos, told = make_chaos({ChaosKind.LATE: 1.0})
    out = [(now, sequence) for now, sequence in send_all(chaos, 1000, interval=1.0) if now < math.inf]
    delays = {disturbance.sequence: disturbance.seconds for disturbance in told}
    low, high = LATE_SECONDS
    for now, sequence in out:
        delay = delays[sequence]
        assert delay is not None
        assert low <= delay <= high
        assert sequence + delay <= now < sequence + delay + 1
    assert len(out) > 500


def test_a_reading_that_waits_is_overtaken_by_those_that_follow_it() -> None:
    chaos, told = make_chaos({ChaosKind.REORDER: 0.3})
    out = [sequence for _, sequence in send_all(chaos, 500)]
    followed = [disturbance for disturbance in told if disturbance.sequence < 480]
    assert len(followed) > 50
    for disturbance in followed:
        place = out.index(disturbance.sequence)
        overtaking = [sequence for sequence in out[:place] if sequence > disturbance.sequence]
        assert 1 <= (disturbance.readings or 0) <= len(overtaking)
        assert len(overtaking) <= 2 * REORDER_READINGS  # some that follow may have waited too


def test_a_reading_that_nothing_follows_waits_no_longer_than_its_time() -> None:
    chaos, _ = make_chaos({ChaosKind.REORDER: 1.0})
    assert chaos.send(0, 0, 5.0) == []
    assert chaos.next_due() == 5.0 + REORDER_SECONDS
    assert chaos.due(5.0 + REORDER_SECONDS) == [0]


def test_a_copy_goes_out_at_once_or_much_later() -> None:
    chaos, told = make_chaos({ChaosKind.DUPLICATE: 1.0})
    at_once = 0
    for sequence in range(200):
        out = chaos.send(sequence, sequence, 0.0)
        assert out == [sequence] * len(out)
        assert (len(out) == 2) == (told[sequence].seconds == 0.0)
        at_once += len(out) == 2
    assert len(chaos) == 200 - at_once
    assert 50 < at_once < 150


@pytest.mark.parametrize("kind", [ChaosKind.LATE, ChaosKind.REORDER])
def test_a_reading_that_is_held_back_is_not_sent_again(kind: ChaosKind) -> None:
    chaos, _ = make_chaos({kind: 1.0})
    assert chaos.send(0, 0, 0.0) == []
    assert chaos.send(0, 0, 1.0) == []
    assert chaos.flush() == [0]
    assert chaos.send(0, 0, 2.0) == [0], "once it is out, an outbox may send it again"


def test_what_is_sent_again_is_not_disturbed() -> None:
    chaos, told = make_chaos({ChaosKind.DUPLICATE: 1.0})
    chaos.send(5, 5, 0.0)
    assert chaos.send(5, 5, 1.0) == [5]
    assert chaos.send(3, 3, 1.0) == [3], "of readings before its first one it knows nothing"
    assert [disturbance.sequence for disturbance in told] == [5]


def test_what_is_held_back_is_bounded() -> None:
    chaos, _ = make_chaos({ChaosKind.LATE: 1.0})
    out = [chaos.send(sequence, sequence, 0.0) for sequence in range(HELD_AT_MOST + 10)]
    assert len(chaos) == HELD_AT_MOST
    assert out[HELD_AT_MOST:] == [[sequence] for sequence in range(HELD_AT_MOST, HELD_AT_MOST + 10)]


def test_a_half_open_connection_lasts_until_the_will_is_out_and_comes_once_for_a_reading() -> None:
    chaos, told = make_chaos({ChaosKind.HALF_OPEN: 1.0})
    seconds = chaos.half_open(0)
    assert seconds is not None
    assert 1.5 * KEEP_ALIVE_SECONDS + WILL_DELAY_SECONDS < seconds <= HALF_OPEN_SECONDS[1]
    assert chaos.half_open(0) is None
    assert chaos.half_open(1) is not None
    assert chaos.half_open(0) is None
    assert [(one.kind, one.sequence) for one in told] == [(ChaosKind.HALF_OPEN, 0), (ChaosKind.HALF_OPEN, 1)]


@pytest.mark.parametrize("kind", ON_THE_WAY)
def test_the_rate_is_the_share_of_readings(kind: ChaosKind) -> None:
    chaos, told = make_chaos({kind: 0.1})
    send_all(chaos, 10_000, interval=10.0)
    assert len(told) == pytest.approx(1000, rel=0.15)


def test_without_chaos_all_goes_out_as_it_comes() -> None:
    chaos, told = make_chaos({})
    assert send_all(chaos, 100) == [(float(sequence), sequence) for sequence in range(100)]
    assert told == []


def everything_told(rates: Rates, seed: int = 1, turbine_number: int = 7, interval: float = 1.0) -> list[Disturbance]:
    chaos, told = make_chaos(rates, seed, turbine_number)
    for sequence in range(500):
        chaos.half_open(sequence)
        chaos.send(sequence, sequence, sequence * interval)
        chaos.due(sequence * interval)
    return told


def test_the_same_seed_gives_the_same_disorder_whatever_the_clock_says() -> None:
    assert everything_told(USUAL_RATES, interval=1.0) == everything_told(USUAL_RATES, interval=50.0)


def test_another_seed_and_another_turbine_give_another_disorder() -> None:
    variants = [everything_told(USUAL_RATES, *which) for which in ((1, 7), (2, 7), (1, 8))]
    struck = [[(one.kind, one.sequence) for one in told] for told in variants]
    assert all(one != other for one, other in itertools.combinations(struck, 2))


def test_a_further_kind_leaves_the_others_as_they_are() -> None:
    alone = everything_told({ChaosKind.LATE: 0.05})
    both = everything_told({ChaosKind.LATE: 0.05, ChaosKind.HALF_OPEN: 0.05, ChaosKind.DUPLICATE: 0.05})
    assert [one for one in both if one.kind is ChaosKind.LATE] == alone


def test_kinds_are_named_with_commas_each_with_its_rate_or_the_usual_one() -> None:
    assert parse_rates("late,half-open") == {kind: USUAL_RATES[kind] for kind in (ChaosKind.LATE, ChaosKind.HALF_OPEN)}
    assert parse_rates(" reorder = 0.25 , skew=0") == {ChaosKind.REORDER: 0.25, ChaosKind.SKEW: 0.0}


def test_a_kind_with_two_rates_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^late is named twice$"):
        parse_rates("late, late=0.5")


@pytest.mark.parametrize("text", ["", "later", "late,,skew", "late=", "late=2", "late=nan", "late=-0.1", "late=often"])
def test_what_is_no_chaos_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match=r"^(there is no chaos '.*': only late, |the rate of late is a share)"):
        parse_rates(text)
