"""All alarms that ever were: found by condition and by number, with those that are not normal at hand."""

from collections.abc import Iterable

from monitor.alarms.conditions import Condition, Key
from monitor.alarms.delays import Delays
from monitor.alarms.rules import INHIBITS, RULES
from monitor.alarms.summary import counts_of
from monitor.facts import Alarm, AlarmCounts, AlarmState, controller_of


class Register:
    """One alarm for each condition. Its rows are live: they are written before the next batch."""

    def __init__(self, alarms: Iterable[Alarm], next_alarm_id: int) -> None:
        self._next_alarm_id = next_alarm_id
        self._by_key: dict[Key, Alarm] = {}
        self.by_id: dict[int, Alarm] = {}
        self.open: dict[Key, Alarm] = {}
        """Those that are not normal."""
        self.shelved: dict[Key, Alarm] = {}
        self._open_of: dict[int, dict[Key, Alarm]] = {}
        for alarm in alarms:
            self._by_key[alarm.rule, alarm.subject] = self.by_id[alarm.alarm_id] = alarm
            self.settle(alarm)

    @property
    def active(self) -> list[Key]:
        """The conditions of which an alarm is active."""
        return [key for key, alarm in self.open.items() if alarm.is_active]

    @property
    def waiting(self) -> list[Alarm]:
        """Those that wait to be acknowledged."""
        return [alarm for alarm in self.open.values() if alarm.waits]

    def get(self, key: Key) -> Alarm | None:
        """The alarm of a condition that held before."""
        return self._by_key.get(key)

    def of(self, condition: Condition, at: int) -> Alarm:
        """The alarm of a condition; a new one is normal."""
        found = self._by_key.get(condition.key)
        if found is not None:
            found.region = condition.region
            return found
        alarm = Alarm(
            self._next_alarm_id,
            condition.rule,
            condition.subject,
            condition.turbine_number,
            condition.region,
            RULES[condition.rule].severity,
            AlarmState.NORMAL,
            condition.sentence,
            raised_at=at,
            changed_at=at,
        )
        self._next_alarm_id += 1
        self._by_key[condition.key] = self.by_id[alarm.alarm_id] = alarm
        return alarm

    def settle(self, alarm: Alarm) -> None:
        """Keep it at hand, or not, as it is now."""
        key = (alarm.rule, alarm.subject)
        own = self._open_of.setdefault(alarm.turbine_number, {}) if alarm.turbine_number is not None else {}
        if alarm.state is AlarmState.NORMAL:
            self.open.pop(key, None)
            own.pop(key, None)
            if not own:
                self._open_of.pop(alarm.turbine_number or 0, None)
        else:
            self.open[key] = own[key] = alarm
        if alarm.shelved_until is None:
            self.shelved.pop(key, None)
        else:
            self.shelved[key] = alarm

    def suppressor_of(self, alarm: Alarm, delays: Delays) -> str | None:
        """The rule whose alarm speaks for this one, or will if its condition lasts."""
        rule = RULES.get(alarm.rule)
        for name in () if rule is None else rule.inhibited_by:
            subject = RULES[name].subject or controller_of(alarm.turbine_number or 0)
            inhibitor = self.open.get((name, subject))
            if (inhibitor is not None and inhibitor.is_active) or delays.is_coming((name, subject)):
                return name
        return None

    def inhibited(self, by: Alarm) -> list[Alarm]:
        """The active alarms for which this one speaks, or spoke."""
        rules = INHIBITS.get(by.rule)
        if rules is None:
            return []
        near = self.open if by.turbine_number is None else self._open_of.get(by.turbine_number, {})
        return [alarm for alarm in near.values() if alarm.rule in rules and alarm.is_active]

    def counts(self) -> AlarmCounts:
        """All of them at a glance."""
        return counts_of([one for one in self.by_id.values() if one.state is not AlarmState.NORMAL or one.is_silenced])
