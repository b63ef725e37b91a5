"""What the monitor answers to a reading that came over HTTP."""

from dataclasses import dataclass
from enum import StrEnum

from monitor.facts.news import DeadLetterReason


class PostOutcome(StrEnum):
    """What became of a posted reading, for programs."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    """It was stored before."""
    REFUSED = "refused"
    """It is kept as a dead letter, and would be refused again."""
    UNAVAILABLE = "unavailable"
    """Nothing was done with it: post it again later."""


@dataclass(frozen=True, slots=True)
class PostAnswer:
    """What became of a posted reading. `emitted_at` is UTC in microseconds: given by the monitor if it had none."""

    outcome: PostOutcome
    turbine_number: int | None = None
    emitted_at: int | None = None
    reason: DeadLetterReason | None = None
    detail: str = ""
