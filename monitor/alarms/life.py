"""The life of one alarm: raised, acknowledged, cleared, normal again; and the silences that lie over it.

The states are those of ANSI/ISA-18.2-2016 (IEC 62682), with latching: what a person was told of stays until it is
clear *and* acknowledged. What began and ended while it was silenced was told to nobody, and returns to normal by
itself, as the standard's shelved, suppressed and out-of-service states do.
"""

from dataclasses import dataclass, field

from monitor.alarms.conditions import Key
from monitor.facts import Alarm, AlarmChanges, AlarmEntry, AlarmState, AlarmTurn, Severity


@dataclass(slots=True)
class Step:
    """What becomes of alarms at one moment, UTC in microseconds."""

    at: int
    changed: dict[Key, Alarm] = field(default_factory=dict)
    journal: list[AlarmEntry] = field(default_factory=list)

    def note(
        self, alarm: Alarm, turn: AlarmTurn, sentence: str, by: str | None = None, comment: str | None = None
    ) -> None:
        """Write a turn of an alarm into its journal."""
        self.touch(alarm)
        self.journal.append(AlarmEntry(self.at, alarm.alarm_id, turn, sentence, by, comment or None))

    def touch(self, alarm: Alarm) -> None:
        """The alarm is not what it was."""
        alarm.changed_at = self.at
        self.changed[alarm.rule, alarm.subject] = alarm

    def changes(self) -> AlarmChanges:
        """All of it."""
        return AlarmChanges(list(self.changed.values()), self.journal)


def become_active(alarm: Alarm, sentence: str, severity: Severity, step: Step) -> None:
    """The condition holds: whoever acknowledged it before did so for another time."""
    if alarm.state is AlarmState.NORMAL:
        alarm.occurrences = 0
        alarm.acknowledged_at = alarm.acknowledged_by = alarm.comment = alarm.announced_at = None
    alarm.state, alarm.severity, alarm.sentence = AlarmState.UNACKNOWLEDGED, severity, sentence
    alarm.raised_at, alarm.cleared_at = step.at, None
    alarm.occurrences += 1
    if alarm.is_audible:
        _announce(alarm, step)
    else:
        step.note(alarm, AlarmTurn.HELD_BACK, sentence)


def become_clear(alarm: Alarm, step: Step) -> None:
    """The condition is gone: normal if somebody acknowledged it, or nobody was told; else it waits for somebody."""
    stays = alarm.state is AlarmState.UNACKNOWLEDGED and alarm.announced_at is not None
    alarm.state = AlarmState.CLEARED if stays else AlarmState.NORMAL
    alarm.cleared_at, alarm.suppressed_by = step.at, None
    step.note(alarm, AlarmTurn.CLEARED, "The condition is gone.")
    if not stays:
        step.note(alarm, AlarmTurn.RETURNED, "Normal again.")


def acknowledge(alarm: Alarm, by: str, comment: str, step: Step) -> bool:
    """Somebody takes care of it; returns whether there was anything to acknowledge."""
    if alarm.state not in (AlarmState.UNACKNOWLEDGED, AlarmState.CLEARED):
        return False
    is_over = alarm.state is AlarmState.CLEARED
    alarm.state = AlarmState.NORMAL if is_over else AlarmState.ACKNOWLEDGED
    alarm.acknowledged_at, alarm.acknowledged_by = step.at, by
    alarm.comment = comment or alarm.comment
    step.note(alarm, AlarmTurn.ACKNOWLEDGED, f"Acknowledged by {by}.", by, comment)
    if is_over:
        step.note(alarm, AlarmTurn.RETURNED, "Normal again.")
    return True


def suppress(alarm: Alarm, rule: str | None, step: Step) -> None:
    """An alarm of this rule speaks for it; None: none does any more, and it speaks for itself."""
    before, alarm.suppressed_by = alarm.suppressed_by, rule
    if before == rule:
        return
    step.touch(alarm)
    if before is None:
        step.note(alarm, AlarmTurn.SUPPRESSED, f"The alarm {rule} speaks for it.")
    elif rule is None:
        step.note(alarm, AlarmTurn.UNSUPPRESSED, f"The alarm {before} is over.")
        _speak(alarm, step)


def shelve(alarm: Alarm, until: int, by: str, comment: str, step: Step) -> bool:
    """Silence it until then."""
    alarm.shelved_until, alarm.shelved_by = until, by
    alarm.comment = comment or alarm.comment
    step.note(alarm, AlarmTurn.SHELVED, f"Shelved by {by}.", by, comment)
    return True


def unshelve(alarm: Alarm, by: str | None, comment: str, step: Step) -> bool:
    """Have it speak again; `by` is None when its time is over. Returns whether it was shelved."""
    if alarm.shelved_until is None:
        return False
    alarm.shelved_until = alarm.shelved_by = None
    sentence = "The time of its shelving is over." if by is None else f"Unshelved by {by}."
    step.note(alarm, AlarmTurn.UNSHELVED, sentence, by, comment)
    _speak(alarm, step)
    return True


def take_out_of_service(alarm: Alarm, by: str, comment: str, step: Step) -> bool:
    """Silence it until somebody puts it in service; returns whether it was."""
    if alarm.out_of_service_by is not None:
        return False
    alarm.out_of_service_by = by
    alarm.comment = comment or alarm.comment
    step.note(alarm, AlarmTurn.TAKEN_OUT_OF_SERVICE, f"Taken out of service by {by}.", by, comment)
    return True


def put_in_service(alarm: Alarm, by: str, comment: str, step: Step) -> bool:
    """Have it speak again; returns whether it was out of service."""
    if alarm.out_of_service_by is None:
        return False
    alarm.out_of_service_by = None
    step.note(alarm, AlarmTurn.PUT_IN_SERVICE, f"Put in service by {by}.", by, comment)
    _speak(alarm, step)
    return True


def comment_on(alarm: Alarm, by: str, comment: str, step: Step) -> bool:
    """Note something."""
    alarm.comment = comment
    step.note(alarm, AlarmTurn.COMMENTED, f"Comment of {by}.", by, comment)
    return True


def _speak(alarm: Alarm, step: Step) -> None:
    """Tell people of what was held back, if it still holds and nobody has acknowledged it."""
    if alarm.is_audible and alarm.state is AlarmState.UNACKNOWLEDGED and alarm.announced_at is None:
        _announce(alarm, step)


def _announce(alarm: Alarm, step: Step) -> None:
    alarm.announced_at = step.at
    step.note(alarm, AlarmTurn.RAISED, alarm.sentence)
