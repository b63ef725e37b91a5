"""The buckets of a long chart, made of windows: few rows instead of many readings, and there when those are pruned."""

from itertools import groupby

from grid.times import SECOND
from monitor.facts import MINUTE_SECONDS, QUARTER_SECONDS, Window
from monitor.store.queries.averages import DECIMALS, Average, Averages, Range, whole_buckets
from monitor.store.queries.windows import Wanted, turbine_windows
from monitor.store.reader import LedgerReader
from monitor.windows.figures import compose

SHORTEST = 3600 * SECOND
"""Charts of a longer time, in microseconds, are made of windows."""

_KNOWN = """
SELECT max(EXISTS (
    SELECT 1 FROM windows WHERE turbine_number = :turbine_number AND width_seconds = 60 AND start_at = minute
) OR EXISTS (
    SELECT 1 FROM window_marks WHERE turbine_number = :turbine_number AND width_seconds = 60 AND start_at = minute
)) FROM (SELECT emitted_at - emitted_at % 60000000 AS minute FROM readings
    WHERE turbine_number = :turbine_number AND emitted_at >= :since AND emitted_at < :until
    ORDER BY emitted_at {order} LIMIT 1)
"""
_WAITING = """
SELECT count(*) FROM (SELECT 1 FROM window_marks
    WHERE turbine_number = ? AND start_at >= ? AND start_at < ? AND width_seconds = 60 LIMIT ?)
"""
MOST_WAITING = 20
"""Of more minutes than this, which are marked, a chart of windows would lack some."""


def window_buckets(since: int, until: int, points: int) -> Range:
    """About so many buckets, of whole minutes or quarter hours."""
    seconds = -(-(until - since) // (points * SECOND))
    unit = MINUTE_SECONDS if seconds < QUARTER_SECONDS else QUARTER_SECONDS
    return whole_buckets(since, until, -(-seconds // unit) * unit * SECOND)


def window_averages(reader: LedgerReader, turbine_number: int, over: Range, *, now: int) -> Averages | None:
    """Average a turbine's windows by bucket; None where they don't tell of all the readings of that time yet."""
    if not _cover(reader, turbine_number, over):
        return None
    unit = QUARTER_SECONDS if over.width_seconds % QUARTER_SECONDS == 0 else MINUTE_SECONDS
    most = (over.until - over.since) // (unit * SECOND)
    shown = turbine_windows(reader, turbine_number, Wanted(unit, over.since, over.until, most), now=now)
    windows = (each.window for each in shown)
    grouped = groupby(windows, key=lambda window: window.start_at // over.width)
    return Averages([_average(list(found), over, place, now) for place, found in grouped], sampled=False)


def _cover(reader: LedgerReader, turbine_number: int, over: Range) -> bool:
    named = {"turbine_number": turbine_number, "since": over.since, "until": over.until}
    for order in ("", "DESC"):
        ((is_known,),) = reader.rows(_KNOWN.format(order=order), **named)
        if is_known == 0:  # None: there is no reading, so whatever windows there are tell all
            return False
    ((waiting,),) = reader.rows(_WAITING, turbine_number, over.since, over.until, MOST_WAITING + 1)
    return bool(waiting <= MOST_WAITING)


def _average(windows: list[Window], over: Range, place: int, now: int) -> Average:
    bucket = compose(windows, width_seconds=over.width_seconds, start_at=place * over.width, at=now)
    power = bucket.mean_power_in_kw
    return Average(
        start=bucket.start_at,
        readings=bucket.readings,
        wind_speed_mean=round(bucket.wind_speed_mean, DECIMALS),
        wind_speed_min=bucket.wind_speed_min,
        wind_speed_max=bucket.wind_speed_max,
        energy_in_kwh=round(bucket.energy_in_kwh, DECIMALS),
        mean_power_in_kw=None if power is None else round(power, DECIMALS),
        broken=round(bucket.broken_seconds / bucket.covered_seconds, DECIMALS) if bucket.covered_seconds else 0.0,
    )
