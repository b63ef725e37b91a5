"""What the monitor itself reports as outages, beside what controllers report."""

from collections.abc import Iterable, Sequence

from monitor.facts import Finding, Now, OutageChanges, OutageReport, RememberedKnowledge, Told


class Outages:
    """Turns changes of belief and lasting findings into reports."""

    def __init__(self, remembered: RememberedKnowledge, *, now: Now) -> None:
        """Continue with the outages that go on."""

    def take(
        self, told: Sequence[Told], findings: Iterable[Finding], reports: Iterable[OutageReport], now: Now
    ) -> OutageChanges:
        """What is to be merged, from a batch's beliefs, findings and the reports of controllers."""
        return OutageChanges(list(reports))
