"""What follows from a batch beyond fleet and dispatch: each decider in its turn, fed by those before it."""

from dataclasses import dataclass, field

from monitor.alarms.alarms import Alarms
from monitor.alarms.rules import GUIDANCE
from monitor.alarms.settings import AlarmSettings
from monitor.baselines.baselines import Baselines
from monitor.facts import Heard, KnowledgeChanges, KnowledgeCommitted, Now, RememberedKnowledge
from monitor.notifications.notifications import Notifications
from monitor.notifications.plan import NO_PLAN, Plan
from monitor.outages.outages import Outages
from monitor.windows.windows import Windows


@dataclass(frozen=True, slots=True)
class KnowledgeSettings:
    """What the deciders can be told."""

    allowed_lateness_seconds: float = 5.0
    """How far behind its turbine's newest reading another may come and still be in its window's first figures."""
    outage_tolerance_seconds: float = 720.0
    """Reports of the same kind that lie no further apart are one outage."""
    alarms: AlarmSettings = field(default_factory=AlarmSettings)
    """When something is worth a person's time."""
    plan: Plan = NO_PLAN
    """Who is told of which alarm."""


class Knowledge:
    """Windows, baselines, outages, alarms and notifications, in the order in which one feeds the next."""

    def __init__(
        self, remembered: RememberedKnowledge, *, now: Now, settings: KnowledgeSettings = KnowledgeSettings()
    ) -> None:
        """Continue with what the store has; dropped, and made anew, after a failed commit."""
        self.windows = Windows(remembered, now=now, allowed_lateness_seconds=settings.allowed_lateness_seconds)
        self.baselines = Baselines(remembered, now=now)
        self.outages = Outages(remembered, tolerance_seconds=settings.outage_tolerance_seconds)
        self.alarms = Alarms(remembered, settings=settings.alarms)
        self.notifications = Notifications(remembered, now=now, plan=settings.plan, guidance=GUIDANCE)

    def decide(self, heard: Heard, now: Now) -> KnowledgeChanges:
        """What is to be committed with the batch."""
        windows = self.windows.take(heard.readings, now)
        baselines = self.baselines.take(heard.readings, heard.turbines, now)
        outages = self.outages.take(heard.told, baselines.findings, heard.outage_reports, now)
        alarms = self.alarms.take(heard, baselines.findings, self.notifications.failing, now)
        notifications = self.notifications.take(alarms, heard.receipts, heard.tests, now)
        return KnowledgeChanges(windows, outages, baselines, alarms, notifications)

    def settle(self, committed: KnowledgeCommitted) -> None:
        """Take what only the ledger could tell, after the commit of what was decided last."""
        self.windows.settle(committed.windows)
        self.outages.settle(committed)
