"""What a window tells of the readings in it: the one rule, for whoever figures a window."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from math import fsum
from operator import sub, truediv

from grid.times import SECOND
from monitor.facts import MINUTE_SECONDS, AreaWindow, Window, WindowMark

LONGEST_GAP = 3600 * SECOND
"""After a longer silence, in microseconds, a reading does not say for how long it speaks."""

LONG_INTERVALS = 1.5
"""A gap of more intervals than this is one in which readings may be missing."""

_SECONDS_PER_HOUR = 3600
_MICROSECONDS_PER_HOUR = _SECONDS_PER_HOUR * SECOND


@dataclass(slots=True)
class Columns:
    """Readings by the turbine's clock, oldest first: columns of equal length, never empty where they are figured."""

    emitted_at: list[int] = field(default_factory=list)
    wind_speed: list[float] = field(default_factory=list)
    energy_in_kwh: list[float] = field(default_factory=list)
    is_broken: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Neighbours:
    """When the readings just before and after the window's were emitted; None where there is none."""

    before: int | None = None
    after: int | None = None


def figure(
    mark: WindowMark, readings: Columns, neighbours: Neighbours, successors: Callable[[], Collection[int]], *, at: int
) -> Window:
    """A window from all the readings in it.

    A reading speaks for the time since the one before it, its gap, up to an hour. The interval is the lower median of
    the gaps; where none is known, it is the time to the reading after. A gap longer than 1.5 intervals counts in full
    only for a reading that directly follows the one before: `successors` tells when such readings were emitted, and
    is asked only if it matters. Any other one speaks for one interval. The greatest power is that of a single
    reading: its energy over what it speaks for, one interval at least, since readings may arrive closer together
    than their turbine took them. `at` becomes `figured_at`; the revision is 1.
    """
    emitted_at = readings.emitted_at
    first = _gap_before(emitted_at[0], neighbours.before)
    gaps = list(map(sub, islice(emitted_at, 1, None), emitted_at))
    interval = _interval(gaps if first is None else [first, *gaps], emitted_at[-1], neighbours.after)
    covers = [0] if interval is None else [interval if first is None else first, *gaps]
    if interval is not None and max(covers) > interval * LONG_INTERVALS:
        covers = _shortened(emitted_at, covers, interval, successors())
    covered, energy = sum(covers), fsum(readings.energy_in_kwh)
    return Window(
        turbine_number=mark.turbine_number,
        width_seconds=mark.width_seconds,
        start_at=mark.start_at,
        readings=len(readings.emitted_at),
        interval_seconds=None if interval is None else interval / SECOND,
        covered_seconds=covered / SECOND,
        broken_seconds=_broken(covers, readings.is_broken) / SECOND,
        wind_speed_mean=fsum(readings.wind_speed) / len(readings.wind_speed),
        wind_speed_min=min(readings.wind_speed),
        wind_speed_max=max(readings.wind_speed),
        energy_in_kwh=energy,
        mean_power_in_kw=None if interval is None else energy * _MICROSECONDS_PER_HOUR / covered,
        max_power_in_kw=None if interval is None else _max_power_in_kw(readings.energy_in_kwh, covers, interval),
        revision=1,
        figured_at=at,
    )


def _gap_before(first: int, before: int | None) -> int | None:
    """The time since the reading before the first one; within a window a gap is never too long: an hour is wider."""
    return None if before is None or first - before > LONGEST_GAP else first - before


