"""What a turbine's neighbours made, for the time in which nothing else says what it would have made."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from sqlite_utils import Database

from grid.times import SECOND
from monitor.outages.lost_energy import Neighbours, overlap_seconds
from monitor.outages.merging import Span

HOW_MANY = 4
"""The nearest ones of the same region."""

_QUARTER_HOUR = 900
_OWN = "SELECT turbine_number, rated_power_in_kw, latitude, longitude, region FROM turbines WHERE turbine_number = ?"
_OTHERS = """
SELECT turbine_number, rated_power_in_kw, latitude, longitude, region FROM turbines
WHERE region IS ? AND turbine_number <> ? AND rated_power_in_kw IS NOT NULL
"""
_MADE = """
SELECT start_at, mean_power_in_kw FROM windows
WHERE turbine_number = ? AND width_seconds = 900 AND start_at > ? AND start_at < ?
AND broken_seconds = 0 AND mean_power_in_kw IS NOT NULL
"""


class _Place(NamedTuple):
    number: int
    rated_power: float | None
    latitude: float | None
    longitude: float | None
    region: str | None

    @property
    def position(self) -> tuple[float, float] | None:
        """Latitude and longitude, if both are known."""
        return None if self.latitude is None or self.longitude is None else (self.latitude, self.longitude)

    def distance(self, other: "_Place") -> tuple[float, int]:
        """How far away another one is, in degrees of latitude; by number where a place is not known."""
        apart = abs(self.number - other.number)
        here, there = self.position, other.position
        if here is None or there is None:
            return math.inf, apart
        east = (there[1] - here[1]) * math.cos(math.radians(here[0]))
        return math.hypot(there[0] - here[0], east), apart


def output_of_neighbours(db: Database, turbine_number: int, down: Sequence[Span]) -> Neighbours | None:
    """What the nearest turbines of the region made in that time on average, scaled by rated power.

    Broken quarter hours of theirs are left out. None where a rated power is not known, or none of them tells.
    """
    row = db.conn.execute(_OWN, (turbine_number,)).fetchone()
    if row is None or row[1] is None:
        return None
    own = _Place(*row)
    others = [_Place(*row) for row in db.conn.execute(_OTHERS, (own.region, own.number))]
    nearest = sorted(others, key=own.distance)[:HOW_MANY]
    made = [part for other in nearest for part in _made_by(db, other, down)]
    by_time: dict[Span, list[float]] = {}
    for span, share in made:
        by_time.setdefault(span, []).append(share)
    known = {span: overlap_seconds(span, down) for span in by_time}
    seconds = sum(known.values())
    if not seconds:
        return None
    share = sum(known[span] * sum(shares) / len(shares) for span, shares in by_time.items()) / seconds
    return Neighbours(share * (own.rated_power or 0.0), seconds)


def _made_by(db: Database, other: _Place, down: Sequence[Span]) -> list[tuple[Span, float]]:
    """Quarter hours, and which share of its rated power the turbine made in each."""
    width = _QUARTER_HOUR * SECOND
    values = (other.number, down[0].from_at - width, down[-1].until_at)
    return [(Span(at, at + width), power / (other.rated_power or 1.0)) for at, power in db.conn.execute(_MADE, values)]
