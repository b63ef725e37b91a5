"""What the running monitor measures of itself: counters and histograms, touched once per batch, never per reading.

Names and units are those of Prometheus: one prefix, base units, `_total` for what only grows. No number of a turbine
is a label. Nothing here knows a clock, or who reads it.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from grid.times import SECOND
from monitor.facts import (
    Changes,
    Committed,
    Delivery,
    Incident,
    IncidentOutcome,
    KnowledgeChanges,
    KnowledgeCommitted,
    OrderAnswer,
    VisitState,
)

Document = dict[str, Any]

SHORT_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""For what the machine does: from a commit on a fast disk to one that hangs."""

AGE_SECONDS = (0.01, 0.05, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0, 86_400.0)
"""For readings: from a wire's delay to a day in a turbine's outbox."""

REPAIR_SECONDS = (1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 14_400.0, 86_400.0)
"""For what people and turbines do."""

BATCH_SIZES = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 2000.0, 4000.0)

HISTOGRAMS: Mapping[str, tuple[Sequence[float], str]] = {
    "grid_batch_readings": (BATCH_SIZES, "Readings in a batch that brought any."),
    "grid_commit_seconds": (SHORT_SECONDS, "Time for a commit, waiting for the store's thread included."),
    "grid_text_files_seconds": (SHORT_SECONDS, "Time for a batch's lines in the turbines' text files."),
    "grid_acknowledge_seconds": (SHORT_SECONDS, "From a batch taken from the intake to its acknowledgement."),
    "grid_reading_age_seconds": (AGE_SECONDS, "From emitted to received, of a batch's first reading."),
    "grid_visit_dispatch_seconds": (REPAIR_SECONDS, "From an incident's opening to each engineer sent there."),
    "grid_visit_repair_seconds": (REPAIR_SECONDS, "From an incident's opening to its proven repair."),
}
"""Each histogram's bounds, and what it measures."""

COUNTERS: Mapping[str, str] = {
    "grid_readings_received_total": "Messages taken that must become readings or dead letters.",
    "grid_readings_stored_total": "Readings stored that were new.",
    "grid_readings_duplicate_total": "Readings that were stored already.",
    "grid_readings_posted_total": "Of the received, those that came over HTTP.",
    "grid_messages_dropped_total": "Messages at QoS 0 that found no room.",
    "grid_statuses_received_total": "Births, goodbyes and last wills of turbines.",
    "grid_batches_total": "Batches that were committed.",
    "grid_store_failures_total": "Times that the store could not commit or read; each batch is tried again.",
    "grid_broker_connections_total": "Connections to the broker that were made; the first one counts.",
    "grid_engineers_sent_total": "Engineers sent to a turbine.",
    "grid_outage_reports_total": "Reports of outages: the monitor's own, and those of others.",
}
"""What only grows, since this monitor's start."""

LABELLED: Mapping[str, tuple[str, str]] = {
    "grid_readings_rejected_total": ("reason", "Messages that became dead letters."),
    "grid_orders_total": ("outcome", "Orders of people: accepted, or refused."),
    "grid_incidents_closed_total": ("outcome", "Incidents that ended: repaired, or recovered."),
    "grid_windows_total": ("figures", "Windows of turbines that were figured: for the first time, or corrected."),
    "grid_outages_total": ("turn", "Turns of outages: began, changed, or ended."),
    "grid_findings_total": ("kind", "Deviations from a turbine's normal that have ended."),
    "grid_alarms_total": ("turn", "Turns of alarms: raised, cleared, acknowledged and so on."),
    "grid_notifications_total": ("delivery", "Notifications that were sent, or given up."),
}
"""Counters with one label: which, and what they count."""

GAUGES: Mapping[str, str] = {
    "grid_start_time_seconds": "When this monitor started, in seconds since 1970.",
    "grid_mqtt_connected": "1 while the monitor is connected to the broker and subscribed.",
    "grid_database_connected": "1 while the store takes what is committed.",
    "grid_text_files_behind": "1 while the turbines' text files lack readings that are in the database.",
    "grid_last_reading_timestamp_seconds": "When the last reading was stored, in seconds since 1970; 0 before it.",
    "grid_last_commit_timestamp_seconds": "When the last commit succeeded, in seconds since 1970; 0 before it.",
    "grid_queued_messages": "Messages that have arrived and wait for their batch.",
    "grid_pending_readings": "Messages taken that are not committed yet.",
    "grid_outbox_messages": "Committed messages that wait to be published.",
    "grid_unbalanced_readings": "Received, less stored, duplicate, rejected and pending: it must be 0.",
    "grid_missing_readings": "Readings that turbines counted, and that have not come.",
    "grid_turbines": "Turbines ever heard of.",
    "grid_engineers": "Size of the pool of engineers.",
    "grid_engineers_free": "Engineers who could go at once.",
    "grid_incidents_open": "Incidents that are open.",
    "grid_incidents_waiting": "Incidents in the waiting line.",
    "grid_windows_waiting": "Windows of which readings came that they don't tell of yet.",
    "grid_outages_ongoing": "Outages of turbines that go on.",
    "grid_alarms_active": "Alarms whose condition holds now.",
    "grid_alarms_unacknowledged": "Alarms, active or cleared, that nobody has acknowledged.",
    "grid_alarms_suppressed": "Active alarms for which another one speaks.",
    "grid_alarms_silenced": "Alarms that people have shelved, or taken out of service.",
    "grid_notifications_waiting": "Notifications that wait for their time, or for their next attempt.",
    "grid_feed_followers": "Programs that follow the monitor, such as the pages' process.",
}
"""What stands at a value when it is asked for."""


