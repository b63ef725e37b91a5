"""The lost energy of outages, figured from windows in the transaction in which outage or windows changed."""

from collections.abc import Sequence

from sqlite_utils import Database

from grid.power_curve import curve_for
from grid.times import SECOND
from monitor.facts import LostEnergyBy, LostEnergyUnknown, Outage, Window
from monitor.outages.lost_energy import Curve, Lost, Output, length_seconds, lost_by_curve, lost_by_neighbours
from monitor.outages.merging import Span, down, lasting
from monitor.store.knowledge.learnt_curves import learnt_curve
from monitor.store.knowledge.neighbours import output_of_neighbours
from monitor.store.knowledge.outage_rows import to_outage
from monitor.store.knowledge.outage_spans import OfKind, spans_between
from monitor.store.rows import columns, listed

FIGURED_AT_ONCE = 3
"""How many lost energies are figured with one commit; the rest waits. One may learn a year of a turbine: some 30 ms."""

_MINUTE, _QUARTER_HOUR = 60, 900
_LONG_SECONDS = 7200.0
"""An outage of more is figured from quarter hours, a shorter one from minutes where these tell enough."""
_MINUTES_APART = 30.0
"""Minutes tell of readings that come more often than this, in seconds: of others there is none in most."""

_TURBINES_OUT = """
SELECT turbine_number FROM outages WHERE ended_at >= ? AND turbine_number IS NOT NULL
UNION SELECT turbine_number FROM outages WHERE ongoing = 1 AND turbine_number IS NOT NULL
"""
_MARK = "INSERT OR IGNORE INTO outages_to_figure (outage_id) SELECT outage_id FROM outages"
_MARK_OVER = f"{_MARK} WHERE turbine_number = ? AND ended_at >= ? AND started_at < ? AND ongoing = 0"
_MARK_ONGOING = f"{_MARK} WHERE turbine_number = ? AND ongoing = 1 AND started_at < ?"
_MARK_COMPARED = (
    f"{_MARK} WHERE ended_at >= ? AND started_at < ? AND ongoing = 0 "
    "AND (lost_energy_by = 'neighbours' OR lost_energy_unknown IN ('no_curve', 'no_wind'))"
)
_DUE = (
    f"SELECT {listed(columns(Outage))} FROM outages_to_figure JOIN outages USING (outage_id) "  # noqa: S608 - our names
    f"ORDER BY place LIMIT {FIGURED_AT_ONCE}"
)
_FIGURED = """
UPDATE outages SET lost_energy_in_kwh = ?, lost_energy_by = ?, lost_energy_unknown = ? WHERE outage_id = ?
"""
_OUTPUTS = """
SELECT start_at, wind_speed_mean, mean_power_in_kw FROM windows
WHERE turbine_number = ? AND width_seconds = ? AND start_at > ? AND start_at < ? AND mean_power_in_kw IS NOT NULL
AND coalesce(interval_seconds, ?) <= ?
"""
_MODEL = "SELECT model, rated_power_in_kw FROM turbines WHERE turbine_number = ?"


def mark_outages(db: Database, windows: Sequence[Window]) -> None:
    """Have the outages figured again that windows touch; one that goes on only when a quarter hour is complete.

    One that was, or could not be, compared with its neighbours also when a quarter hour of any turbine came.
    """
    if not windows:
        return
    first = min(window.start_at for window in windows)
    out = {number for (number,) in db.conn.execute(_TURBINES_OUT, (first,))}
    if not out:
        return
    ends = [
        (window, window.start_at + window.width_seconds * SECOND) for window in windows if window.turbine_number in out
    ]
    over = [(window.turbine_number, window.start_at, end_at) for window, end_at in ends]
    db.conn.executemany(_MARK_OVER, over)
    quarter_hours = [(window, end_at) for window, end_at in ends if window.width_seconds == _QUARTER_HOUR]
    db.conn.executemany(_MARK_ONGOING, [(window.turbine_number, end_at) for window, end_at in quarter_hours])
    times = {window.start_at for window in windows if window.width_seconds == _QUARTER_HOUR}
    compared = [(start_at, start_at + _QUARTER_HOUR * SECOND) for start_at in sorted(times)]
    db.conn.executemany(_MARK_COMPARED, compared)


def figure_lost_energies(db: Database, tolerance: int) -> None:
    """Figure some of those that wait."""
    for outage in [to_outage(row) for row in db.conn.execute(_DUE)]:
        lost = _lost(db, outage, tolerance)
        db.conn.execute(_FIGURED, (lost.energy_in_kwh, lost.by, lost.unknown, outage.outage_id))
        db.conn.execute("DELETE FROM outages_to_figure WHERE outage_id = ?", (outage.outage_id,))


def losses_wait(db: Database) -> bool:
    """Whether more of them wait."""
    return db.conn.execute("SELECT 1 FROM outages_to_figure LIMIT 1").fetchone() is not None


def _lost(db: Database, outage: Outage, tolerance: int) -> Lost:
    number = outage.turbine_number
    if number is None:
        return Lost(None, unknown=LostEnergyUnknown.NO_TURBINE)
    kind = OfKind(outage.controller_id, outage.outage_type)
    spans = lasting(spans_between(db, kind, outage.started_at, outage.ended_at), outage.ongoing_since)
    out = down(spans, tolerance)
    if not length_seconds(out):
        return Lost(0.0)
    curves = _curves(db, number, outage.ended_at)
    for width in _widths(out):
        outputs = _outputs(db, number, width, out)
        for curve, by in curves:
            lost = lost_by_curve(out, outputs, curve, by, is_bounded=width == _MINUTE)
            if lost is not None:
                return lost
    outputs = _outputs(db, number, _QUARTER_HOUR, out)
    lost = lost_by_neighbours(out, outputs, output_of_neighbours(db, number, out), outage.category)
    lacks_wind = curves and lost.unknown is LostEnergyUnknown.NO_CURVE
    return Lost(None, unknown=LostEnergyUnknown.NO_WIND) if lacks_wind else lost


def _widths(out: Sequence[Span]) -> tuple[int, ...]:
    return (_QUARTER_HOUR,) if length_seconds(out) > _LONG_SECONDS else (_MINUTE, _QUARTER_HOUR)


def _outputs(db: Database, number: int, width: int, out: Sequence[Span]) -> list[Output]:
    first, last = out[0].from_at, out[-1].until_at
    longest_apart = _MINUTES_APART if width == _MINUTE else float(width)
    values = (number, width, first - width * SECOND, last, longest_apart, longest_apart)
    rows = db.conn.execute(_OUTPUTS, values)
    return [Output(Span(at, at + width * SECOND), wind_speed, power) for at, wind_speed, power in rows]


def _curves(db: Database, number: int, at: int) -> list[tuple[Curve, LostEnergyBy]]:
    """The curves that are known, the best first."""
    own = learnt_curve(db, number, at)
    model, rated_power = db.conn.execute(_MODEL, (number,)).fetchone() or (None, None)
    published = curve_for(model, rated_power)
    known: list[tuple[Curve | None, LostEnergyBy]] = [
        (own, LostEnergyBy.OWN_CURVE),
        (published, LostEnergyBy.MODEL_CURVE),
    ]
    return [(curve, by) for curve, by in known if curve is not None]
