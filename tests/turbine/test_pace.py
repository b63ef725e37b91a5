"""How fast run seconds pass."""

import time

import pytest

from turbine.pace import Pace


def test_at_speed_one_a_run_second_takes_a_second() -> None:
    pace = Pace(started=time.monotonic() - 10)
    assert pace.now() == pytest.approx(10, abs=0.5)
    assert pace.delay(15) == pytest.approx(5, abs=0.5)


def test_a_faster_pace_waits_less() -> None:
    pace = Pace(600, started=time.monotonic() - 10)
    assert pace.now() == pytest.approx(6000, abs=300)
    assert pace.delay(12000) == pytest.approx(10, abs=0.5)


def test_what_is_due_waits_no_longer() -> None:
    assert Pace(started=time.monotonic() - 10).delay(5) == 0


def test_without_a_speed_nothing_waits() -> None:
    assert Pace(None).delay(1e9) == 0
