"""What the instruments show: energy by the curve and the interval, and the electrical values that follow."""

import math

import pytest

from grid.power_curve import mm92
from turbine.generator import (
    POWER_FACTOR,
    STANDING_POWER,
    Measurements,
    StaticGenerator,
    WeatherGenerator,
    three_phase_current,
)
from turbine.wind import FarmWeather, TurbineWind


def make_generator(*, interval_seconds: float = 600.0, seed: int = 1) -> WeatherGenerator:
    return WeatherGenerator(TurbineWind(FarmWeather(seed), 1), mm92(), interval_seconds=interval_seconds)


def test_the_static_generator_shows_the_same_always() -> None:
    for running in (True, False):
        assert StaticGenerator().measure(5.0, running=running) == Measurements(100.0, 3000.0)


@pytest.mark.parametrize("interval_seconds", [1.0, 600.0])
def test_energy_is_the_curves_power_times_the_interval(interval_seconds: float) -> None:
    generator = make_generator(interval_seconds=interval_seconds)
    standing = 0
    for step in range(500):
        measured = generator.measure(step * 600.0, running=True)
        power = mm92().power(measured.wind_speed)
        standing += power is None
        expected = STANDING_POWER if power is None else power
        assert measured.power_output_in_kwh == pytest.approx(expected * interval_seconds / 3600, abs=1e-6)
    assert 0 < standing < 250


def test_a_turbine_that_stands_consumes() -> None:
    measured = make_generator().measure(0.0, running=False)
    assert measured.power_output_in_kwh == pytest.approx(STANDING_POWER / 6, abs=1e-6)


def test_the_wind_blows_whether_the_turbine_runs_or_not() -> None:
    running = make_generator().measure(60.0, running=True)
    standing = make_generator().measure(60.0, running=False)
    assert running.wind_speed == standing.wind_speed


def test_voltage_current_and_power_agree() -> None:
    generator = make_generator(interval_seconds=3600.0)
    for step in range(200):
        measured = generator.measure(step * 600.0, running=True)
        assert measured.voltage is not None
        assert measured.current is not None
        assert 690 * 0.97 < measured.voltage < 690 * 1.03
        power = math.sqrt(3) * measured.voltage * measured.current * POWER_FACTOR / 1000
        assert power == pytest.approx(abs(measured.power_output_in_kwh), rel=1e-3, abs=0.02)


def test_two_megawatts_at_690_volts_are_1725_amperes() -> None:
    assert three_phase_current(2000, 690) == pytest.approx(1725.3, abs=0.1)


def test_a_generator_cools_slowly_after_it_stopped() -> None:
    generator = make_generator(interval_seconds=60.0)
    windy = max(range(0, 86400 * 5, 600), key=lambda now: TurbineWind(FarmWeather(1), 1).speed(now))
    warm = [generator.measure(windy + step, running=True).temperature or 0 for step in range(0, 1800, 60)][-1]
    cooling = [generator.measure(windy + 1800 + step, running=False).temperature or 0 for step in range(0, 7200, 60)]
    assert warm > 50
    assert warm - cooling[0] < 10
    assert cooling[-1] < 35


def test_measurements_are_the_same_for_the_same_seed() -> None:
    def series(seed: int) -> list[Measurements]:
        generator = make_generator(seed=seed)
        return [generator.measure(float(now), running=True) for now in range(20)]

    assert series(1) == series(1)
    assert series(1) != series(2)
