"""Which turbines stand in the same wind, and what they show."""

import math
from collections.abc import Mapping
from heapq import nsmallest
from statistics import median

from grid.times import SECOND
from monitor.baselines.track import Track
from monitor.baselines.verdicts import Neighbours
from monitor.facts import TurbineRecord

NEAREST = 6
"""So many turbines of the same region are asked, the nearest where it is known where they stand."""
FEWEST = 2
"""Fewer tell nothing: one of them may be wrong itself."""
_LOOK_AGAIN_SECONDS = 60.0


class Neighbourhood:
    """Who is near whom: looked up when first asked, and again after a while, since turbines come and move."""

    def __init__(self) -> None:
        self._near: dict[int, tuple[int, ...]] = {}
        self._regions: dict[str | None, list[TurbineRecord]] = {}
        self._until = -math.inf

    def ask(
        self, track: Track, tracks: Mapping[int, Track], turbines: Mapping[int, TurbineRecord], watched: float
    ) -> Neighbours | None:
        """What the neighbours show about now; None if fewer than two of them run, have learnt and are up to date."""
        oldest = track.at - 2 * track.interval - 10 * SECOND
        newest = track.at + 2 * track.interval + 10 * SECOND
        near = [
            other
            for number in self._of(track.turbine_number, turbines, watched)
            if (other := tracks.get(number)) is not None
            and other.is_learnt
            and not other.broken
            and oldest <= other.at <= newest
            and other.wind_speed.is_learnt
        ]
        if len(near) < FEWEST:
            return None
        # One that stands tells of the wind, and not of what the weather lets a turbine make.
        running = [other for other in near if not other.standing]
        shares = [other.drift / other.curve.rated_power if other.curve.rated_power else 0.0 for other in running]
        drift_share = median(shares) if len(running) >= FEWEST else 0.0
        return Neighbours(median(other.wind_speed.value for other in near), drift_share)

    def _of(self, number: int, turbines: Mapping[int, TurbineRecord], watched: float) -> tuple[int, ...]:
        if watched >= self._until:
            self._near.clear()
            self._regions.clear()
            for record in turbines.values():
                self._regions.setdefault(record.region, []).append(record)
            self._until = watched + _LOOK_AGAIN_SECONDS
        if number not in self._near:
            self._near[number] = self._nearest(turbines.get(number))
        return self._near[number]

    def _nearest(self, record: TurbineRecord | None) -> tuple[int, ...]:
        if record is None:
            return ()
        others = (other for other in self._regions.get(record.region, ()) if other is not record)
        return tuple(other.turbine_number for other in nsmallest(NEAREST, others, key=lambda o: _distance(record, o)))


def _distance(one: TurbineRecord, other: TurbineRecord) -> tuple[float, int]:
    """In degrees, near enough; turbines of unknown place come last, by number."""
    if one.latitude is None or one.longitude is None or other.latitude is None or other.longitude is None:
        return math.inf, other.turbine_number
    east = (one.longitude - other.longitude) * math.cos(math.radians(one.latitude))
    return math.hypot(one.latitude - other.latitude, east), other.turbine_number
