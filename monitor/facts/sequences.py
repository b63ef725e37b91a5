"""Which of their readings the monitor has of the turbines that count them, and what it tells them of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from monitor.facts.news import Held, Reading


class Acknowledgement(NamedTuple):
    """A turbine may forget its readings of a session up to this one. To be told after the commit only."""

    turbine_number: int
    session: str
    sequence: int


class Refused(NamedTuple):
    """A reading that became a dead letter, and could still be told from others: it need not come again."""

    turbine_number: int
    session: str
    sequence: int


@dataclass(frozen=True, slots=True)
class Arrived:
    """What one batch says of sequences: every reading in it, new or not, and what was refused for good."""

    readings: Sequence[Reading] = ()
    refused: Sequence[Refused] = ()
    held: Sequence[Held] = ()


@dataclass(frozen=True, slots=True)
class SequenceRecord:
    """One session of a turbine: a row of the table `sequences`.

    All sequences below `following` are settled (stored, repeated, refused for good, or known not to come), but for
    those in `gaps`, which reads as a list of pages does: `5-9,12`.
    """

    turbine_number: int
    session: str
    following: int
    """The sequence after the highest one that is known: the next one without a gap."""
    followed_from: int
    """What lacks below this is no gap: it was sent before this database first heard of the session."""
    gaps: str
    missing: int
    """How many readings the gaps from `followed_from` on are."""
    heard_at: int


@dataclass(frozen=True, slots=True)
class SequenceChanges:
    """What the ledger writes of sequences with a batch; nearly always nothing, since it need not be exact."""

    records: list[SequenceRecord] = field(default_factory=list)
    ended: list[tuple[int, str]] = field(default_factory=list)
    """Turbine and session of those that are not followed any more."""
    is_checkpoint: bool = False
    """Whether the table tells, with these, of every reading that is in the database."""


class Run(NamedTuple):
    """Readings of a session without a gap: both ends are in it."""

    turbine_number: int
    session: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class RememberedSequences:
    """What the ledger knows of sequences: the last checkpoint, and what was stored since."""

    records: list[SequenceRecord] = field(default_factory=list)
    since: list[Run] = field(default_factory=list)
    """Sessions heard last come last."""
    kept: bool = True
    """Whether there ever was a checkpoint; else gaps among what is stored are from before anybody watched."""
