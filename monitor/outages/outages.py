"""What the monitor itself reports as outages, beside what controllers report."""

from collections.abc import Iterable, Iterator, Sequence

from grid.times import SECOND
from monitor.facts import (
    BROKEN,
    DEVIATING,
    OFFLINE,
    Belief,
    Finding,
    FindingKind,
    Health,
    KnowledgeCommitted,
    Link,
    Now,
    OutageChanges,
    OutageReport,
    RememberedKnowledge,
    Told,
    controller_of,
)

ANOTHER_TIME = 86_400 * SECOND
"""A turbine whose newest reading is older than this lives in another time, as in a replay: the wall clock says
nothing of it.
"""


class Outages:
    """Turns changes of belief and lasting findings into reports.

    Broken is a turbine from the reading that says so first until the first one that does not, or until nobody hears
    it any more. Offline it is from its last reading until its link is back: an unknown link says nothing. Deviating it
    is while a lasting finding is open; silence is none, that is what offline is for.
    """

    def __init__(self, remembered: RememberedKnowledge, *, tolerance_seconds: float = 720.0) -> None:
        """Continue with the outages that go on."""
        self._tolerance_seconds = tolerance_seconds
        self._going_on = {
            (outage.turbine_number, outage.outage_type): outage.ongoing_since
            for outage in remembered.ongoing_outages
            if outage.turbine_number is not None and outage.ongoing_since is not None
        }
        self._findings: dict[int, set[int]] = {}
        for finding in remembered.open_findings:
            if _counts(finding):
                self._findings.setdefault(finding.turbine_number, set()).add(finding.finding_id)
        self._losses_wait = True
        """Unknown at the start: the first commit tells."""

    @property
    def ongoing(self) -> int:
        """How many outages of turbines go on."""
        return len(self._going_on)

    def take(
        self, told: Sequence[Told], findings: Iterable[Finding], reports: Iterable[OutageReport], now: Now
    ) -> OutageChanges:
        """What is to be merged, from a batch's beliefs, findings and the reports of controllers."""
        found = list(reports)
        for item in told:
            if type(item) is Belief:
                found += self._of_health(item)
                found += self._of_link(item)
        for finding in findings:
            if _counts(finding):
                found += self._of_finding(finding, now)
        return OutageChanges(found, self._losses_wait, self._tolerance_seconds)

    def settle(self, committed: KnowledgeCommitted) -> None:
        """Take from the commit whether lost energies still wait: then the next one is due, though nothing happens."""
        self._losses_wait = committed.losses_wait

    def _of_health(self, belief: Belief) -> Iterator[OutageReport]:
        at = belief.received_at if belief.emitted_at is None else belief.emitted_at
        if belief.health is Health.BROKEN:
            yield from self._begin(belief.turbine_number, BROKEN, at, belief.received_at)
        else:
            yield from self._end(belief.turbine_number, BROKEN, at, belief.received_at)

    def _of_link(self, belief: Belief) -> Iterator[OutageReport]:
        received_at = belief.received_at
        emitted_at = received_at if belief.emitted_at is None else belief.emitted_at
        if belief.link is Link.OFFLINE:
            yield from self._begin(belief.turbine_number, OFFLINE, min(emitted_at, received_at), received_at)
        elif belief.link is not Link.UNKNOWN:
            at = emitted_at if received_at - emitted_at > ANOTHER_TIME else received_at
            yield from self._end(belief.turbine_number, OFFLINE, at, received_at)

    def _of_finding(self, finding: Finding, now: Now) -> Iterator[OutageReport]:
        number = finding.turbine_number
        still_open = self._findings.setdefault(number, set())
        if finding.until is None:
            still_open.add(finding.finding_id)
            yield from self._begin(number, DEVIATING, finding.since, now.utc)
            return
        yield _over(number, DEVIATING, finding.since, finding.until, now.utc)
        still_open.discard(finding.finding_id)
        if not still_open:
            del self._findings[number]
            yield from self._end(number, DEVIATING, finding.until, now.utc)

    def _begin(self, number: int, outage_type: str, since: int, received_at: int) -> Iterator[OutageReport]:
        known = self._going_on.get((number, outage_type))
        if known is not None and known <= since:
            return
        self._going_on[number, outage_type] = since
        yield OutageReport(controller_of(number), outage_type, since, received_at, ongoing=True)

    def _end(self, number: int, outage_type: str, until: int, received_at: int) -> Iterator[OutageReport]:
        since = self._going_on.pop((number, outage_type), None)
        if since is not None:
            yield _over(number, outage_type, since, until, received_at, ongoing=False)


def _over(
    number: int, outage_type: str, since: int, until: int, received_at: int, *, ongoing: bool | None = None
) -> OutageReport:
    return OutageReport(
        controller_of(number), outage_type, since, received_at, until=max(since, until), ongoing=ongoing
    )


def _counts(finding: Finding) -> bool:
    return finding.lasting and finding.kind is not FindingKind.SILENCE
