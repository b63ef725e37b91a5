"""What the stages of the monitor tell each other: plain values, without behaviour, I/O or a clock.

News (what arrived) goes into the fleet, beliefs come out of it; beliefs go into the dispatcher, decisions come
out; changes go into the ledger in one transaction. Times called `..._at` are UTC in microseconds since 1970.
"""

from monitor.facts.beliefs import Because, Belief, Health, Link, LinkReason, Told, TurbineRecord
from monitor.facts.changes import Changes, Committed, Outgoing, Remembered
from monitor.facts.decisions import (
    Action,
    Command,
    Decisions,
    Event,
    Hold,
    Incident,
    IncidentCause,
    IncidentOutcome,
    IncidentState,
    OrderAnswer,
    Release,
    Visit,
    VisitState,
)
from monitor.facts.news import (
    KEPT_PAYLOAD_BYTES,
    Birth,
    BrokerFound,
    BrokerLost,
    DeadLetter,
    DeadLetterReason,
    News,
    Now,
    Order,
    OrderKind,
    Reading,
    RepairAnswer,
    StatusReport,
)

__all__ = [
    "KEPT_PAYLOAD_BYTES",
    "Action",
    "Because",
    "Belief",
    "Birth",
    "BrokerFound",
    "BrokerLost",
    "Changes",
    "Command",
    "Committed",
    "DeadLetter",
    "DeadLetterReason",
    "Decisions",
    "Event",
    "Health",
    "Hold",
    "Incident",
    "IncidentCause",
    "IncidentOutcome",
    "IncidentState",
    "Link",
    "LinkReason",
    "News",
    "Now",
    "Order",
    "OrderAnswer",
    "OrderKind",
    "Outgoing",
    "Reading",
    "Release",
    "Remembered",
    "RepairAnswer",
    "StatusReport",
    "Told",
    "TurbineRecord",
    "Visit",
    "VisitState",
]
