"""The windows of regions and of the farm, gathered within a transaction from those of the turbines."""

import sqlite3
from collections import defaultdict

from grid.times import SECOND
from monitor.facts import AREAS, MINUTE_SECONDS, QUARTER_SECONDS, AreaWindow, Window, WindowMark
from monitor.store.rows import columns, insertion, listed, to_row
from monitor.windows.figures import gather

FARM = ""
"""The farm's name among the areas."""

_KEY = ("area", "width_seconds", "start_at")
_TOLD = tuple(name for name in columns(AreaWindow) if name not in (*_KEY, "revision", "figured_at"))

_UPSERT = f"""
{insertion(AreaWindow, "area_windows")} ON CONFLICT ({listed(_KEY)}) DO UPDATE
SET {", ".join(f"{name} = excluded.{name}" for name in (*_TOLD, "figured_at"))}, revision = revision + 1
WHERE ({listed(_TOLD)}) IS NOT ({", ".join(f"excluded.{name}" for name in _TOLD)})
"""
# CROSS JOIN has SQLite look up each turbine's window, where it would rather walk over all windows.
_WINDOWS = f"""
SELECT t.region, {", ".join(f"w.{name}" for name in columns(Window))} FROM turbines t
CROSS JOIN windows w ON w.turbine_number = t.turbine_number AND w.width_seconds = ? AND w.start_at = ?
ORDER BY t.turbine_number
"""  # noqa: S608 - our own names
_GREATEST_MINUTE = f"""
SELECT max(mean_power_in_kw) FROM area_windows
WHERE area = ? AND width_seconds = {MINUTE_SECONDS} AND start_at >= ? AND start_at < ?
"""  # noqa: S608 - our own number

_IS_KNOWN = "SELECT 1 FROM area_windows WHERE area = ? AND width_seconds = ? AND start_at = ?"


def figure_areas(conn: sqlite3.Connection, mark: WindowMark, *, at: int) -> tuple[int, list[WindowMark]]:
    """Gather the windows of one width and start by region, and for the farm; write what tells something else.

    A turbine belongs to the region that it names now. Returns how many windows were gathered, and what is to be
    gathered again in consequence: the quarter hour, which tells the greatest power of its minutes.
    """
    before = conn.total_changes
    by_area: dict[str, list[Window]] = defaultdict(list)
    for region, *row in conn.execute(_WINDOWS, (mark.width_seconds, mark.start_at)):
        window = Window(*row)
        by_area[FARM].append(window)
        if region:
            by_area[region].append(window)
    found = [_gathered(conn, area, windows, at=at) for area, windows in by_area.items()]
    conn.executemany(_UPSERT, map(to_row(AreaWindow), found))
    return len(by_area[FARM]), _quarter_of(conn, mark) if conn.total_changes > before else []


def _gathered(conn: sqlite3.Connection, area: str, windows: list[Window], *, at: int) -> AreaWindow:
    first = windows[0]
    until = first.start_at + first.width_seconds * SECOND
    ((greatest,),) = conn.execute(_GREATEST_MINUTE, (area, first.start_at, until)).fetchall()
    return gather(area, windows, greatest_minute_in_kw=greatest, at=at)


def _quarter_of(conn: sqlite3.Connection, mark: WindowMark) -> list[WindowMark]:
    """The quarter hour of a minute, if it was gathered already."""
    start_at = mark.start_at - mark.start_at % (QUARTER_SECONDS * SECOND)
    quarter = WindowMark(AREAS, start_at, QUARTER_SECONDS)
    known = (
        mark.width_seconds == MINUTE_SECONDS and conn.execute(_IS_KNOWN, (FARM, QUARTER_SECONDS, start_at)).fetchall()
    )
    return [quarter] if known else []
