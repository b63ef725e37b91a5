"""Wrong clocks: what they show, what they may not show, and that all else is as it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.times import EARLIEST, MAX_AHEAD, SECOND
from turbine.chaos import ChaosKind, Disturbance, Draws
from turbine.generator import StaticGenerator
from turbine.skew import BEHIND_SECONDS, TICK, SkewedClock, SkewedLife
from turbine.turbine import Schedule, Wear, WindTurbine

STARTED = 1_800_000_000 * SECOND
SESSION = "1800000000000-cafe"
TURBINES = range(1, 201)


def make_clock(rate: float, turbine_number: int = 7, seed: int = 1) -> tuple[SkewedClock, list[Disturbance]]:
    told: list[Disturbance] = []
    return SkewedClock(Draws({ChaosKind.SKEW: rate}, seed, turbine_number, SESSION, told.append)), told


def make_life(turbine_number: int = 7, interval: float = 1.0) -> WindTurbine:
    return WindTurbine(
        turbine_number,
        session=SESSION,
        run_started_at=STARTED,
        schedule=Schedule(interval),
        wear=Wear(1, 0.0, 1.0),
        generator=StaticGenerator(),
    )


@given(
    seed=st.integers(0, 2**32),
    rate=st.sampled_from([0.0, 0.01, 0.3, 1.0]),
    gaps=st.lists(st.integers(999, 3 * SECOND), max_size=200),
)
def test_no_two_readings_have_the_same_time_and_none_is_too_far_ahead(seed: int, rate: float, gaps: list[int]) -> None:
    clock, _ = make_clock(rate, seed=seed)
    time, shown = STARTED, []
    for gap in gaps:
        time += gap
        shown.append(clock.show(time))
        assert time - (BEHIND_SECONDS[1] + 1) * SECOND <= shown[-1] <= time + MAX_AHEAD - 59 * SECOND
    assert len(set(shown)) == len(shown)


def test_two_readings_do_not_share_a_time_however_often_the_clock_is_set() -> None:
    clock, told = make_clock(1.0)
    shown = {clock.show(STARTED + step * 1000) for step in range(5000)}
    assert len(shown) == 5000
    assert len(told) == TICK - 1, "then it stays as it is"


def test_every_other_clock_is_wrong_from_the_start() -> None:
    wrong = 0
    for number in TURBINES:
        clock, told = make_clock(0.0, number)
        clock.show(STARTED)
        wrong += bool(told)
    assert 0.35 * len(TURBINES) < wrong < 0.65 * len(TURBINES)


def test_what_is_told_is_how_far_the_clock_is_ahead_from_that_reading_on() -> None:
    clock, told = make_clock(0.05)
    ahead = 0.0
    for sequence in range(1000):
        time = STARTED + sequence * SECOND
        shown = clock.show(time)
        if told and told[-1].sequence == sequence:
            ahead = told[-1].seconds or 0.0
        assert shown - time == pytest.approx(ahead * SECOND, abs=TICK)
    offsets = [disturbance.seconds or 0.0 for disturbance in told]
    assert min(offsets) < -3600
    assert max(offsets) > 60
    assert 0.0 in offsets, "now and then a clock is right again"


def test_the_same_moment_is_shown_alike() -> None:
    clock, told = make_clock(1.0)
    assert clock.show(STARTED) == clock.show(STARTED)
    assert {disturbance.sequence for disturbance in told} <= {0}


def test_a_replayed_clock_does_not_leave_what_a_message_may_carry() -> None:
    for number in TURBINES:
        clock, _ = make_clock(1.0, number)
        assert clock.show(EARLIEST) >= EARLIEST


def test_a_skewed_life_differs_in_its_times_only() -> None:
    clock, told = make_clock(0.2)
    skewed, right = SkewedLife(make_life(), clock), make_life()
    assert (skewed.turbine_number, skewed.session, skewed.nameplate) == (7, SESSION, right.nameplate)
    differ = 0
    for _ in range(50):
        assert skewed.next_due() == right.next_due()
        shown, true = skewed.produce_metrics(), right.produce_metrics()
        assert shown.model_copy(update={"emitted_at": true.emitted_at}) == true
        differ += abs((shown.emitted_at or 0) - (true.emitted_at or 0)) >= SECOND
    assert told
    assert differ > 0
    assert skewed.repair(60.0, None) == right.repair(60.0, None) == []
