"""What the deciders after fleet and dispatcher make of a batch: part of its changes, committed with it."""

from dataclasses import dataclass, field

from monitor.facts.alarms import Alarm, AlarmChanges
from monitor.facts.baselines import BaselineChanges, BaselineRecord, Finding
from monitor.facts.notifications import Notification, NotificationChanges, Telling
from monitor.facts.outages import Outage, OutageChanges, OutageNews
from monitor.facts.outgoing import Outgoing
from monitor.facts.windows import WindowChanges, WindowMark, WindowsCommitted


@dataclass(slots=True)
class KnowledgeChanges:
    """What one batch changes beyond readings, fleet and dispatch."""

    windows: WindowChanges = field(default_factory=WindowChanges)
    outages: OutageChanges = field(default_factory=OutageChanges)
    baselines: BaselineChanges = field(default_factory=BaselineChanges)
    alarms: AlarmChanges = field(default_factory=AlarmChanges)
    notifications: NotificationChanges = field(default_factory=NotificationChanges)


@dataclass(frozen=True, slots=True)
class KnowledgeCommitted:
    """What only the ledger could tell: figured from what it has."""

    windows: WindowsCommitted = field(default_factory=WindowsCommitted)
    outages: list[OutageNews] = field(default_factory=list)
    outgoing: list[Outgoing] = field(default_factory=list)
    """What is to be told of it for certain: written to the outbox in the same transaction."""
    losses_wait: bool = False
    """Whether lost energies wait to be figured with the next commits."""


@dataclass(slots=True)
class RememberedKnowledge:
    """What the ledger knows of it when the monitor starts, or after a failed commit."""

    window_marks: list[WindowMark] = field(default_factory=list)
    """The first ones; the rest is asked for, since after a restore there may be millions."""
    ongoing_outages: list[Outage] = field(default_factory=list)
    controllers: list[str] = field(default_factory=list)
    """Who ever had an outage."""
    baselines: list[BaselineRecord] = field(default_factory=list)
    open_findings: list[Finding] = field(default_factory=list)
    next_finding_id: int = 1
    alarms: list[Alarm] = field(default_factory=list)
    next_alarm_id: int = 1
    notifications: list[Notification] = field(default_factory=list)
    """Those that wait, and of each receiver the one that ended last."""
    tellings: list[Telling] = field(default_factory=list)
    told_alarms: list[Alarm] = field(default_factory=list)
    """The alarms that the tellings are about."""
    next_notification_id: int = 1
