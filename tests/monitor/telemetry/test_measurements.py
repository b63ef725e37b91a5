from collections import Counter
from dataclasses import fields
from typing import Any

import pytest

from grid.metrics import OperationalStatus
from monitor.facts import (
    AlarmEntry,
    AlarmTurn,
    Changes,
    Committed,
    DeadLetter,
    DeadLetterReason,
    Decisions,
    Incident,
    IncidentCause,
    IncidentOutcome,
    IncidentState,
    KnowledgeCommitted,
    OutageReport,
    Reading,
    Visit,
    VisitState,
    Window,
    WindowsCommitted,
)
from monitor.telemetry.measurements import AGE_SECONDS, Histogram, Measurements

SECOND = 1_000_000


def reading(at: int, age: int) -> Reading:
    return Reading(7, at - age, 8.0, 0.1, OperationalStatus.OK, None, None, None, None, None, at)


def committed(**fields: Any) -> Committed:
    return Committed(fields.pop("stored", []), 1, [], **fields)


def found(measurements: Measurements, name: str) -> tuple[int, float]:
    """How many values a histogram has, and their sum."""
    histogram = measurements.histograms[name]
    return sum(histogram.counts), histogram.sum


def test_a_value_on_a_bound_lies_below_it() -> None:
    histogram = Histogram([1, 10])
    for value in (-5.0, 1.0, 1.5, 10.0, 11.0):
        histogram.observe(value)
    assert histogram.document() == {"bounds": [1, 10], "counts": [2, 2, 1], "sum": 23.5}


def test_bounds_ascend() -> None:
    with pytest.raises(ValueError, match="ascend"):
        Histogram([1, 1])


def test_a_name_that_is_none_is_a_bug() -> None:
    with pytest.raises(KeyError):
        Measurements().count("grid_unheard_of_total")
    with pytest.raises(KeyError):
        Measurements().observe("grid_unheard_of_seconds", 1.0)


def test_a_batch_is_measured_once_however_many_readings_it_has() -> None:
    measurements = Measurements()
    readings = [reading(100 * SECOND, 2 * SECOND), reading(100 * SECOND, 50 * SECOND)]
    counted = Counter(received=4, dropped_at_qos_0=5, statuses=6)
    letter = DeadLetter(0, "t", b"", 0, DeadLetterReason.FUTURE, "")
    changes = Changes(readings=readings, counted=counted, dead_letters=[letter])
    measurements.take_commit(changes, committed(stored=readings[:1], duplicate=1, rejected=2), 0.25)
    assert measurements.counters == {
        "grid_batches_total": 1,
        "grid_readings_received_total": 4,
        "grid_readings_stored_total": 1,
        "grid_readings_duplicate_total": 1,
        "grid_readings_posted_total": 0,
        "grid_messages_dropped_total": 5,
        "grid_statuses_received_total": 6,
        "grid_outage_reports_total": 0,
    }
    assert measurements.labelled["grid_readings_rejected_total"] == {"future": 1, "refused_by_database": 1}
    assert found(measurements, "grid_batch_readings") == (1, 2)
    assert found(measurements, "grid_reading_age_seconds") == (1, 2.0)
    assert found(measurements, "grid_commit_seconds") == (1, 0.25)


def test_an_engineer_is_timed_when_sent_and_not_when_the_order_is_repeated() -> None:
    measurements = Measurements()
    incident = Incident(1, 7, IncidentCause.BROKEN, IncidentState.VISITED, opened_at=10 * SECOND)
    visit = Visit(1, "cafe-1", 1, 7, 1, None, VisitState.SENT, sent_at=40 * SECOND)
    measurements.take_commit(Changes(decisions=Decisions(incidents=[incident], visits=[visit])), committed(), 0.0)
    visit.commands = 2
    measurements.take_commit(Changes(decisions=Decisions(visits=[visit])), committed(), 0.0)
    assert measurements.counters["grid_engineers_sent_total"] == 1
    assert found(measurements, "grid_visit_dispatch_seconds") == (1, 30.0)


def test_only_what_was_repaired_is_timed_as_a_repair() -> None:
    measurements = Measurements()
    ended = [
        Incident(number, number, IncidentCause.BROKEN, IncidentState.CLOSED, 0, closed_at=60 * SECOND, outcome=outcome)
        for number, outcome in enumerate(IncidentOutcome, start=1)
    ]
    measurements.take_commit(Changes(decisions=Decisions(incidents=ended)), committed(), 0.0)
    assert measurements.labelled["grid_incidents_closed_total"] == {"repaired": 1, "recovered": 1}
    assert found(measurements, "grid_visit_repair_seconds") == (1, 60.0)


def test_a_day_in_an_outbox_is_a_range_of_its_own() -> None:
    histogram = Histogram(AGE_SECONDS)
    histogram.observe(90_000)
    assert histogram.counts[-1] == 1


def test_what_follows_from_a_batch_is_counted_by_what_became_of_it() -> None:
    measurements = Measurements()
    changes, told = Changes(), KnowledgeCommitted(WindowsCommitted([window(1), window(1), window(3)]))
    knowledge = changes.knowledge
    knowledge.outages.reports.append(OutageReport("crane", "rust", SECOND, SECOND))
    knowledge.alarms.journal += [entry(AlarmTurn.RAISED), entry(AlarmTurn.ACKNOWLEDGED), entry(AlarmTurn.RAISED)]
    measurements.take_commit(changes, committed(knowledge=told), 0.25)
    assert measurements.counters["grid_outage_reports_total"] == 1
    assert measurements.labelled["grid_windows_total"] == {"first": 2, "corrected": 1}
    assert measurements.labelled["grid_alarms_total"] == {"raised": 2, "acknowledged": 1}


def window(revision: int) -> Window:
    figures: dict[str, Any] = {field.name: 0 for field in fields(Window)}
    return Window(**figures | {"revision": revision})


def entry(turn: AlarmTurn) -> AlarmEntry:
    return AlarmEntry(SECOND, 1, turn, "turbine 7 is broken")
