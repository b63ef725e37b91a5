"""What charts are drawn from: readings averaged by time, and power by wind speed."""

from typing import Self

from monitor.store.queries.averages import Averages, Range
from monitor.web.api.documents import Document, Time


class AveragedReadings(Document):
    """Readings averaged over equal times: columns of equal length, an entry for each bucket that holds readings."""

    turbine_number: int
    """Whose readings."""
    since: Time
    """The first bucket's beginning."""
    until: Time
    """The last bucket's end."""
    width_seconds: int
    """How long a bucket lasts."""
    sampled: bool
    """Whether some readings stand for all: then counts and energy are estimates, and extremes may be missed."""
    start: list[Time]
    """When each bucket begins."""
    readings: list[int]
    """How many each holds."""
    wind_speed_mean: list[float]
    """In m/s."""
    wind_speed_min: list[float]
    """In m/s."""
    wind_speed_max: list[float]
    """In m/s."""
    energy_in_kwh: list[float]
    """The sum of what its readings tell."""
    mean_power_in_kw: list[float | None]
    """While the turbine reported; null where a single reading is all that is known."""
    broken: list[float]
    """The share of the readings that say broken, 0 to 1."""

    @classmethod
    def of(cls, turbine_number: int, over: Range, found: Averages) -> Self:
        """Turn buckets into columns."""
        buckets = found.buckets
        return cls(
            turbine_number=turbine_number,
            since=over.since,
            until=over.until,
            width_seconds=over.width_seconds,
            sampled=found.sampled,
            start=[bucket.start for bucket in buckets],
            readings=[bucket.readings for bucket in buckets],
            wind_speed_mean=[bucket.wind_speed_mean for bucket in buckets],
            wind_speed_min=[bucket.wind_speed_min for bucket in buckets],
            wind_speed_max=[bucket.wind_speed_max for bucket in buckets],
            energy_in_kwh=[bucket.energy_in_kwh for bucket in buckets],
            mean_power_in_kw=[bucket.mean_power_in_kw for bucket in buckets],
            broken=[bucket.broken for bucket in buckets],
        )


class Bin(Document):
    """The averages whose wind speed lies within 0.25 m/s of the centre."""

    centre: float
    """In m/s, a multiple of the width."""
    wind_speed: float
    """Their mean, in m/s."""
    mean_power_in_kw: float
    """The mean of their powers, in kW."""
    averages: int
    """How many."""
    readings: int
    """How many they were made of."""


class PowerCurve(Document):
    """Power by wind speed, measured by the method of bins."""

    turbine_number: int
    """Whose curve."""
    since: Time
    """Readings from this time on."""
    until: Time
    """Readings before this time."""
    width: float
    """Of a bin, in m/s."""
    averaging_seconds: int
    """How long the readings of each average were gathered."""
    sampled: bool
    """Whether some readings stand for all: then their counts are estimates."""
    bins: list[Bin]
    """By wind speed; those without an average are left out."""
