"""What is published of alarms: the state of each, retained, written with its change in one transaction."""

from grid.alarm import ALARM_EXPIRY_SECONDS, AlarmMessage, topic_of
from monitor.facts import Alarm, AlarmChanges, AlarmState, Outgoing

LONGEST_SENTENCE = 1024


def messages_for(changes: AlarmChanges) -> list[Outgoing]:
    """The alarms as messages, in order; not those of which people were told nothing."""
    return [_message(alarm) for alarm in changes.alarms if alarm.announced_at is not None]


def _message(alarm: Alarm) -> Outgoing:
    message = AlarmMessage(
        alarm_id=alarm.alarm_id,
        at=alarm.changed_at,
        rule=alarm.rule,
        subject=alarm.subject,
        severity=alarm.severity.value,
        state=alarm.state.value,
        sentence=_printable(alarm.sentence),
        raised_at=alarm.raised_at,
        occurrences=alarm.occurrences,
        turbine_number=alarm.turbine_number,
        region=alarm.region,
        cleared_at=alarm.cleared_at,
        acknowledged_at=alarm.acknowledged_at,
        acknowledged_by=alarm.acknowledged_by,
        comment=alarm.comment,
        shelved_until=alarm.shelved_until,
        out_of_service_by=alarm.out_of_service_by,
        suppressed_by=alarm.suppressed_by,
    )
    is_over = alarm.state is AlarmState.NORMAL
    return Outgoing(
        topic=topic_of(alarm.alarm_id),
        payload=message.to_json(),
        created_at=alarm.changed_at,
        expiry_seconds=ALARM_EXPIRY_SECONDS if is_over else None,
        retain=True,
    )


def _printable(sentence: str) -> str:
    """What the contract takes: words from elsewhere, such as an error's, may hold anything."""
    return "".join(letter if letter.isprintable() else " " for letter in sentence)[:LONGEST_SENTENCE]
