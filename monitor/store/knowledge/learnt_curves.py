"""The power curve that a turbine's own quarter hours show, kept for a day of its time."""

import json

from sqlite_utils import Database

from grid.times import SECOND
from monitor.outages.lost_energy import LearntCurve

_HOUR = 3600 * SECOND
_DAY = 24 * _HOUR
LEARNT_FROM = 90 * _DAY
"""Of the turbine's newest time: seasons change what a blade does."""

_KNOWN = "SELECT learnt_to, curve FROM learnt_curves WHERE turbine_number = ?"
_KEEP = "INSERT OR REPLACE INTO learnt_curves (turbine_number, learnt_to, curve) VALUES (?, ?, ?)"
_BINS = """
SELECT avg(wind_speed_mean), avg(mean_power_in_kw), count(*) FROM windows
WHERE turbine_number = ? AND width_seconds = 900 AND start_at >= ? AND start_at < ?
AND broken_seconds = 0 AND mean_power_in_kw IS NOT NULL
GROUP BY CAST((wind_speed_mean + 0.25) / 0.5 AS INTEGER)
"""


def learnt_curve(db: Database, turbine_number: int, at: int) -> LearntCurve | None:
    """The curve of the three months before a time, in quarter hours without a broken reading; None if they tell too
    little. Bins are 0.5 m/s wide, centred on multiples of it, as IEC 61400-12-1 has them.

    One that was learnt within a day of that time is good enough, one that could not be learnt is tried again after an
    hour. It is learnt from what is stored when it is asked for first.
    """
    known = db.conn.execute(_KNOWN, (turbine_number,)).fetchone()
    if known is not None and abs(at - known[0]) < (_HOUR if known[1] is None else _DAY):
        return _read(known[1])
    bins = db.conn.execute(_BINS, (turbine_number, at - LEARNT_FROM, at))
    curve = LearntCurve.of(bins)
    written = None if curve is None else json.dumps([list(curve.wind_speeds), list(curve.powers)])
    db.conn.execute(_KEEP, (turbine_number, at, written))
    return curve


def _read(written: str | None) -> LearntCurve | None:
    if written is None:
        return None
    wind_speeds, powers = json.loads(written)
    return LearntCurve(tuple(wind_speeds), tuple(powers))
