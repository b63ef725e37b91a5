"""Windows as messages."""

import json
from collections.abc import Iterable

from grid.times import format_time
from grid.topics import Kind
from monitor.facts import MINUTE_SECONDS, QUARTER_SECONDS, Window

DECIMALS = 6
"""What is told of the figures: a thousandth of a watt-hour."""

_KINDS = {MINUTE_SECONDS: Kind.WINDOWS_1M, QUARTER_SECONDS: Kind.WINDOWS_15M}


def messages_for(windows: Iterable[Window]) -> list[tuple[str, bytes]]:
    """Write turbines' windows as messages: topic and payload."""
    return [(_KINDS[window.width_seconds].of(window.turbine_number), _payload(window)) for window in windows]


def _payload(window: Window) -> bytes:
    """What `grid.window.TurbineWindow` writes, in a third of the time: nothing here can be invalid."""
    told = {
        "turbine_number": window.turbine_number,
        "width_seconds": window.width_seconds,
        "start_at": format_time(window.start_at),
        "revision": window.revision,
        "readings": window.readings,
        "interval_seconds": window.interval_seconds,
        "covered_seconds": round(window.covered_seconds, DECIMALS),
        "broken_seconds": round(window.broken_seconds, DECIMALS),
        "wind_speed_mean": round(window.wind_speed_mean, DECIMALS),
        "wind_speed_min": window.wind_speed_min,
        "wind_speed_max": window.wind_speed_max,
        "energy_in_kwh": round(window.energy_in_kwh, DECIMALS),
        "mean_power_in_kw": _rounded(window.mean_power_in_kw),
        "max_power_in_kw": _rounded(window.max_power_in_kw),
    }
    if window.interval_seconds is None:
        told = {name: value for name, value in told.items() if value is not None}
    return _encode(told).encode()


_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False).encode


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DECIMALS)
