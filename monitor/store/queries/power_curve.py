"""A turbine's power curve from its readings, by the method of bins."""

from collections import defaultdict
from dataclasses import dataclass
from statistics import fmean

from monitor.store.queries.averages import DECIMALS, Average, averages, whole_buckets
from monitor.store.reader import LedgerReader

BIN_WIDTH = 0.5
"""In m/s."""


@dataclass(frozen=True, slots=True)
class Bin:
    """The averages whose wind speed lies within half a bin's width of `centre`, itself a multiple of the width."""

    centre: float
    wind_speed: float
    """Their mean, in m/s."""
    mean_power_in_kw: float
    averages: int
    readings: int


@dataclass(frozen=True, slots=True)
class PowerCurve:
    """Bins by wind speed, those without an average left out."""

    bins: list[Bin]
    sampled: bool


def power_curve(reader: LedgerReader, turbine_number: int, since: int, until: int, *, averaging: int) -> PowerCurve:
    """Make the curve of a time: readings are averaged over `averaging` (microseconds), the averages sorted into bins.

    As IEC 61400-12-1 does, with bins 0.5 m/s wide that are centred on multiples of 0.5 m/s; it averages over 10
    minutes. Unlike there, power is not normalised to a standard air density, since no turbine tells its own, and a
    bin may hold less than 30 minutes of data: its count says so. Readings with the status broken are left out.
    """
    found = averages(reader, turbine_number, whole_buckets(since, until, averaging), broken_too=False)
    return PowerCurve(bins(found.buckets), found.sampled)


def bins(found: list[Average]) -> list[Bin]:
    """Sort averages into bins."""
    sorted_in: dict[int, list[tuple[Average, float]]] = defaultdict(list)
    for average in found:
        if average.mean_power_in_kw is not None:
            sorted_in[_bin(average.wind_speed_mean)].append((average, average.mean_power_in_kw))
    return [
        Bin(
            centre=number * BIN_WIDTH,
            wind_speed=round(fmean(average.wind_speed_mean for average, _ in held), DECIMALS),
            mean_power_in_kw=round(fmean(power for _, power in held), DECIMALS),
            averages=len(held),
            readings=sum(average.readings for average, _ in held),
        )
        for number, held in sorted(sorted_in.items())
    ]


def _bin(wind_speed: float) -> int:
    """A speed on the border belongs to the bin above."""
    return int((wind_speed + BIN_WIDTH / 2) // BIN_WIDTH)
