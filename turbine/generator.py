"""What a turbine's instruments show: from wind and state to energy, voltage, current and temperature."""

import math
from dataclasses import dataclass
from typing import Protocol

from grid.power_curve import PowerCurve
from turbine.wind import TurbineWind

STANDING_POWER = -2.8
"""kW that a standing turbine consumes: the mean of the 418 negative powers in Kelmarsh's data of 2021-01-01."""

RATED_VOLTAGE = 690.0
POWER_FACTOR = 0.97
LOAD_TEMPERATURE_RISE = 75.0
"""Degrees Celsius that the generator at rated power is above the air, once it is warm."""
STANDING_TEMPERATURE_RISE = 8.0
THERMAL_MEMORY_SECONDS = 600.0

STATIC_WIND_SPEED = 100.0
STATIC_ENERGY = 3000.0


@dataclass(frozen=True, slots=True)
class Measurements:
    """What the instruments show at one moment; the energy is that of the interval before it."""

    wind_speed: float
    power_output_in_kwh: float
    voltage: float | None = None
    current: float | None = None
    temperature: float | None = None


class Generator(Protocol):
    """What produces, and is measured at each reading."""

    def measure(self, now: float, *, running: bool) -> Measurements:
        """Take the measurements at run second `now`; a turbine that is not `running` stands."""


class StaticGenerator:
    """The same at every reading, running or not: 100.0 m/s and 3000.0 kWh."""

    def measure(self, now: float, *, running: bool) -> Measurements:
        """The same measurements, always."""
        return Measurements(STATIC_WIND_SPEED, STATIC_ENERGY)


class WeatherGenerator:
    """Follows the wind by a power curve; its temperature follows the load slowly."""

    __slots__ = ("_curve", "_interval_seconds", "_temperature", "_wind")

    def __init__(self, wind: TurbineWind, curve: PowerCurve, *, interval_seconds: float) -> None:
        self._wind = wind
        self._curve = curve
        self._interval_seconds = interval_seconds
        self._temperature: float | None = None

    def measure(self, now: float, *, running: bool) -> Measurements:
        """Take the measurements; the wind at `now` stands for the whole interval before it."""
        wind_speed = round(self._wind.speed(now), 3)
        producing = self._curve.power(wind_speed) if running else None
        power = STANDING_POWER if producing is None else producing
        noise = self._wind.noise(now)
        voltage = RATED_VOLTAGE * noise.gauss(1.0, 0.004)
        return Measurements(
            wind_speed=wind_speed,
            power_output_in_kwh=round(power * self._interval_seconds / 3600, 6),
            voltage=round(voltage, 2),
            current=round(three_phase_current(power, voltage), 2),
            temperature=round(self._warm(now, power) + noise.gauss(0.0, 0.1), 2),
        )

    def _warm(self, now: float, power: float) -> float:
        """The generator's temperature: it nears that of its load as exp(-t/T) (Newton's law of cooling)."""
        load = max(0.0, power) / self._curve.rated_power
        rise = STANDING_TEMPERATURE_RISE + (LOAD_TEMPERATURE_RISE - STANDING_TEMPERATURE_RISE) * load**2
        settled = self._wind.air_temperature(now) + rise
        if self._temperature is None:
            self._temperature = settled
        nearer = 1 - math.exp(-self._interval_seconds / THERMAL_MEMORY_SECONDS)
        self._temperature += nearer * (settled - self._temperature)
        return self._temperature


def three_phase_current(power: float, voltage: float) -> float:
    """Amperes per phase at a power in kW and a voltage between phases in V: I = P / (sqrt(3) U cos phi)."""
    return abs(power) * 1000 / (math.sqrt(3) * voltage * POWER_FACTOR)
