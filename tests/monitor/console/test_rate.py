"""How fast a total grows."""

import pytest

from monitor.console.rate import Rate


def test_nothing_is_known_at_the_first_look() -> None:
    assert Rate().per_second(100, at=0.0) is None


def test_the_rate_is_the_growth_per_second() -> None:
    rate = Rate()
    rate.per_second(100, at=0.0)
    assert rate.per_second(130, at=0.5) == pytest.approx(60.0)


def test_only_the_last_seconds_count() -> None:
    rate = Rate(window_seconds=5.0)
    for second in range(10):
        rate.per_second(second * 1000, at=float(second))
    for second in range(10, 16):
        last = rate.per_second(9000, at=float(second))
    assert last == pytest.approx(0.0)


def test_looks_far_apart_give_the_growth_between_them() -> None:
    rate = Rate(window_seconds=5.0)
    rate.per_second(0, at=0.0)
    assert rate.per_second(600, at=60.0) == pytest.approx(10.0)
