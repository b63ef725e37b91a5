"""The words of a notification: what, where, since when, what to do, and where to look."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from monitor.facts import Alarm, Said, Severity, Telling
from monitor.notifications.plan import Plan
from monitor.notifications.tellings import says

LONGEST_TITLE = 120
MOST_ALARMS = 20
"""How many one message tells one by one."""


@dataclass(frozen=True, slots=True)
class Message:
    """What a person reads, and how urgent it is."""

    title: str
    body: str
    severity: Severity


class _Told(NamedTuple):
    """An alarm in a message, what its receiver was told of it before, and whether it is told as over."""

    telling: Telling
    alarm: Alarm
    is_over: bool


def compose(plan: Plan, told: Sequence[tuple[Telling, Alarm]], guidance: Mapping[str, str]) -> Message:
    """One message about these alarms, and what its receiver was told of each before; the most urgent first."""
    about = [_Told(telling, alarm, says(plan, telling, alarm) is not Said.RAISED) for telling, alarm in told]
    ordered = sorted(about, key=lambda one: (one.is_over, one.alarm.severity.place, one.alarm.raised_at))
    parts = [_about(plan, one, guidance) for one in ordered[:MOST_ALARMS]]
    if len(ordered) > MOST_ALARMS:
        parts.append(f"And {len(ordered) - MOST_ALARMS} more.")
    if plan.page_url:
        parts.append(f"All alarms: {plan.page_url}/alarms")
    title = _title(ordered)
    severity = min((one.alarm.severity for one in ordered), key=lambda severity: severity.place)
    return Message(
        title if len(title) <= LONGEST_TITLE else f"{title[: LONGEST_TITLE - 1]}…", "\n\n".join(parts), severity
    )


def compose_test(plan: Plan, receiver: str, by: str, now: int) -> Message:
    """A message by which somebody sees that a receiver is reached."""
    words = (
        f"This is a test of the receiver {receiver}, asked for by {by} at {_moment(plan, now)}. Nothing is to be done."
    )
    return Message(f"Test of {receiver}", words, Severity.LOW)


def _title(told: Sequence[_Told]) -> str:
    if len(told) == 1:
        ((telling, alarm, is_over),) = told
        if is_over:
            return f"Cleared: {_what(alarm)}"
        again = ", still" if telling.times else ""
        return f"{alarm.severity.upper()}{again}: {_what(alarm)}"
    active = Counter(alarm.severity for _, alarm, is_over in told if not is_over)
    counts = [f"{active[severity]} {severity}" for severity in Severity if active[severity]]
    cleared = len(told) - active.total()
    counts += [f"{cleared} cleared"] if cleared else []
    return f"{len(told)} alarms{_where(told)}: {', '.join(counts)}"


def _where(told: Sequence[_Told]) -> str:
    regions = {one.alarm.region for one in told}
    region = regions.pop()
    return f" in {region}" if region and not regions else ""


def _about(plan: Plan, told: _Told, guidance: Mapping[str, str]) -> str:
    telling, alarm, is_over = told
    lines = [f"{_what(alarm)}{_place(alarm)}."]
    since = f"Since {_moment(plan, alarm.raised_at)}, {alarm.severity}"
    if is_over:
        since += f"; cleared {_moment(plan, alarm.cleared_at or alarm.changed_at)}"
    elif not alarm.is_active:
        since += f"; it comes and goes, {alarm.occurrences} times by now"
    elif telling.times:
        since += f"; nobody has acknowledged it, this is message {telling.times + 1}"
    lines.append(f"{since}.")
    if not is_over and alarm.rule in guidance:
        lines.append(f"What to do: {guidance[alarm.rule]}")
    if plan.page_url and alarm.turbine_number is not None:
        lines.append(f"{plan.page_url}/turbines/{alarm.turbine_number}")
    return "\n".join(lines)


def _what(alarm: Alarm) -> str:
    return alarm.sentence.rstrip(".")


def _place(alarm: Alarm) -> str:
    return f" ({alarm.region})" if alarm.region and alarm.region not in alarm.sentence else ""


def _moment(plan: Plan, at: int) -> str:
    return f"{plan.local(at):%Y-%m-%d %H:%M} ({plan.zone_name})"
