"""What is kept of orders: who wanted what, and what became of it."""

from collections.abc import Iterator, Sequence

from monitor.facts import (
    Actor,
    AlarmAnswer,
    AlarmOrder,
    AuditAction,
    AuditEntry,
    Decisions,
    Door,
    KnowledgeChanges,
    NotificationTest,
    NotificationTestAnswer,
    OrderAnswer,
)
from monitor.facts.outages import controller_of
from monitor.requests import Asked

MOST_SUBJECTS = 20
"""How many alarms of one order are named; each alarm's journal has it anyway, at the same moment."""

ALL_THAT_WAIT = "all alarms that wait"


def audit_of(asked: Asked, decisions: Decisions, knowledge: KnowledgeChanges, at: int) -> list[AuditEntry]:
    """What is kept of every order of a batch, decided at this time, and of what became of it."""
    return [
        *audit_of_orders([*asked.misused_keys, *decisions.answers], at),
        *audit_of_alarm_orders(asked.alarm_orders, knowledge.alarms.answers, at),
        *audit_of_tests(asked.tests, knowledge.notifications.answers, at),
    ]


def audit_of_orders(answers: Sequence[OrderAnswer], at: int) -> Iterator[AuditEntry]:
    """What is kept of orders about turbines, answered at this time: an entry each, accepted or not."""
    for answer in answers:
        order = answer.order
        actor = order.actor or _unnamed(order.by)
        action, subject = AuditAction(order.kind.value), controller_of(order.turbine_number)
        yield _entry(actor, at, action, subject, order.why, accepted=answer.accepted, sentence=answer.sentence)


def audit_of_alarm_orders(
    orders: Sequence[AlarmOrder], answers: Sequence[AlarmAnswer], at: int
) -> Iterator[AuditEntry]:
    """What is kept of orders about alarms; `answers` are in the order of `orders`."""
    for order, answer in zip(orders, answers, strict=True):
        actor = order.actor or _unnamed(order.by)
        action, subject = AuditAction(order.kind.value), _alarms(order.alarm_ids)
        yield _entry(actor, at, action, subject, order.comment, accepted=answer.accepted, sentence=answer.sentence)


def audit_of_tests(
    tests: Sequence[NotificationTest], answers: Sequence[NotificationTestAnswer], at: int
) -> Iterator[AuditEntry]:
    """What is kept of tests of receivers; `answers` are in the order of `tests`."""
    for test, answer in zip(tests, answers, strict=True):
        actor, action = test.actor or _unnamed(test.by), AuditAction.TEST_RECEIVER
        yield _entry(actor, at, action, test.receiver, "", accepted=answer.accepted, sentence=answer.sentence)


def _unnamed(by: str) -> Actor:
    """Who says no more than a name: only the monitor's socket takes such orders, and only its own user reaches it."""
    return Actor(by, Door.COMMAND_LINE)


def _alarms(alarm_ids: Sequence[int]) -> str:
    if not alarm_ids:
        return ALL_THAT_WAIT
    named = " ".join(f"alarm-{alarm_id}" for alarm_id in alarm_ids[:MOST_SUBJECTS])
    more = len(alarm_ids) - MOST_SUBJECTS
    return f"{named} and {more:,} more" if more > 0 else named


def _entry(
    actor: Actor, at: int, action: AuditAction, subject: str, why: str, *, accepted: bool, sentence: str
) -> AuditEntry:
    return AuditEntry(
        at=at,
        who=actor.who,
        door=actor.door,
        rights=actor.rights,
        token_id=actor.token_id,
        address=actor.address,
        action=action,
        subject=subject,
        why=why,
        accepted=accepted,
        sentence=sentence,
    )
