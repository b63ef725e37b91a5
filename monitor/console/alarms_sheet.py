"""What the commands print of alarms."""

from collections.abc import Iterable

from monitor.console.sheets import Sheet, words_of
from monitor.console.words import age, moment, since
from monitor.facts import Alarm, AlarmEntry


def alarms_sheet(alarms: Iterable[Alarm], now: int) -> Sheet:
    """Alarms, as given."""
    sheet = Sheet([">alarm", "severity", "state", "raised at", ">for", ">times", "what"])
    for alarm in alarms:
        until = alarm.cleared_at or now
        sheet.rows.append(
            [
                str(alarm.alarm_id),
                alarm.severity,
                state_in_words(alarm),
                moment(alarm.raised_at),
                age(since(alarm.raised_at, until)),
                str(alarm.occurrences),
                f"{alarm.sentence} ({alarm.comment})" if alarm.comment else alarm.sentence,
            ]
        )
    return sheet


def state_in_words(alarm: Alarm) -> str:
    """How it stands, and who or what silences it."""
    words = words_of(alarm.state)
    if alarm.acknowledged_by is not None and alarm.is_active:
        words = f"{words} by {alarm.acknowledged_by}"
    if alarm.out_of_service_by is not None:
        return f"{words}, out of service by {alarm.out_of_service_by}"
    if alarm.shelved_until is not None:
        return f"{words}, shelved until {moment(alarm.shelved_until)}"
    return words if alarm.suppressed_by is None else f"{words}, suppressed by {alarm.suppressed_by}"


def alarm_journal_sheet(entries: Iterable[AlarmEntry]) -> Sheet:
    """An alarm's journal, as given."""
    sheet = Sheet(["at", "turn", "by", "what"])
    for entry in entries:
        what = f"{entry.sentence} ({entry.comment})" if entry.comment else entry.sentence
        sheet.rows.append([moment(entry.at), words_of(entry.turn), entry.by or "-", what])
    return sheet
