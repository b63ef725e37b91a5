"""What the deciders beyond fleet and dispatcher are told of a batch."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from monitor.facts.alarms import AlarmOrder
from monitor.facts.beliefs import Told, TurbineRecord
from monitor.facts.decisions import Decisions, Incident
from monitor.facts.news import Reading
from monitor.facts.notifications import NotificationTest, Receipt
from monitor.facts.outages import OutageReport
from monitor.facts.troubles import Troubles


@dataclass(frozen=True, slots=True)
class Heard:
    """What a batch brought, and what fleet and dispatcher make of it.

    The first one after a start, or after a failed commit, tells of no change: a decider looks at `turbines` and
    `incidents` then, and sees what it had not written yet.
    """

    readings: Sequence[Reading]
    told: Sequence[Told]
    turbines: Mapping[int, TurbineRecord]
    """All of them; links, health and births are up to date, the newest readings are not."""
    decisions: Decisions
    incidents: Mapping[int, Incident]
    """The open ones, by turbine."""
    troubles: Troubles = field(default_factory=Troubles)
    outage_reports: Sequence[OutageReport] = ()
    alarm_orders: Sequence[AlarmOrder] = ()
    receipts: Sequence[Receipt] = ()
    tests: Sequence[NotificationTest] = ()
    missing: Callable[[], Mapping[int, int]] = dict
    """How many readings are missing, of each turbine that lacks any: not to be asked for every batch."""
