"""Alarms: one per condition, latched until it is clear and acknowledged."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from monitor.alarms import life
from monitor.alarms.conditions import Condition, Key, Signs
from monitor.alarms.delays import Delays
from monitor.alarms.deviations import Deviations
from monitor.alarms.life import Step
from monitor.alarms.links import Links
from monitor.alarms.oneself import Gaps, Oneself
from monitor.alarms.orders import obey
from monitor.alarms.register import Register
from monitor.alarms.repairs import Repairs
from monitor.alarms.rules import INHIBITS, RANK, RULES, TURBINE_OFFLINE, TURBINE_SILENT
from monitor.alarms.settings import AlarmSettings
from monitor.facts import (
    Alarm,
    AlarmAnswer,
    AlarmChanges,
    AlarmCounts,
    AlarmOrder,
    Finding,
    Heard,
    Link,
    Now,
    RememberedKnowledge,
)


class Alarms:
    """Holds every condition that was ever raised, and decides what people must be told.

    Delays run by `Now.watched`, shelvings end by `Now.utc`. After a start, or a failed commit, the rows of the store
    say what was raised and who acknowledged it; what holds now is seen anew, and delays begin anew. An alarm about a
    link of which nothing is known yet stays as it is.
    """

    def __init__(self, remembered: RememberedKnowledge, *, settings: AlarmSettings | None = None) -> None:
        """Continue with the alarms that the store has."""
        settings = settings or AlarmSettings()
        self._register = Register(remembered.alarms, remembered.next_alarm_id)
        self._findings_at_start = remembered.open_findings
        self._has_begun = False
        self._delays = Delays()
        self._called_off = False
        """Whether an alarm that was to speak for others does not come after all."""
        self._links = Links(settings)
        self._repairs = Repairs(settings)
        self._oneself = Oneself(settings)
        self._gaps = Gaps(settings)
        self._deviations = Deviations(settings)

    def counts(self) -> AlarmCounts:
        """All of them at a glance."""
        return self._register.counts()

    def take(self, heard: Heard, findings: Iterable[Finding], failing: str | None, now: Now) -> AlarmChanges:
        """Judge a batch's beliefs, incidents, findings and troubles, look at the deadlines, and obey people.

        `failing` says in words which receivers of notifications take none.
        """
        signs = Signs()
        if not self._has_begun:
            self._begin(heard, now, signs)
        self._watch(heard, findings, failing, now, signs)
        self._delay(signs, now)
        due = self._delays.take_due(now.watched)
        due += self._many(due, len(heard.turbines), now)
        step = Step(now.utc)
        for key, condition in sorted(due, key=_place):
            self._turn(key, condition, step)
        self._end_shelvings(step)
        if self._called_off:
            self._let_speak(step)
        answers = [self._obey(order, step) for order in heard.alarm_orders]
        return replace(step.changes(), answers=answers)

    # --- what is seen

    def _watch(self, heard: Heard, findings: Iterable[Finding], failing: str | None, now: Now, signs: Signs) -> None:
        turbines = heard.turbines
        if heard.told:
            self._links.take(heard.told, turbines, now, signs)
        self._repairs.hear(heard.decisions.visits)
        self._repairs.take(heard.decisions.incidents, turbines, now, signs)
        self._deviations.take(findings, turbines, now, signs)
        self._oneself.take(heard.troubles, failing, now, signs)
        if self._gaps.is_due(now):
            self._gaps.take(heard.missing(), turbines, now, signs)

    def _begin(self, heard: Heard, now: Now, signs: Signs) -> None:
        """See how things stand; what was raised and is not seen any more is over."""
        self._has_begun = True
        self._called_off = True  # what was about to speak for others may not be there any more
        for key in self._register.active:
            self._remember(self._register.open[key], now)
        self._links.begin(heard.turbines, now, signs)
        self._repairs.begin(heard.incidents.values(), heard.turbines, now, signs)
        self._deviations.take(self._findings_at_start, heard.turbines, now, signs)
        self._findings_at_start = []
        there = {key for key, condition in signs.seen if condition is not None}
        for key in self._register.active:
            if key not in there and not self._is_unknown(key, heard):
                signs.off(*key)

    def _remember(self, alarm: Alarm, now: Now) -> None:
        """Whoever watches for long before it tells knows from its alarms what it had seen."""
        self._links.remember(alarm, now)
        self._deviations.remember(alarm, now)
        self._repairs.remember(alarm)
        self._oneself.remember(alarm, now)
        self._gaps.remember(alarm)

    def _is_unknown(self, key: Key, heard: Heard) -> bool:
        alarm = self._register.get(key)
        if alarm is None or alarm.turbine_number is None or key[0] not in (TURBINE_OFFLINE, TURBINE_SILENT):
            return False
        turbine = heard.turbines.get(alarm.turbine_number)
        return turbine is not None and turbine.link is Link.UNKNOWN

    # --- delays

    def _delay(self, signs: Signs, now: Now) -> None:
        if signs.doubted:
            self._called_off |= self._delays.cancel_raising(signs.doubted)
        for key, condition in signs.seen:
            alarm = self._register.open.get(key)
            is_active = alarm is not None and alarm.is_active
            if is_active is (condition is not None):  # as it is: what would have changed it does not
                self._called_off |= self._delays.cancel(key) and key[0] in INHIBITS and not is_active
                continue
            planned = self._delays.get(key)
            due = now.watched + _delay_of(key, condition)
            if planned is None or due < planned.due:
                self._delays.plan(key, due, condition)

    def _many(
        self, due: Sequence[tuple[Key, Condition | None]], turbines: int, now: Now
    ) -> list[tuple[Key, Condition | None]]:
        """Whether many are gone together, now that it is known who is silent for good: before each has its alarm."""
        for (rule, _), condition in due:
            if rule == TURBINE_SILENT and condition is not None and condition.turbine_number is not None:
                self._links.miss(condition.turbine_number, now)
        signs = Signs()
        self._links.judge(turbines, now, signs)
        self._delay(signs, now)
        return self._delays.take_due(now.watched) if signs.seen else []

    # --- turns

    def _turn(self, key: Key, condition: Condition | None, step: Step) -> None:
        if condition is not None:
            alarm = self._register.of(condition, step.at)
            if alarm.is_active:
                return
            alarm.suppressed_by = self._register.suppressor_of(alarm, self._delays)
            life.become_active(alarm, condition.sentence, RULES[condition.rule].severity, step)
        else:
            found = self._register.get(key)
            if found is None or not found.is_active:
                return
            alarm = found
            life.become_clear(alarm, step)
        self._register.settle(alarm)
        for other in self._register.inhibited(alarm):
            life.suppress(other, self._register.suppressor_of(other, self._delays), step)

    def _let_speak(self, step: Step) -> None:
        self._called_off = False
        for alarm in self._register.open.values():
            if alarm.suppressed_by is not None:
                life.suppress(alarm, self._register.suppressor_of(alarm, self._delays), step)

    def _end_shelvings(self, step: Step) -> None:
        for alarm in [alarm for alarm in self._register.shelved.values() if (alarm.shelved_until or 0) <= step.at]:
            life.unshelve(alarm, None, "", step)
            self._register.settle(alarm)

    def _obey(self, order: AlarmOrder, step: Step) -> AlarmAnswer:
        waiting: list[Alarm] = [] if order.alarm_ids else self._register.waiting
        answer = obey(order, self._register.by_id, waiting, step)
        for alarm in list(step.changed.values()) if answer.changed else ():
            self._register.settle(alarm)
        return answer


def _place(turn: tuple[Key, Condition | None]) -> tuple[bool, int]:
    """What is over comes first. Who speaks for others is raised before them, and cleared after them."""
    (rule, _), condition = turn
    rank = RANK.get(rule, 0)
    return condition is not None, -rank if condition is None else rank


def _delay_of(key: Key, condition: Condition | None) -> float:
    rule = RULES.get(key[0])
    if condition is None:
        return 0.0 if rule is None else rule.off_delay_seconds
    if condition.delay_seconds is not None:
        return condition.delay_seconds
    return 0.0 if rule is None else rule.on_delay_seconds
