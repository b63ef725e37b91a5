"""Availability: what a period was for a turbine, a region or the farm."""

from dataclasses import dataclass
from enum import StrEnum


class By(StrEnum):
    """Whose availability it is."""

    TURBINE = "turbine"
    REGION = "region"
    FARM = "farm"


@dataclass(frozen=True, slots=True)
class Availability:
    """One line of the account, times of several turbines summed up. Every second is in one of the five sorts of time.

    The sorts are available, forced outage, scheduled maintenance, out of scope, and information unavailable, after
    IEC 61400-26-1; all of them together are `period_seconds`.
    """

    turbine_number: int | None
    """None: a region, or the farm."""
    region: str | None
    """The turbine's, or the region itself. None for the farm, and for turbines that told none."""
    turbines: int
    """How many were known by the end of the period."""
    since: int
    until: int
    period_seconds: float
    """From `since`, or from when a turbine was first heard of if that was later, to `until`."""
    available_seconds: float
    """Readings came, and nothing said that the turbine could not work."""
    forced_outage_seconds: float
    maintenance_seconds: float
    out_of_scope_seconds: float
    """It stood for reasons that are not its own."""
    unknown_seconds: float
    """Neither readings nor outages tell of it: information unavailable."""
    energy_in_kwh: float
    """What the readings tell, consumption subtracted."""
    lost_energy_in_kwh: float
    """Of forced outages and partial performance, as far as it is known."""
    losses_unknown: int
    """How many of these outages have a loss that nothing tells."""
    forced_outages: int
    """How many began in the period; those that overlap or touch are one."""
    restored: int
    """How many ended in it."""
    restoration_seconds: float
    """From the beginnings of these to their ends."""
    time_availability: float | None
    """0 to 1: available / (available + forced outage). None where neither is known."""
    time_availability_at_least: float | None
    """The same if all that is unknown were forced outage."""
    energy_availability: float | None
    """0 to 1: energy / (energy + lost energy), after IEC 61400-26-2. None without any, and where a loss is unknown."""
    energy_availability_at_most: float | None
    """The same by the losses that are known; None without any energy."""
    mtbf_hours: float | None
    """Mean operating time between failures: available hours / forced outages. None without a forced outage."""
    mttr_hours: float | None
    """Mean time to restoration, of the outages that ended. None without one."""
