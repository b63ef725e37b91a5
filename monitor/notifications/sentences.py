"""The words of a notification: what, where, since when, what to do, and where to look."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from monitor.facts import Alarm, Severity, Telling
from monitor.notifications.plan import Plan

LONGEST_TITLE = 120
MOST_ALARMS = 20
"""How many one message tells one by one."""


@dataclass(frozen=True, slots=True)
class Message:
    """What a person reads, and how urgent it is."""

    title: str
    body: str
    severity: Severity


def compose(plan: Plan, told: Sequence[tuple[Telling, Alarm]], guidance: Mapping[str, str]) -> Message:
    """One message about these alarms, and what its receiver was told of each before; the most urgent first."""
    ordered = sorted(told, key=lambda one: (not one[1].is_active, one[1].severity.place, one[1].raised_at))
    parts = [_about(plan, telling, alarm, guidance) for telling, alarm in ordered[:MOST_ALARMS]]
    if len(ordered) > MOST_ALARMS:
        parts.append(f"And {len(ordered) - MOST_ALARMS} more.")
    if plan.page_url:
        parts.append(f"All alarms: {plan.page_url}/alarms")
    title = _title(ordered)
    severity = min((alarm.severity for _, alarm in ordered), key=lambda severity: severity.place)
    return Message(
        title if len(title) <= LONGEST_TITLE else f"{title[: LONGEST_TITLE - 1]}…", "\n\n".join(parts), severity
    )


def compose_test(plan: Plan, receiver: str, by: str, now: int) -> Message:
    """A message by which somebody sees that a receiver is reached."""
    words = (
        f"This is a test of the receiver {receiver}, asked for by {by} at {_moment(plan, now)}. Nothing is to be done."
    )
    return Message(f"Test of {receiver}", words, Severity.LOW)


def _title(told: Sequence[tuple[Telling, Alarm]]) -> str:
    if len(told) == 1:
        ((telling, alarm),) = told
        if not alarm.is_active:
            return f"Cleared: {_what(alarm)}"
        again = ", still" if telling.times else ""
        return f"{alarm.severity.upper()}{again}: {_what(alarm)}"
    active = Counter(alarm.severity for _, alarm in told if alarm.is_active)
    counts = [f"{active[severity]} {severity}" for severity in Severity if active[severity]]
    cleared = len(told) - active.total()
    counts += [f"{cleared} cleared"] if cleared else []
    return f"{len(told)} alarms{_where(told)}: {', '.join(counts)}"


def _where(told: Sequence[tuple[Telling, Alarm]]) -> str:
    regions = {alarm.region for _, alarm in told}
    region = regions.pop()
    return f" in {region}" if region and not regions else ""


def _about(plan: Plan, telling: Telling, alarm: Alarm, guidance: Mapping[str, str]) -> str:
    lines = [f"{_what(alarm)}{_place(alarm)}."]
    since = f"Since {_moment(plan, alarm.raised_at)}, {alarm.severity}"
    if not alarm.is_active:
        since += f"; cleared {_moment(plan, alarm.cleared_at or alarm.changed_at)}"
    elif telling.times:
        since += f"; nobody has acknowledged it, this is message {telling.times + 1}"
    lines.append(f"{since}.")
    if alarm.is_active and alarm.rule in guidance:
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
