"""Alarms: one per condition, latched until it is clear and acknowledged."""

from collections.abc import Iterable, Mapping, Sequence

from monitor.facts import AlarmChanges, AlarmOrder, Finding, Now, RememberedKnowledge, Told, TurbineRecord


class Alarms:
    """Holds every condition that was ever raised, and decides what people must be told."""

    def __init__(self, remembered: RememberedKnowledge, *, now: Now) -> None:
        """Continue with the alarms that the store has."""

    def take(
        self,
        told: Sequence[Told],
        findings: Iterable[Finding],
        orders: Sequence[AlarmOrder],
        turbines: Mapping[int, TurbineRecord],
        now: Now,
    ) -> AlarmChanges:
        """Judge a batch's beliefs and findings, obey people, and look at the deadlines."""
        return AlarmChanges()
