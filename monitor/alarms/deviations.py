"""Lasting deviations from a turbine's own normal: one condition for each quantity, or one for many turbines."""

from collections.abc import Iterable, Mapping

from monitor.alarms.conditions import Condition, Signs, Switches
from monitor.alarms.rules import MANY_DEVIATING, TURBINE_DEVIATING
from monitor.alarms.settings import AlarmSettings
from monitor.alarms.together import Together
from monitor.facts import Alarm, Finding, FindingKind, Now, TurbineRecord, controller_of


class Deviations:
    """Watches the findings. They have delays of their own; silence is judged by the link."""

    def __init__(self, settings: AlarmSettings) -> None:
        self._switches = Switches()
        self._deviating = Together(settings)
        self._open: dict[int, dict[int, str]] = {}
        """The findings that last: number and quantity, by turbine."""

    def remember(self, alarm: Alarm, now: Now) -> None:
        """Know a turbine as deviating, of which an alarm says so: alone, or together with others."""
        if alarm.rule != TURBINE_DEVIATING or alarm.turbine_number is None:
            return
        if alarm.suppressed_by == MANY_DEVIATING:
            self._deviating.join(alarm.turbine_number, now)
        else:
            self._deviating.remember(alarm.turbine_number)

    def take(self, findings: Iterable[Finding], turbines: Mapping[int, TurbineRecord], now: Now, signs: Signs) -> None:
        """See which findings are new, changed or over; and whether many turbines deviate together."""
        for finding in findings:
            if finding.kind is not FindingKind.SILENCE:
                self._see(finding, turbines.get(finding.turbine_number), now, signs)
        together = self._deviating.count(len(turbines), now)
        self._switches.set(
            signs,
            MANY_DEVIATING,
            on=together > 0,
            sentence=lambda: f"{together:,} of {len(turbines):,} turbines began to deviate within minutes.",
        )

    def _see(self, finding: Finding, turbine: TurbineRecord | None, now: Now, signs: Signs) -> None:
        number, quantity = finding.turbine_number, finding.quantity
        subject = f"{controller_of(number)}/{quantity}"
        there = self._open.setdefault(number, {})
        if finding.lasting and finding.until is None:
            there[finding.finding_id] = quantity
            self._deviating.join(number, now)
            region = None if turbine is None else turbine.region
            signs.on(Condition(TURBINE_DEVIATING, subject, finding.sentence, number, region))
            return
        there.pop(finding.finding_id, None)
        if quantity not in there.values():
            signs.off(TURBINE_DEVIATING, subject)
        if not there:
            del self._open[number]
            self._deviating.leave(number)