def _interval(gaps: Sequence[int], last: int, after: int | None) -> int | None:
    if gaps:
        return sorted(gaps)[(len(gaps) - 1) // 2]
    return None if after is None or after - last > LONGEST_GAP else after - last


def _shortened(
    emitted_at: Sequence[int], covers: Sequence[int], interval: int, following: Collection[int]
) -> list[int]:
    """How long each reading speaks for, where readings may be missing."""
    longest = interval * LONG_INTERVALS
    return [
        interval if cover > longest and moment not in following else cover
        for moment, cover in zip(emitted_at, covers, strict=True)
    ]


def _broken(covers: Sequence[int], is_broken: Sequence[int]) -> int:
    if 1 not in is_broken:
        return 0
    return sum(cover for cover, broken in zip(covers, is_broken, strict=True) if broken)


def _max_power_in_kw(energy_in_kwh: Sequence[float], covers: Sequence[int], interval: int) -> float:
    if max(covers) <= interval:
        return max(energy_in_kwh) * _MICROSECONDS_PER_HOUR / interval
    spans = [cover if cover > interval else interval for cover in covers]  # max() takes thrice as long
    kwh_by_microsecond: float = max(map(truediv, energy_in_kwh, spans))
    return kwh_by_microsecond * _MICROSECONDS_PER_HOUR


def compose(parts: Sequence[Window], *, width_seconds: int, start_at: int, at: int) -> Window:
    """A longer window of a turbine from the shorter ones in it, of which there is at least one.

    Sums are sums, and the mean wind is that of all readings. The interval is the lower median of the parts', each
    counted as often as it has readings. The revision is the sum of theirs, which grows with each change.
    """
    covered = fsum(part.covered_seconds for part in parts)
    energy = fsum(part.energy_in_kwh for part in parts)
    readings = sum(part.readings for part in parts)
    return Window(
        turbine_number=parts[0].turbine_number,
        width_seconds=width_seconds,
        start_at=start_at,
        readings=readings,
        interval_seconds=_composed_interval(parts),
        covered_seconds=covered,
        broken_seconds=fsum(part.broken_seconds for part in parts),
        wind_speed_mean=fsum(part.wind_speed_mean * part.readings for part in parts) / readings,
        wind_speed_min=min(part.wind_speed_min for part in parts),
        wind_speed_max=max(part.wind_speed_max for part in parts),
        energy_in_kwh=energy,
        mean_power_in_kw=energy * _SECONDS_PER_HOUR / covered if covered else None,
        max_power_in_kw=_largest(part.max_power_in_kw for part in parts),
        revision=sum(part.revision for part in parts),
        figured_at=at,
    )


def _composed_interval(parts: Sequence[Window]) -> float | None:
    known = sorted((part.interval_seconds, part.readings) for part in parts if part.interval_seconds is not None)
    middle = (sum(readings for _, readings in known) + 1) // 2
    for interval, readings in known:
        middle -= readings
        if middle <= 0:
            return interval
    return None


def gather(
    area: str, windows: Sequence[Window], *, greatest_minute_in_kw: float | None = None, revision: int = 1, at: int
) -> AreaWindow:
    """An area's window from those of its turbines, one at least, all of one width and start.

    `greatest_minute_in_kw`, the largest mean power of the area's minutes, is known for longer windows only.
    """
    first = windows[0]
    powers = [window.mean_power_in_kw for window in windows if window.mean_power_in_kw is not None]
    mean_power = fsum(powers) if powers else None
    return AreaWindow(
        area=area,
        width_seconds=first.width_seconds,
        start_at=first.start_at,
        turbines=len(windows),
        readings=sum(window.readings for window in windows),
        expected_readings=fsum(window.expected_readings or window.readings for window in windows),
        covered_seconds=fsum(window.covered_seconds for window in windows),
        broken_seconds=fsum(window.broken_seconds for window in windows),
        wind_speed_mean=fsum(window.wind_speed_mean for window in windows) / len(windows),
        wind_speed_min=min(window.wind_speed_min for window in windows),
        wind_speed_max=max(window.wind_speed_max for window in windows),
        energy_in_kwh=fsum(window.energy_in_kwh for window in windows),
        mean_power_in_kw=mean_power,
        max_power_in_kw=mean_power if first.width_seconds == MINUTE_SECONDS else greatest_minute_in_kw,
        revision=revision,
        figured_at=at,
    )


def compose_areas(parts: Sequence[AreaWindow], *, width_seconds: int, start_at: int, at: int) -> AreaWindow:
    """A longer window of an area from the shorter ones in it, of which there is at least one.

    The mean power and the mean wind are those of the parts, which count the same; so are the readings expected in each.
    """
    powers = [part.mean_power_in_kw for part in parts if part.mean_power_in_kw is not None]
    return AreaWindow(
        area=parts[0].area,
        width_seconds=width_seconds,
        start_at=start_at,
        turbines=max(part.turbines for part in parts),
        readings=sum(part.readings for part in parts),
        expected_readings=_mean(part.expected_readings for part in parts) * width_seconds / parts[0].width_seconds,
        covered_seconds=fsum(part.covered_seconds for part in parts),
        broken_seconds=fsum(part.broken_seconds for part in parts),
        wind_speed_mean=fsum(part.wind_speed_mean for part in parts) / len(parts),
        wind_speed_min=min(part.wind_speed_min for part in parts),
        wind_speed_max=max(part.wind_speed_max for part in parts),
        energy_in_kwh=fsum(part.energy_in_kwh for part in parts),
        mean_power_in_kw=fsum(powers) / len(powers) if powers else None,
        max_power_in_kw=_largest(part.max_power_in_kw for part in parts),
        revision=sum(part.revision for part in parts),
        figured_at=at,
    )


def _mean(values: Iterable[float]) -> float:
    known = list(values)
    return fsum(known) / len(known)


def _largest(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)
