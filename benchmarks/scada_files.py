"""What files of real wind farms say of themselves: read here on their own, with nothing of the programs."""

import csv
import gzip
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

SLOT_HOURS = 1 / 6
STANDING_FROM = 4.0
"""A turbine that makes nothing in more wind than this, in m/s, stands for a reason."""


class Slot(NamedTuple):
    """Ten minutes of a turbine; `expected_kw` is what a curve says of its wind."""

    at: datetime
    wind: float
    power_kw: float
    expected_kw: float

    @property
    def stands(self) -> bool:
        """Whether there was wind and no power."""
        return self.wind > STANDING_FROM and self.power_kw <= 0


class Stop(NamedTuple):
    """A time for which a status log says that the turbine stood."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Said:
    """What a turbine's slots come to."""

    slots: Sequence[Slot]

    @property
    def energy_kwh(self) -> float:
        """Consumption subtracted."""
        return sum(slot.power_kw for slot in self.slots) * SLOT_HOURS

    @property
    def expected_kwh(self) -> float:
        """By the curve, over all slots."""
        return sum(slot.expected_kw for slot in self.slots) * SLOT_HOURS

    @property
    def standing(self) -> list[Slot]:
        """Those with wind and without power."""
        return [slot for slot in self.slots if slot.stands]

    @property
    def lost_kwh(self) -> float:
        """What the curve says of the standing slots, and what they consumed."""
        return sum(slot.expected_kw - slot.power_kw for slot in self.standing) * SLOT_HOURS

    @property
    def availability(self) -> float:
        """By time: the share of slots that are not standing ones."""
        return 1 - len(self.standing) / len(self.slots)

    @property
    def energy_availability(self) -> float:
        """Energy, by the energy and what was lost while standing."""
        return self.energy_kwh / (self.energy_kwh + self.lost_kwh)


def episodes(moments: Sequence[datetime], tolerance_minutes: float) -> int:
    """How many events reports at these moments, in order, come to: one where the next is no later than that."""
    gaps = sum((after - before).total_seconds() > tolerance_minutes * 60 for before, after in pairwise(moments))
    return gaps + bool(moments)


def joined(stops: Sequence[Stop], tolerance_minutes: float) -> list[Stop]:
    """The events that stops come to, in order and without overlap: one where the next begins no later than that."""
    events: list[Stop] = []
    for stop in stops:
        if events and (stop.since - events[-1].until).total_seconds() <= tolerance_minutes * 60:
            events[-1] = Stop(events[-1].since, stop.until)
        else:
            events.append(stop)
    return events


def shared_hours(stops: Iterable[Stop], others: Sequence[Stop]) -> float:
    """How much of them lies in others, which do not overlap."""
    shared = (Stop(max(one.since, two.since), min(one.until, two.until)) for one in stops for two in others)
    return hours(stop for stop in shared if stop.since < stop.until)


def hours(stops: Iterable[Stop]) -> float:
    """The length of all of them."""
    return sum((stop.until - stop.since).total_seconds() for stop in stops) / 3600


def kelmarsh_day(folder: Path) -> dict[int, Said]:
    """The six turbines by number; rows with an empty cell are left out. The curve is the maker's, of the folder."""
    expected = _curve(folder / "kelmarsh" / "mm92_power_curve.csv")
    found: dict[int, list[Slot]] = defaultdict(list)
    with (folder / "kelmarsh" / "kelmarsh_2021-01-01_6_turbines.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            wind, power = row["wind_speed_m_s"], row["power_kw"]
            if wind and power:
                at = datetime.fromisoformat(row["timestamp"])
                slot = Slot(at, float(wind), float(power), expected(float(wind)))
                found[int(row["turbine"].removeprefix("KWF"))].append(slot)
    return {number: Said(slots) for number, slots in sorted(found.items())}


def kelmarsh_stops(folder: Path) -> list[Stop]:
    """Turbine 1's stops of 2016, by start; they do not overlap."""
    with (folder / "kelmarsh" / "Status_Kelmarsh_1_sample.csv").open(encoding="utf-8") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        return sorted(
            Stop(_utc(row["Timestamp start"]), _utc(row["Timestamp end"])) for row in rows if row["Status"] == "Stop"
        )


def yalova_year(folder: Path) -> Said:
    """The turbine's year, with the theoretical curve that the file itself has."""
    with gzip.open(folder / "yalova" / "T1.csv.gz", "rt", encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        return Said(
            [
                Slot(
                    datetime.strptime(time, "%d %m %Y %H:%M").replace(tzinfo=UTC),
                    float(wind),
                    float(power),
                    float(theoretical),
                )
                for time, power, wind, theoretical, _ in rows
            ]
        )


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _curve(path: Path) -> Callable[[float], float]:
    """Straight lines between the file's points; nothing below the first, and the last one's power above."""
    with path.open(encoding="utf-8") as file:
        points = [(float(wind), float(power)) for wind, power in list(csv.reader(file))[1:]]

    def power_at(wind: float) -> float:
        if wind < points[0][0]:
            return 0.0
        for (low, below), (high, above) in pairwise(points):
            if wind <= high:
                return below + (above - below) * (wind - low) / (high - low)
        return points[-1][1]

    return power_at
