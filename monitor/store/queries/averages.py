"""A turbine's readings in buckets of equal width: for charts of a day or a week, and for power curves."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import fmean, median_low
from typing import Any

from grid.times import SECOND
from monitor.store.reader import LedgerReader

Row = tuple[Any, ...]

MOST_READ = 100_000
"""Ranges with more readings than this are sampled: some 0.1 s of reading."""
SAMPLES = 30
"""How many readings of a bucket are looked at where it is sampled."""
DECIMALS = 6
_PROBES = 10
"""How many readings of a bucket are looked at for the spacing of its readings."""
_MICROSECONDS_PER_HOUR = 3_600_000_000

_WITHIN = "turbine_number = :turbine_number AND emitted_at >= :since AND emitted_at < :until"

_COUNT = f"SELECT count(*) FROM (SELECT 1 FROM readings WHERE {_WITHIN} LIMIT :most)"  # noqa: S608 - our own words

_AVERAGES = f"""
SELECT emitted_at / :width, count(*), avg(wind_speed), min(wind_speed), max(wind_speed),
    sum(power_output_in_kwh), avg(operational_status = 'broken')
FROM readings WHERE {_WITHIN} AND (operational_status = 'ok' OR :broken_too) GROUP BY 1 ORDER BY 1
"""  # noqa: S608 - our own words

_PICKED = """
WITH RECURSIVE
    step(start) AS (SELECT :since UNION ALL SELECT start + :step FROM step WHERE start + :step < :until),
    picked(at) AS MATERIALIZED (
        SELECT (SELECT min(emitted_at) FROM readings
            WHERE turbine_number = :turbine_number AND emitted_at >= start
                AND emitted_at < min(start + :step, :until))
        FROM step)
"""
"""The first reading of every step: looks into the index, however many readings there are between."""

_SPACINGS = """
    at - (SELECT max(emitted_at) FROM readings WHERE turbine_number = :turbine_number AND emitted_at < at),
    (SELECT min(emitted_at) FROM readings WHERE turbine_number = :turbine_number AND emitted_at > at) - at
"""

_PROBE = f"{_PICKED} SELECT at / :width, {_SPACINGS} FROM picked WHERE at IS NOT NULL ORDER BY at"  # noqa: S608 - our own words

_SAMPLE = f"""{_PICKED}
SELECT at / :width, {_SPACINGS}, wind_speed, power_output_in_kwh, operational_status = 'broken'
FROM picked CROSS JOIN readings ON turbine_number = :turbine_number AND emitted_at = at
WHERE operational_status = 'ok' OR :broken_too ORDER BY at
"""  # noqa: S608 - our own words
# CROSS JOIN keeps SQLite on the picked ones, where it would rather walk over all readings of the turbine.


@dataclass(frozen=True, slots=True)
class Range:
    """From `since` on and before `until`, both widened to whole buckets, which are counted from 1970 on."""

    since: int
    until: int
    width: int
    """All in microseconds."""

    @property
    def width_seconds(self) -> int:
        """The width, of a range whose buckets are whole seconds."""
        return self.width // SECOND


@dataclass(frozen=True, slots=True)
class Average:
    """The readings of one bucket."""

    start: int
    readings: int
    wind_speed_mean: float
    wind_speed_min: float
    wind_speed_max: float
    energy_in_kwh: float
    mean_power_in_kw: float | None
    """While the turbine reported; None where a single reading is all that is known."""
    broken: float
    """The share of the readings that say so, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Averages:
    """Buckets that hold readings, oldest first."""

    buckets: list[Average]
    sampled: bool
    """Whether some readings stand for all: then counts and energies are estimates, and extremes may be missed."""


def whole_buckets(since: int, until: int, width: int) -> Range:
    """The range widened so that no bucket is cut."""
    return Range(since // width * width, -(-until // width) * width, width)


def averages(reader: LedgerReader, turbine_number: int, over: Range, *, broken_too: bool = True) -> Averages:
    """Average a turbine's readings by bucket, without those that say broken unless they count too.

    The mean power is the mean energy of a reading over the time that a reading stands for: the median of the
    spacings of readings in the bucket. So neither a gap nor lost readings look like low power.
    """
    values = {"turbine_number": turbine_number, "since": over.since, "until": over.until, "width": over.width}
    ((readings,),) = reader.rows(_COUNT, **values, most=MOST_READ + 1)
    if readings > MOST_READ:
        sample = reader.rows(_SAMPLE, **values, step=over.width // SAMPLES, broken_too=broken_too)
        return Averages([_of_sample(over.width, bucket, rows) for bucket, rows in _by_bucket(sample)], sampled=True)
    probes = reader.rows(_PROBE, **values, step=over.width // _PROBES)
    spacings = {bucket: _typical_spacing(rows) for bucket, rows in _by_bucket(probes)}
    found = reader.rows(_AVERAGES, **values, broken_too=broken_too)
    return Averages([_exact(over.width, row, spacings.get(row[0])) for row in found], sampled=False)


def _by_bucket(rows: Iterable[Row]) -> Iterator[tuple[int, list[Row]]]:
    return ((bucket, list(found)) for bucket, found in groupby(rows, key=lambda row: row[0]))


def _typical_spacing(rows: Iterable[Row]) -> float | None:
    """The median of the spacings before and after these readings: the lower one, so that one gap does not count."""
    known = [spacing for row in rows for spacing in row[1:3] if spacing is not None]
    return median_low(known) if known else None


def _exact(width: int, row: Row, spacing: float | None) -> Average:
    bucket, readings, mean, least, most, energy, broken = row
    return Average(
        start=int(bucket) * width,
        readings=int(readings),
        wind_speed_mean=round(mean, DECIMALS),
        wind_speed_min=least,
        wind_speed_max=most,
        energy_in_kwh=round(energy, DECIMALS),
        mean_power_in_kw=_mean_power_in_kw(energy / readings, spacing),
        broken=round(broken, DECIMALS),
    )


def _of_sample(width: int, bucket: int, rows: Sequence[Row]) -> Average:
    """A bucket from some of its readings: each stands for those of its step."""
    spacing = _typical_spacing(rows)
    winds = [row[3] for row in rows]
    energy = fmean(row[4] for row in rows)
    readings = len(rows) if spacing is None else round(len(rows) * max(1.0, width / SAMPLES / spacing))
    return Average(
        start=bucket * width,
        readings=readings,
        wind_speed_mean=round(fmean(winds), DECIMALS),
        wind_speed_min=min(winds),
        wind_speed_max=max(winds),
        energy_in_kwh=round(energy * readings, DECIMALS),
        mean_power_in_kw=_mean_power_in_kw(energy, spacing),
        broken=round(fmean(row[5] for row in rows), DECIMALS),
    )


def _mean_power_in_kw(energy_in_kwh: float, spacing: float | None) -> float | None:
    return None if spacing is None else round(energy_in_kwh * _MICROSECONDS_PER_HOUR / spacing, DECIMALS)
