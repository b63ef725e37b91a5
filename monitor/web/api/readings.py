"""A turbine's readings: one by one, averaged for charts, and as a power curve."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from grid.times import SECOND
from monitor.access.roles import Scope
from monitor.clock import utc_now
from monitor.store.queries.averages import averages, whole_buckets
from monitor.store.queries.pages import readings_page
from monitor.store.queries.power_curve import BIN_WIDTH, power_curve
from monitor.store.queries.window_averages import SHORTEST, window_averages, window_buckets
from monitor.store.reader import LedgerReader
from monitor.web.access import require
from monitor.web.api.charts import AveragedReadings, PowerCurve
from monitor.web.api.facts import Readings
from monitor.web.api.known import known_turbine
from monitor.web.api.parameters import ListQuery, TimesQuery, TurbineNumber
from monitor.web.problems import Problem
from monitor.web.site import TheSite

DAY_SECONDS = 86_400
LONGEST_CURVE_SECONDS = 31 * DAY_SECONDS
MOST_AVERAGES = 1000
"""Of a power curve whose caller names no averaging time."""
MOST_AVERAGES_ASKED = 5000
STANDARD_AVERAGING_SECONDS = 600
"""IEC 61400-12-1's."""

router = APIRouter(
    prefix="/api/v1/turbines/{turbine_number}", tags=["readings"], dependencies=[Depends(require(Scope.READ))]
)


class ReadingsQuery(ListQuery, TimesQuery):
    """Which readings."""

    limit: int = Field(100, ge=1, le=5000)
    """How many readings at most."""
    order: Literal["newest", "oldest"] = "newest"
    """Which come first, by `emitted_at`."""


class AveragesQuery(TimesQuery):
    """Which readings, and how finely."""

    points: int = Field(400, ge=10, le=2000)
    """About how many buckets the time is cut into; one is at least a second wide."""


class CurveQuery(TimesQuery):
    """Which readings, and how they are averaged."""

    averaging_seconds: int | None = Field(None, ge=1, le=3600)
    """Over how long, with 5,000 averages at most; without, about 1,000, of 10 minutes at most as the standard says."""


@router.get("/readings", operation_id="list_readings", summary="A turbine's readings")
async def list_readings(
    site: TheSite, turbine_number: TurbineNumber, query: Annotated[ReadingsQuery, Query()]
) -> Readings:
    """From `since` on and before `until`, by `emitted_at`."""
    turn = query.turn(newest_first=query.order == "newest")

    def ask(reader: LedgerReader) -> Readings:
        known_turbine(reader, turbine_number)
        return Readings.of(readings_page(reader, turn, turbine_number, since=query.since, until=query.until))

    return await site.readers.ask(ask)


@router.get("/readings/downsampled", operation_id="downsample_readings", summary="A turbine's readings for a chart")
async def downsample_readings(
    site: TheSite, turbine_number: TurbineNumber, query: Annotated[AveragesQuery, Query()]
) -> AveragedReadings:
    """Readings averaged over equal times, as columns; by default those of the last 24 hours.

    Up to an hour they are made of readings, beyond it of windows, as far as these are figured: then a bucket lasts
    whole minutes or quarter hours, and `broken` is a share of time.

    Buckets begin at multiples of their width since 1970, so that the same buckets come again as time goes on, and
    `since` and `until` are moved outwards to their borders. Buckets without a reading are left out. The mean power is
    that while the turbine reported: neither a gap nor a lost reading looks like low power. Of more than 100,000
    single readings 30 in each bucket stand for all (`sampled`): counts and energy are then estimates, and the least and
    greatest wind may be missed.
    """
    now = utc_now()
    since, until = query.span(now, usual_seconds=DAY_SECONDS)
    over = whole_buckets(since, until, _whole_seconds(until - since, query.points) * SECOND)

    def ask(reader: LedgerReader) -> AveragedReadings:
        known_turbine(reader, turbine_number)
        if until - since > SHORTEST:
            of_windows = window_buckets(since, until, query.points)
            found = window_averages(reader, turbine_number, of_windows, now=now)
            if found is not None:
                return AveragedReadings.of(turbine_number, of_windows, found)
        return AveragedReadings.of(turbine_number, over, averages(reader, turbine_number, over))

    return await site.readers.ask(ask)


@router.get("/power-curve", operation_id="measure_power_curve", summary="A turbine's power curve")
async def measure_power_curve(
    site: TheSite, turbine_number: TurbineNumber, query: Annotated[CurveQuery, Query()]
) -> PowerCurve:
    """Power against wind by the method of bins, from the readings of the last 7 days by default, 31 days at most.

    As in IEC 61400-12-1, readings are averaged over some time, and the averages sorted into bins 0.5 m/s wide around
    multiples of 0.5 m/s. Readings with the status broken are left out. Unlike there, power is not normalised to a
    standard air density, and a bin may hold little: its counts say so.
    """
    since, until = query.span(utc_now(), usual_seconds=7 * DAY_SECONDS, longest_seconds=LONGEST_CURVE_SECONDS)
    usual = min(_whole_seconds(until - since, MOST_AVERAGES), STANDARD_AVERAGING_SECONDS)
    seconds = query.averaging_seconds or usual
    if until - since > seconds * MOST_AVERAGES_ASKED * SECOND:
        raise Problem(422, "Not valid", f"that is more than {MOST_AVERAGES_ASKED:,} averages: ask for longer ones")

    def ask(reader: LedgerReader) -> PowerCurve:
        known_turbine(reader, turbine_number)
        curve = power_curve(reader, turbine_number, since, until, averaging=seconds * SECOND)
        return PowerCurve(
            turbine_number=turbine_number,
            since=since,
            until=until,
            width=BIN_WIDTH,
            averaging_seconds=seconds,
            sampled=curve.sampled,
            bins=curve.bins,
        )

    return await site.readers.ask(ask)


def _whole_seconds(span: int, parts: int) -> int:
    """The least number of whole seconds of which so many cover the span, which is in microseconds."""
    return -(-span // (parts * SECOND))
