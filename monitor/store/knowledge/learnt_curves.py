"""The power curve that a turbine's own quarter hours show, kept for a day of its time."""

import json

from sqlite_utils import Database

from grid.times import SECOND
from monitor.facts import QUARTER_SECONDS
from monitor.outages.lost_energy import LearntCurve, Output, beside, bins
from monitor.outages.merging import Span, union

_HOUR = 3600 * SECOND
_DAY = 24 * _HOUR
LEARNT_FROM = 90 * _DAY
"""Of the turbine's newest time: seasons change what a blade does."""

_KNOWN = "SELECT learnt_to, curve FROM learnt_curves WHERE turbine_number = ?"
_KEEP = "INSERT OR REPLACE INTO learnt_curves (turbine_number, learnt_to, curve) VALUES (?, ?, ?)"
_QUARTERS = """
SELECT start_at, wind_speed_mean, mean_power_in_kw FROM windows
WHERE turbine_number = ? AND width_seconds = 900 AND start_at >= ? AND start_at < ?
AND broken_seconds = 0 AND mean_power_in_kw IS NOT NULL
"""
_OUT = """
SELECT started_at, CASE WHEN ongoing = 1 THEN ?3 ELSE ended_at END FROM outages
WHERE turbine_number = ?1 AND (ended_at >= ?2 OR ongoing = 1) AND started_at < ?3
"""


def learnt_curve(db: Database, turbine_number: int, at: int) -> LearntCurve | None:
    """The curve of the three months before a time, from quarter hours without a broken reading or an outage; None if
    they tell too little.

    One that was learnt within a day of that time is good enough, one that could not be learnt is tried again after an
    hour. It is learnt from what is stored when it is asked for first.
    """
    known = db.conn.execute(_KNOWN, (turbine_number,)).fetchone()
    if known is not None and abs(at - known[0]) < (_HOUR if known[1] is None else _DAY):
        return _read(known[1])
    time = (turbine_number, at - LEARNT_FROM, at)
    out = union(Span(*row) for row in db.conn.execute(_OUT, time))
    width = QUARTER_SECONDS * SECOND
    quarters = [
        Output(Span(start_at, start_at + width), wind_speed, power)
        for start_at, wind_speed, power in db.conn.execute(_QUARTERS, time)
    ]
    curve = LearntCurve.of(bins(beside(quarters, out)))
    written = None if curve is None else json.dumps([list(curve.wind_speeds), list(curve.powers)])
    db.conn.execute(_KEEP, (turbine_number, at, written))
    return curve


def _read(written: str | None) -> LearntCurve | None:
    if written is None:
        return None
    wind_speeds, powers = json.loads(written)
    return LearntCurve(tuple(wind_speeds), tuple(powers))
