"""Lasting deviations from a turbine's own normal: one condition for each quantity."""

from collections.abc import Iterable, Mapping

from monitor.alarms.conditions import Condition, Signs
from monitor.alarms.rules import TURBINE_DEVIATING
from monitor.facts import Finding, FindingKind, TurbineRecord, controller_of


class Deviations:
    """Watches the findings. They have delays of their own; silence is judged by the link."""

    def __init__(self) -> None:
        self._open: dict[str, set[int]] = {}
        """The numbers of the findings that last, by subject."""

    def take(self, findings: Iterable[Finding], turbines: Mapping[int, TurbineRecord], signs: Signs) -> None:
        """See which findings are new, changed or over."""
        for finding in findings:
            if finding.kind is not FindingKind.SILENCE:
                self._see(finding, turbines.get(finding.turbine_number), signs)

    def _see(self, finding: Finding, turbine: TurbineRecord | None, signs: Signs) -> None:
        number = finding.turbine_number
        subject = f"{controller_of(number)}/{finding.quantity}"
        there = self._open.setdefault(subject, set())
        if finding.lasting and finding.until is None:
            there.add(finding.finding_id)
            region = None if turbine is None else turbine.region
            signs.on(Condition(TURBINE_DEVIATING, subject, finding.sentence, number, region))
            return
        there.discard(finding.finding_id)
        if not there:
            del self._open[subject]
            signs.off(TURBINE_DEVIATING, subject)
