"""The wind: the same for the same seed and time, shared over the farm, distributed as wind is."""

import statistics

import pytest

from turbine.wind import (
    FARM_MEMORY_SECONDS,
    FARM_SHARE,
    MEAN_WIND_SPEED,
    FarmWeather,
    SlowProcess,
    TurbineWind,
    rayleigh,
)

DAYS = 40
EVERY_MINUTE = [60.0 * minute for minute in range(DAYS * 1440)]


@pytest.fixture(scope="module")
def neighbours() -> list[list[float]]:
    """The wind at two turbines of one farm, every minute."""
    weather = FarmWeather(1)
    return [[wind.speed(now) for now in EVERY_MINUTE] for wind in (TurbineWind(weather, 1), TurbineWind(weather, 2))]


def test_the_wind_depends_on_seed_turbine_and_time_alone() -> None:
    asked_backwards = {now: TurbineWind(FarmWeather(5), 3).speed(now) for now in (100.0, 50.0, 0.0)}
    farm = FarmWeather(5)
    others = [TurbineWind(farm, number) for number in range(1, 50)]
    for now in (0.0, 50.0, 100.0):
        speeds = [wind.speed(now) for wind in others]
        assert speeds[2] == asked_backwards[now]
        assert len(set(speeds)) == len(speeds)
    assert TurbineWind(FarmWeather(6), 3).speed(50.0) != asked_backwards[50.0]


def test_wind_speeds_have_the_mean_and_spread_of_a_rayleigh_distribution(neighbours: list[list[float]]) -> None:
    speeds = neighbours[0]
    assert statistics.mean(speeds) == pytest.approx(MEAN_WIND_SPEED, rel=0.05)
    # A Rayleigh distribution's standard deviation is 0.5227 of its mean.
    assert statistics.stdev(speeds) == pytest.approx(0.5227 * MEAN_WIND_SPEED, rel=0.08)
    assert min(speeds) >= 0


def test_neighbours_have_the_same_weather(neighbours: list[list[float]]) -> None:
    assert statistics.correlation(*neighbours) == pytest.approx(FARM_SHARE, abs=0.05)


def test_the_wind_remembers_minutes_and_forgets_hours(neighbours: list[list[float]]) -> None:
    speeds = neighbours[0]
    after_a_minute = statistics.correlation(speeds[:-1], speeds[1:])
    after_half_a_day = statistics.correlation(speeds[:-720], speeds[720:])
    assert after_a_minute > 0.7
    assert abs(after_half_a_day) < 0.25


def test_correlation_falls_to_one_part_in_e_over_the_memory() -> None:
    lag = int(FARM_MEMORY_SECONDS)
    seeds = range(400)
    processes = [SlowProcess(f"{seed}", memory_seconds=FARM_MEMORY_SECONDS, waves=24) for seed in seeds]
    values = [process.at(0) for process in processes]
    later = [process.at(lag) for process in processes]
    assert statistics.mean(values) == pytest.approx(0, abs=0.15)
    assert statistics.stdev(values) == pytest.approx(1, abs=0.15)
    assert statistics.correlation(values, later) == pytest.approx(0.368, abs=0.13)


def test_half_of_all_winds_are_below_the_median() -> None:
    # Rayleigh: median = scale * sqrt(2 ln 2), mean = scale * sqrt(pi / 2).
    assert rayleigh(0) == pytest.approx(0.9394 * MEAN_WIND_SPEED, rel=1e-3)
    assert 0 <= rayleigh(-40) < 1e-6
    assert rayleigh(40) < 60


def test_afternoons_are_warmer_than_nights() -> None:
    weather = FarmWeather(1)
    hour = 3600.0
    # A run begins at noon: three hours later it is warmest, twelve hours after that coldest.
    afternoons = [weather.air_temperature(day * 24 * hour + 3 * hour) for day in range(30)]
    nights = [weather.air_temperature(day * 24 * hour + 15 * hour) for day in range(30)]
    assert statistics.mean(afternoons) - statistics.mean(nights) == pytest.approx(10, abs=2)
