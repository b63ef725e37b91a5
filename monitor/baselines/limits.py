"""Below which differences are of no interest, and how quickly what is usual follows what is seen."""

import math
from typing import NamedTuple

DEADBANDS = {"wind_speed": 1.5, "temperature": 3.0}
"""In m/s and degrees Celsius: less is of no interest, however steady the value is."""
_WARMING, _WARMING_SECONDS = 80.0, 600.0
"""A generator may get so much warmer, in degrees, between standing and full load, about so quickly."""
VOLTAGE_SHARE = 0.02
POWER_SHARE = 0.01
"""Of rated power: the deadband of power against the curve, and of current against power."""
CURRENT_SHARE = 0.03
"""Of the current that belongs to the power: less is no difference, however steady their ratio is."""
DRIFT_SHARE = 0.05
"""Of rated power: a smaller lasting loss is not told."""


class Gains(NamedTuple):
    """How much of a step the mean follows, by how quickly the true value moves."""

    quick: float
    """Wind, power and current: 2 s."""
    warm: float
    """Temperature: 10 s."""
    steady: float
    """Voltage: 60 s."""
    drift: float
    """The mean residual: 300 s, and ten readings at least."""
    warming: float
    """The deadband of temperature: what load alone may change until the next reading, in degrees."""


def gains(gap: int) -> Gains:
    """For readings so many microseconds apart, rounded up to a power of two: 1 - exp(-t/T)."""
    return GAINS[min(gap.bit_length(), _LONGEST)]


_LONGEST = 44


def _gains(seconds: float) -> Gains:
    quick, warm, steady = (1 - math.exp(-seconds / memory) for memory in (2.0, 10.0, 60.0))
    warming = DEADBANDS["temperature"] + _WARMING * (1 - math.exp(-seconds / _WARMING_SECONDS))
    return Gains(quick, warm, steady, min(0.1, seconds / 300.0), warming)


GAINS = tuple(_gains(2**bits / 1e6) for bits in range(_LONGEST + 1))
"""By the bit length of the gap."""
