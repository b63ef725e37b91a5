"""All that is published because of a commit, in one place.

What must not be lost is written to the outbox in the same transaction, and goes out at QoS 1: commands, events, the
state of alarms, and what the ledger adds in `KnowledgeCommitted.outgoing`. What will be said again anyway, or can be
asked for, is told once at QoS 0.
"""

from monitor.alarms.messages import messages_for as messages_for_alarms
from monitor.dispatch.outbox import messages_for as messages_for_decisions
from monitor.facts import Decisions, KnowledgeChanges, KnowledgeCommitted, Outgoing
from monitor.windows.messages import messages_for as messages_for_windows


def to_write(decisions: Decisions, knowledge: KnowledgeChanges) -> list[Outgoing]:
    """What goes into the outbox with the commit, in order: first what acts, then what tells."""
    return [*messages_for_decisions(decisions), *messages_for_alarms(knowledge.alarms)]


def to_tell(knowledge: KnowledgeCommitted) -> list[tuple[str, bytes]]:
    """What is told after the commit, now or never: topic and payload."""
    return messages_for_windows(knowledge.windows.figured)
