"""The wind over a farm: one slow process that all turbines share, and each turbine's own gusts.

Every value is a function of the seed and the run second alone: no state, so neither the number of turbines nor
late callers change a run. A stationary Gaussian process is written as a sum of cosines of equal energy whose
frequencies are quantiles of its spectrum (Shinozuka and Deodatis, Applied Mechanics Reviews 44(4), 1991); the
spectrum is that of an Ornstein-Uhlenbeck process, whose correlation falls as exp(-t/T). The result is mapped to a
Rayleigh distribution, as IEC 61400-1 takes wind speeds to be distributed.
"""

import math
import random

MEAN_WIND_SPEED = 8.5
"""Yearly mean at hub height in m/s: IEC 61400-1, class II."""

FARM_MEMORY_SECONDS = 1800.0
"""How long weather lasts: correlation falls to 1/e over this time."""
GUST_MEMORY_SECONDS = 20.0
FARM_SHARE = 0.85
"""The share of the variance that all turbines have in common; so far neighbours correlate."""

FARM_WAVES = 24
GUST_WAVES = 8


class SlowProcess:
    """A stationary Gaussian process of mean 0 and variance 1 with exponentially falling correlation."""

    __slots__ = ("_amplitude", "_waves")

    def __init__(self, seed: str, *, memory_seconds: float, waves: int) -> None:
        drawn = random.Random(seed)
        self._amplitude = math.sqrt(2.0 / waves)
        self._waves = tuple(
            (math.tan(math.pi / 2 * (number + drawn.random()) / waves) / memory_seconds, drawn.uniform(0, math.tau))
            for number in range(waves)
        )

    def at(self, now: float) -> float:
        """The value at run second `now`."""
        return self._amplitude * sum(math.cos(frequency * now + phase) for frequency, phase in self._waves)


class FarmWeather:
    """What the turbines of a farm have in common: the weather."""

    __slots__ = ("_air", "_drawn", "_front", "seed")

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._drawn = random.Random()
        self._front = SlowProcess(f"{seed}/front", memory_seconds=FARM_MEMORY_SECONDS, waves=FARM_WAVES)
        self._air = SlowProcess(f"{seed}/air", memory_seconds=2 * FARM_MEMORY_SECONDS, waves=GUST_WAVES)

    def front(self, now: float) -> float:
        """How strong the wind over the farm is: a Gaussian value of mean 0 and variance 1."""
        return self._front.at(now)

    def air_temperature(self, now: float) -> float:
        """Degrees Celsius at run second `now`: warmest at three in the afternoon.

        A run begins at noon whatever the clock says, so that the same seed gives the same run.
        """
        since_warmest = now - 3 * 3600
        return 10.0 + 5.0 * math.cos(math.tau * since_warmest / 86400) + 1.5 * self._air.at(now)

    def noise(self, turbine_number: int, now: float) -> random.Random:
        """Draws for one turbine and moment: the same for the same seed. Valid until the next call.

        One generator is seeded anew each time, because one per turbine would take 2.5 kB each.
        """
        self._drawn.seed(f"{self.seed}/noise/{turbine_number}/{now}")
        return self._drawn


class TurbineWind:
    """The wind at one turbine's hub."""

    __slots__ = ("_gusts", "_turbine_number", "_weather")

    def __init__(self, weather: FarmWeather, turbine_number: int) -> None:
        self._weather = weather
        self._turbine_number = turbine_number
        seed = f"{weather.seed}/gusts/{turbine_number}"
        self._gusts = SlowProcess(seed, memory_seconds=GUST_MEMORY_SECONDS, waves=GUST_WAVES)

    def speed(self, now: float) -> float:
        """The wind speed in m/s at run second `now`."""
        common = math.sqrt(FARM_SHARE) * self._weather.front(now)
        return rayleigh(common + math.sqrt(1 - FARM_SHARE) * self._gusts.at(now))

    def air_temperature(self, now: float) -> float:
        """Degrees Celsius outside at run second `now`."""
        return self._weather.air_temperature(now)

    def noise(self, now: float) -> random.Random:
        """Draws for what instruments at this turbine add at run second `now`."""
        return self._weather.noise(self._turbine_number, now)


def rayleigh(gaussian: float) -> float:
    """Map a standard Gaussian value to a wind speed in m/s of the same quantile (a translation process)."""
    calm = 0.5 * math.erfc(gaussian / math.sqrt(2))
    scale = MEAN_WIND_SPEED * 2 / math.sqrt(math.pi)
    return scale * math.sqrt(-math.log(max(calm, 1e-12)))
