from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from grid.times import SECOND
from monitor.facts import Changes, Decisions, Incident, IncidentOutcome, IncidentState, Visit
from monitor.facts import VisitState as State
from monitor.store.queries.repair_times import Durations, durations, repair_times
from monitor.store.reader import LedgerReader

Stored = Callable[[Changes], LedgerReader]


def test_a_turbine_waits_until_the_first_engineer_is_sent_and_until_it_is_repaired(
    stored: Stored, incident: Callable[..., Incident], visit: Callable[..., Visit], noon: int
) -> None:
    repaired = {"state": IncidentState.CLOSED, "outcome": IncidentOutcome.REPAIRED, "closed_at": noon + 90 * SECOND}
    recovered = repaired | {"outcome": IncidentOutcome.RECOVERED}
    ended = {"state": State.VERIFIED, "ended_at": noon + 90 * SECOND, "incident_id": 1}
    decisions = Decisions(
        incidents=[incident(1, 7, **repaired), incident(2, 8), incident(3, 9, **recovered)],
        visits=[visit(1, sent_at=noon + 10 * SECOND, **ended), visit(2, sent_at=noon + 60 * SECOND, **ended)],
    )
    times = repair_times(stored(Changes(decisions=decisions)), noon)
    assert times.to_dispatch == Durations(1, 10.0, 10.0, 10.0)
    assert times.to_repair == Durations(1, 90.0, 90.0, 90.0)


def test_incidents_from_before_do_not_count(stored: Stored, incident: Callable[..., Incident], noon: int) -> None:
    closed = {"state": IncidentState.CLOSED, "outcome": IncidentOutcome.REPAIRED, "closed_at": noon + SECOND}
    reader = stored(Changes(decisions=Decisions(incidents=[incident(**closed)])))
    assert repair_times(reader, noon).to_repair.count == 1
    assert repair_times(reader, noon + 1).to_repair == Durations(0, None, None, None)


def test_percentiles_are_times_that_were_measured() -> None:
    assert durations([second * SECOND for second in range(1, 11)]) == Durations(10, 5.0, 9.0, 10.0)
    assert durations([-5]) == Durations(1, 0.0, 0.0, 0.0)


@given(st.lists(st.integers(0, 10**12), min_size=1))
def test_half_took_no_longer_than_the_median_and_nine_of_ten_no_longer_than_p90(took: list[int]) -> None:
    found = durations(sorted(took))
    assert found.median is not None
    assert found.p90 is not None
    assert found.max is not None
    assert found.median <= found.p90 <= found.max
    seconds = [each / SECOND for each in took]
    assert sum(each <= found.median for each in seconds) >= len(took) / 2
    assert sum(each <= found.p90 for each in seconds) >= len(took) * 0.9
