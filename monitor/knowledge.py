"""What follows from a batch beyond fleet and dispatch: each decider in its turn, fed by those before it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from monitor.alarms.alarms import Alarms
from monitor.baselines.baselines import Baselines
from monitor.facts import (
    AlarmOrder,
    KnowledgeChanges,
    Now,
    OutageReport,
    Reading,
    RememberedKnowledge,
    Told,
    TurbineRecord,
)
from monitor.notifications.notifications import Notifications
from monitor.outages.outages import Outages
from monitor.windows.windows import Windows


@dataclass(frozen=True, slots=True)
class Heard:
    """What a batch brought, and what the fleet makes of it."""

    readings: Sequence[Reading]
    told: Sequence[Told]
    turbines: Mapping[int, TurbineRecord]
    outage_reports: Sequence[OutageReport] = ()
    alarm_orders: Sequence[AlarmOrder] = field(default=())


class Knowledge:
    """Windows, baselines, outages, alarms and notifications, in the order in which one feeds the next."""

    def __init__(self, remembered: RememberedKnowledge, *, now: Now) -> None:
        """Continue with what the store has; dropped, and made anew, after a failed commit."""
        self.windows = Windows(remembered, now=now)
        self.baselines = Baselines(remembered, now=now)
        self.outages = Outages(remembered, now=now)
        self.alarms = Alarms(remembered, now=now)
        self.notifications = Notifications(remembered, now=now)

    def decide(self, heard: Heard, now: Now) -> KnowledgeChanges:
        """What is to be committed with the batch."""
        windows = self.windows.take(heard.readings, now)
        baselines = self.baselines.take(heard.readings, heard.turbines, now)
        outages = self.outages.take(heard.told, baselines.findings, heard.outage_reports, now)
        alarms = self.alarms.take(heard.told, baselines.findings, heard.alarm_orders, heard.turbines, now)
        notifications = self.notifications.take(alarms, now)
        return KnowledgeChanges(windows, outages, baselines, alarms, notifications)