class Histogram:
    """How often values fell into which range. A value equal to a bound lies below it, as in Prometheus."""

    def __init__(self, bounds: Sequence[float]) -> None:
        """`bounds` are upper bounds, ascending; the last range has none."""
        if any(low >= high for low, high in pairwise(bounds)):
            raise ValueError("bounds must ascend")
        self.bounds = tuple(bounds)
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """Count a value; what is below zero (a clock that was set) counts as zero."""
        value = max(0.0, value)
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    def document(self) -> Document:
        """`counts` has one entry more than `bounds`, and each value is in one of them: they are not cumulative."""
        return {"bounds": list(self.bounds), "counts": list(self.counts), "sum": self.sum}


class Measurements:
    """All that is counted since this monitor's start. Durations are in seconds, times in microseconds since 1970."""

    def __init__(self) -> None:
        self.counters: Counter[str] = Counter()
        self.labelled: dict[str, Counter[str]] = {name: Counter() for name in LABELLED}
        self.histograms = {name: Histogram(bounds) for name, (bounds, _) in HISTOGRAMS.items()}

    def observe(self, name: str, value: float) -> None:
        """Count a value in a histogram. Raises KeyError for a name that is none."""
        self.histograms[name].observe(value)

    def count(self, name: str, more: int = 1) -> None:
        """Raise a counter. Raises KeyError for a name that is none."""
        if name not in COUNTERS:
            raise KeyError(name)
        self.counters[name] += more

    def take_commit(self, changes: Changes, committed: Committed, seconds: float) -> None:
        """A batch is committed, which took so long."""
        self.count("grid_batches_total")
        self.observe("grid_commit_seconds", seconds)
        self._count_readings(changes, committed)
        for letter in changes.dead_letters:
            self.labelled["grid_readings_rejected_total"][letter.reason.value] += 1
        refused_by_database = committed.rejected - len(changes.dead_letters)
        if refused_by_database:
            self.labelled["grid_readings_rejected_total"]["refused_by_database"] += refused_by_database
        opened_at = {incident.incident_id: incident.opened_at for incident in changes.decisions.incidents}
        for visit in changes.decisions.visits:
            if visit.state is VisitState.SENT and visit.commands == 1:
                self._take_sent(visit.sent_at, opened_at.get(visit.incident_id))
        for incident in changes.decisions.incidents:
            self._take_incident(incident)
        for answer in changes.decisions.answers:
            self._take_order(answer)
        self._count_knowledge(changes.knowledge, committed.knowledge)

    def _count_knowledge(self, changes: KnowledgeChanges, committed: KnowledgeCommitted) -> None:
        self.count("grid_outage_reports_total", len(changes.outages.reports))
        labelled = self.labelled
        if windows := committed.windows.figured:
            first = sum(window.revision == 1 for window in windows)
            labelled["grid_windows_total"].update(first=first, corrected=len(windows) - first)
        for news in committed.outages:
            labelled["grid_outages_total"][news.turn.value] += 1
        for finding in changes.baselines.findings:
            if finding.until is not None:
                labelled["grid_findings_total"][finding.kind.value] += 1
        for entry in changes.alarms.journal:
            labelled["grid_alarms_total"][entry.turn.value] += 1
        for notification in changes.notifications.notifications:
            if notification.delivery is not Delivery.WAITING:
                labelled["grid_notifications_total"][notification.delivery.value] += 1

    def _count_readings(self, changes: Changes, committed: Committed) -> None:
        counted = changes.counted
        self.count("grid_readings_received_total", counted["received"])
        self.count("grid_readings_stored_total", len(committed.stored))
        self.count("grid_readings_duplicate_total", committed.duplicate)
        self.count("grid_readings_posted_total", counted["posted"])
        self.count("grid_messages_dropped_total", counted["dropped_at_qos_0"])
        self.count("grid_statuses_received_total", counted["statuses"])
        if changes.readings:
            first = changes.readings[0]
            self.observe("grid_batch_readings", len(changes.readings))
            self.observe("grid_reading_age_seconds", (first.received_at - first.emitted_at) / SECOND)

    def _take_sent(self, sent_at: int, opened_at: int | None) -> None:
        self.count("grid_engineers_sent_total")
        if opened_at is not None:
            self.observe("grid_visit_dispatch_seconds", (sent_at - opened_at) / SECOND)

    def _take_incident(self, incident: Incident) -> None:
        if incident.closed_at is None or incident.outcome is None:
            return
        self.labelled["grid_incidents_closed_total"][incident.outcome.value] += 1
        if incident.outcome is IncidentOutcome.REPAIRED:
            self.observe("grid_visit_repair_seconds", (incident.closed_at - incident.opened_at) / SECOND)

    def _take_order(self, answer: OrderAnswer) -> None:
        self.labelled["grid_orders_total"]["accepted" if answer.accepted else "refused"] += 1

    def document(self, gauges: Mapping[str, float]) -> Document:
        """All of it for the door `{"ask": "metrics"}`; every known name is there from the start, at zero.

        `{"counters": {name: value}, "gauges": {name: value},
        "histograms": {name: {"bounds": [...], "counts": [...], "sum": x}},
        "by_label": {name: {"label": "reason", "values": {value of the label: count}}}}`. See `Histogram.document`
        for `counts`. What each name means is in `COUNTERS`, `GAUGES`, `HISTOGRAMS` and `LABELLED`.
        """
        return {
            "counters": {name: self.counters[name] for name in COUNTERS},
            "gauges": {name: gauges.get(name, 0) for name in GAUGES},
            "histograms": {name: histogram.document() for name, histogram in self.histograms.items()},
            "by_label": {
                name: {"label": label, "values": dict(self.labelled[name])} for name, (label, _) in LABELLED.items()
            },
        }
