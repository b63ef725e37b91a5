"""What can be told to the rules of alarms."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AlarmSettings:
    """When something is worth a person's time. Seconds are watched ones."""

    broken_after_seconds: float = 1800.0
    """So long a broken turbine may wait for the end of its repair: most visits end long before."""
    offline_after_seconds: float = 60.0
    """So long a turbine may be gone: a reconnect takes less."""
    unheard_after_seconds: float = 300.0
    """So long a turbine has to be heard, after a start or the return of the broker."""
    many_share: float = 0.1
    """This share of all turbines ..."""
    many_least: int = 5
    """... but not fewer than these ..."""
    many_within_seconds: float = 300.0
    """... gone within so long have one cause, and one alarm."""
    waiting_after_seconds: float = 900.0
    """So long a turbine may wait in the line for an engineer."""
    failed_visits: int = 3
    """So many visits without effect are not chance any more."""
    broker_grace_seconds: float = 15.0
    """So long the first connection after a start may take."""
    database_refused_seconds: float = 5.0
    """So long the database may be busy with another program."""
    dead_letters: int = 100
    """So many refused messages, beyond as many in ten minutes, are not a single mistake."""
    missing_settled_seconds: float = 3600.0
    """When a gap has not grown for so long, what lacks will not come."""
