"""Faulty instruments: how often, how wrong, and that the truth is told of every wrong value."""

import random
from dataclasses import astuple, replace

import pytest

from grid.metrics import MAX_WIND_SPEED
from grid.power_curve import mm92
from turbine.faults import FREEZE_READINGS, Anomaly, Faults, Kind
from turbine.generator import Measurements, WeatherGenerator
from turbine.wind import FarmWeather, TurbineWind

READINGS = 20_000


def true_measurements(readings: int) -> list[Measurements]:
    generator = WeatherGenerator(TurbineWind(FarmWeather(1), 1), mm92(), interval_seconds=60)
    return [generator.measure(60.0 * step, running=True) for step in range(readings)]


def spoil_all(
    true: list[Measurements], rate: float, kinds: tuple[Kind, ...] = tuple(Kind), seed: int = 1
) -> tuple[list[Measurements], list[Anomaly]]:
    told: list[Anomaly] = []
    faults = Faults(rate, random.Random(seed), told.append, kinds)
    return [faults.spoil((7, step), measured) for step, measured in enumerate(true)], told


@pytest.fixture(scope="module")
def true() -> list[Measurements]:
    return true_measurements(READINGS)


@pytest.mark.parametrize("rate", [0.01, 0.1])
def test_the_rate_is_the_share_of_spoilt_readings(true: list[Measurements], rate: float) -> None:
    shown, told = spoil_all(true, rate)
    spoilt = sum(one != other for one, other in zip(true, shown, strict=True))
    assert spoilt == len(told)
    assert spoilt / READINGS == pytest.approx(rate, rel=0.2)


def test_without_a_rate_nothing_is_spoilt(true: list[Measurements]) -> None:
    assert spoil_all(true, 0.0) == (true, [])


def test_the_truth_mends_every_wrong_reading(true: list[Measurements]) -> None:
    shown, told = spoil_all(true, 0.05)
    for anomaly in told:
        reading = shown[anomaly.emitted_at]
        assert getattr(reading, anomaly.quantity) == anomaly.value
        shown[anomaly.emitted_at] = replace(reading, **{anomaly.quantity: anomaly.true_value})
    assert shown == true


def test_every_kind_strikes_every_quantity(true: list[Measurements]) -> None:
    _, told = spoil_all(true, 0.1)
    assert len({(anomaly.kind, anomaly.quantity) for anomaly in told}) == 3 * 5
    assert {anomaly.turbine_number for anomaly in told} == {7}


def test_spikes_are_above_and_drops_nearer_to_zero(true: list[Measurements]) -> None:
    _, told = spoil_all(true, 0.1)
    for anomaly in told:
        if anomaly.kind is Kind.SPIKE:
            assert anomaly.value > anomaly.true_value
        elif anomaly.kind is Kind.DROP:
            assert abs(anomaly.value) <= 0.3 * abs(anomaly.true_value) + 1e-6


def test_a_frozen_value_is_the_one_before_and_stays(true: list[Measurements]) -> None:
    _, told = spoil_all(true, 0.05, (Kind.FROZEN,))
    runs: list[list[Anomaly]] = []
    for anomaly in told:
        last = runs[-1][-1] if runs else None
        if last and (last.quantity, last.value) == (anomaly.quantity, anomaly.value):
            runs[-1].append(anomaly)
        else:
            runs.append([anomaly])
            assert anomaly.value == getattr(true[anomaly.emitted_at - 1], anomaly.quantity)
    lengths = [len(run) for run in runs]
    assert max(lengths) == FREEZE_READINGS[1]
    assert sorted(lengths)[len(lengths) // 2] >= FREEZE_READINGS[0]


def test_a_spoilt_wind_speed_is_still_a_valid_message() -> None:
    shown, told = spoil_all([Measurements(150.0, 3000.0)] * 2000, 0.3, (Kind.SPIKE, Kind.DROP))
    assert max(measured.wind_speed for measured in shown) == MAX_WIND_SPEED
    assert min(measured.wind_speed for measured in shown) >= 0
    assert {anomaly.quantity for anomaly in told} == {"wind_speed", "power_output_in_kwh"}


def test_static_values_are_spoilt_at_the_same_rate_without_freezing() -> None:
    _, told = spoil_all([Measurements(100.0, 3000.0)] * READINGS, 0.05, (Kind.SPIKE, Kind.DROP))
    assert len(told) / READINGS == pytest.approx(0.05, rel=0.2)


def test_faults_are_the_same_for_the_same_seed(true: list[Measurements]) -> None:
    assert [astuple(one) for one in spoil_all(true, 0.05)[1]] == [astuple(one) for one in spoil_all(true, 0.05)[1]]
    assert spoil_all(true, 0.05, seed=2)[1] != spoil_all(true, 0.05)[1]
