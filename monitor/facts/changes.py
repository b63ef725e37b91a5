"""What the ledger commits in one transaction, and what it gives back."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from monitor.facts.audit import AuditEntry
from monitor.facts.beliefs import TurbineRecord
from monitor.facts.decisions import AnsweredOrder, Decisions, Hold, Incident, Visit
from monitor.facts.knowledge import KnowledgeChanges, KnowledgeCommitted, RememberedKnowledge
from monitor.facts.news import DeadLetter, Reading
from monitor.facts.outgoing import Outgoing
from monitor.facts.sequences import RememberedSequences, SequenceChanges


@dataclass(slots=True)
class Changes:
    """Everything that one batch changes: committed together, or not at all."""

    readings: list[Reading] = field(default_factory=list)
    turbines: list[TurbineRecord] = field(default_factory=list)
    newer: list[TurbineRecord] = field(default_factory=list)
    """Other turbines, known to the ledger, of which only the newest reading changed."""
    decisions: Decisions = field(default_factory=Decisions)
    outgoing: list[Outgoing] = field(default_factory=list)
    published: list[int] = field(default_factory=list)
    """Outbox ids that the broker has."""
    dead_letters: list[DeadLetter] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)
    """What else goes into the books, such as `received` or `retained_metrics`: added to the table `books`."""
    sequences: SequenceChanges = field(default_factory=SequenceChanges)
    orders: list[AnsweredOrder] = field(default_factory=list)
    """Those of the decisions' answers that are to be remembered."""
    audit: list[AuditEntry] = field(default_factory=list)
    """Every order of the batch, and what became of it."""
    knowledge: KnowledgeChanges = field(default_factory=KnowledgeChanges)


@dataclass(frozen=True, slots=True)
class Committed:
    """What the ledger did with the changes."""

    stored: list[Reading]
    """The readings that were new, in order of commit; the others were repeats or refused."""
    first_id: int
    """The `id` of the first one in the table `readings`; the others follow without a gap."""
    outgoing: list[Outgoing]
    """With their ids."""
    duplicate: int = 0
    """How many readings were there already."""
    rejected: int = 0
    """How many messages became dead letters: those of the changes, and readings that the database refused."""
    refused: Mapping[tuple[int, int], str] = field(default_factory=dict)
    """Turbine number and time of the readings that the database refused, and why."""
    knowledge: KnowledgeCommitted = field(default_factory=KnowledgeCommitted)


@dataclass(slots=True)
class Remembered:
    """What the ledger knows when the monitor starts, or after a failed commit."""

    ledger_id: str
    """Names this database among all: the first part of every dispatch id."""
    turbines: list[TurbineRecord] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    """The open ones, oldest first."""
    visits: list[Visit] = field(default_factory=list)
    """The open ones."""
    holds: list[Hold] = field(default_factory=list)
    orders: list[AnsweredOrder] = field(default_factory=list)
    """The last ones that came with an idempotency key, oldest first."""
    outbox: list[Outgoing] = field(default_factory=list)
    """Unsent, in order."""
    next_incident_id: int = 1
    next_visit_id: int = 1
    last_received_at: int | None = None
    """The last sign that a monitor was watching this farm."""
    sequences: RememberedSequences = field(default_factory=RememberedSequences)
    knowledge: RememberedKnowledge = field(default_factory=RememberedKnowledge)

    def known_turbines(self) -> Iterator[int]:
        """Every turbine of which anything came; of some only refused readings, whose sessions are followed."""
        yield from (turbine.turbine_number for turbine in self.turbines)
        yield from (record.turbine_number for record in self.sequences.records)
        yield from (run.turbine_number for run in self.sequences.since)
