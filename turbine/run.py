"""What the turbines of one run share."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from grid.broker import Broker
from grid.metrics import TurbineMetrics
from turbine.chaos import ChaosPlan
from turbine.outbox import DEFAULT_OUTBOX_SIZE
from turbine.outbox_file import OutboxFile
from turbine.pace import Pace
from turbine.progress import Progress


@dataclass(frozen=True, slots=True)
class Run:
    """How fast a run goes and how long, where to, and what is kept and told of it."""

    broker_of: Callable[[int], Broker]
    """Where to, and how the turbine of this number enters."""
    pace: Pace
    progress: Progress
    ramp: asyncio.Semaphore
    """How many may be on their way to the broker for the first time."""
    until: float | None = None
    """The run second at which readings end; None: with the life."""
    lossless: bool = False
    """A full outbox holds the life up; otherwise it gives up its oldest reading."""
    outbox_size: int = DEFAULT_OUTBOX_SIZE
    resends: bool = True
    """Readings are kept until the monitor has acknowledged them; otherwise until the broker has."""
    outbox_file: OutboxFile = field(default_factory=OutboxFile)
    """Has every reading before it is sent, or keeps nothing."""
    record: Callable[[TurbineMetrics], None] = lambda reading: None
    """Hears of every reading as it is emitted."""
    first_backoff_seconds: float = 0.25
    chaos: ChaosPlan | None = None
    """What happens to readings on their way to the wire."""
