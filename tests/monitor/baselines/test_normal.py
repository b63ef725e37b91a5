"""What is normal for one value is learnt robustly."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.baselines.normal import LEARNT_READINGS, Normal

VALUES = st.floats(-1e12, 1e12, allow_nan=False)
GAINS = st.floats(0.0001, 1.0)
DEADBANDS = st.floats(0.0, 1e9)


def learnt(values: list[float], *, gain: float = 0.05, deadband: float = 0.1) -> Normal:
    normal = Normal()
    for value in values:
        if not normal.take_usual(value, gain):
            normal.follow(value, gain, deadband)
    return normal


def noise(count: int, *, mean: float = 690.0, deviation: float = 3.0) -> list[float]:
    drawn = random.Random(7)
    return [drawn.gauss(mean, deviation) for _ in range(count)]


def test_the_mean_and_the_deviation_come_out_right() -> None:
    normal = learnt(noise(2000))
    assert normal.level == pytest.approx(690, abs=1.5)
    assert normal.deviation == pytest.approx(3, rel=0.2)


def test_one_outlier_in_twenty_moves_neither() -> None:
    values = [2000.0 if place % 20 == 5 else value for place, value in enumerate(noise(2000))]
    normal = learnt(values)
    assert normal.level == pytest.approx(690, abs=3)
    assert normal.deviation < 6


@pytest.mark.parametrize("place", range(9))
def test_an_outlier_among_the_first_values_does_no_harm(place: int) -> None:
    values = noise(60)
    values[place] = 5000.0
    normal = learnt(values)
    assert normal.level == pytest.approx(690, abs=15)
    assert normal.is_unusual(2000.0, 10.0)


def test_nothing_is_unusual_before_it_is_learnt() -> None:
    normal = learnt(noise(LEARNT_READINGS - 1))
    assert not normal.is_unusual(1e9, 1.0)
    normal.follow(690.0, 0.05, 0.1)
    assert normal.is_unusual(1e9, 1.0)


def test_what_lies_within_the_deadband_is_usual_however_steady_the_value_is() -> None:
    normal = learnt([690.0, 690.01] * 100)
    assert not normal.is_unusual(690.9, 1.0)
    assert normal.is_unusual(692.0, 1.0)


def test_an_instrument_that_never_repeats_itself_is_frozen_after_three_repeats() -> None:
    normal = learnt(noise(300))
    scores = []
    for _ in range(4):
        normal.follow(700.0, 0.05, 0.1)
        scores.append(normal.frozen_score)
    assert scores[:3] == [0.0, 0.0, 0.0]  # the first time it came was no repeat
    assert scores[3] > 4


def test_an_instrument_of_coarse_steps_is_never_called_frozen() -> None:
    normal = learnt([20.0] * 40 + [21.0] * 40)
    for _ in range(500):
        normal.follow(22.0, 0.05, 0.1)
    assert normal.frozen_score == 0


@given(st.lists(VALUES, max_size=80), GAINS, DEADBANDS)
def test_finite_values_never_give_anything_else(values: list[float], gain: float, deadband: float) -> None:
    normal = learnt(values, gain=gain, deadband=deadband)
    for number in (normal.level, normal.variance, normal.deviation, normal.frozen_score, normal.chance):
        assert math.isfinite(number)
    assert normal.variance >= 0
    assert math.isfinite(normal.score(1e12, deadband))


@given(st.lists(VALUES, max_size=80), GAINS, DEADBANDS, st.lists(VALUES, max_size=5))
def test_what_was_learnt_survives_being_written(
    values: list[float], gain: float, deadband: float, following: list[float]
) -> None:
    normal = learnt(values, gain=gain, deadband=deadband)
    if normal.numbers() is None:
        return
    again = Normal.of(normal.numbers())
    for value in following:
        for one in (normal, again):
            if not one.take_usual(value, gain):
                one.follow(value, gain, deadband)
    assert again.numbers() == normal.numbers()


@pytest.mark.parametrize("numbers", [[1.0], [1.0, 2.0, math.nan, 0, 0, 30], [1.0, -1.0, 3.0, 0, 0, 30]])
def test_nonsense_is_not_read(numbers: list[float]) -> None:
    with pytest.raises(ValueError, match="a normal has six numbers"):
        Normal.of(numbers)
