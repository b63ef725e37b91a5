"""What is wrong with the monitor itself, for whoever raises alarms about it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Troubles:
    """What the monitor knows to be wrong with itself at a decision. Times are by the machine's clock."""

    broker_away_seconds: float | None = None
    """How long there was no connection to the broker; None while there is one."""
    was_connected: bool = True
    """Whether there ever was one since the start."""
    store_refused_seconds: float | None = None
    """How long nothing could be stored: what is decided now is the first that is tried again."""
    store_error: str = ""
    text_files_behind: bool = False
    unbalanced_readings: int = 0
    """By how many the books don't add up, and did not at the last commit either."""
    dead_letters: int = 0
    """How many this batch brought."""
