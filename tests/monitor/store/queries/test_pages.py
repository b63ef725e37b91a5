from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.facts import (
    Action,
    Changes,
    DeadLetter,
    DeadLetterReason,
    Decisions,
    Event,
    Incident,
    IncidentState,
    Reading,
    Visit,
)
from monitor.store.errors import StoreTooSlowError
from monitor.store.queries.pages import (
    Page,
    Turn,
    dead_letters_page,
    events_page,
    incidents_page,
    readings_page,
    visits_page,
)
from monitor.store.reader import LedgerReader

Stored = Callable[[Changes], LedgerReader]


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("limit", [1, 3, 10, 11])
def test_page_after_page_brings_each_reading_once_and_in_order(
    stored: Stored, reading: Callable[..., Reading], limit: int, newest_first: bool
) -> None:
    reader = stored(Changes(readings=[reading(turbine, second) for second in range(10) for turbine in (7, 8)]))
    found: list[Reading] = []
    after: int | None = None
    while True:
        page = readings_page(reader, Turn(limit, after, newest_first), 7)
        found += [record for _, record in page.records]
        if page.next_key is None:
            break
        assert len(page.records) == limit
        after = page.next_key
    seconds = range(10) if not newest_first else range(9, -1, -1)
    assert found == [reading(7, second) for second in seconds]


def test_readings_that_come_meanwhile_do_not_shift_the_pages(stored: Stored, reading: Callable[..., Reading]) -> None:
    reader = stored(Changes(readings=[reading(second=second) for second in range(4)]))
    first = readings_page(reader, Turn(2), 7)
    reader = stored(Changes(readings=[reading(second=9)]))
    second = readings_page(reader, Turn(2, first.next_key), 7)
    assert [record.emitted_at for _, record in second.records] == [
        reading(second=1).emitted_at,
        reading(second=0).emitted_at,
    ]


def test_a_time_bounds_readings_from_its_beginning_on_and_before_its_end(
    stored: Stored, reading: Callable[..., Reading], noon: int
) -> None:
    reader = stored(Changes(readings=[reading(second=second) for second in range(5)]))
    page = readings_page(reader, Turn(10), 7, since=noon + 1_000_000, until=noon + 3_000_000)
    assert [key for key, _ in page.records] == [noon + 2_000_000, noon + 1_000_000]
    for newest_first, expected in ((True, [noon + 1_000_000]), (False, [])):
        page = readings_page(
            reader, Turn(10, noon + 2_000_000, newest_first), 7, since=noon + 1_000_000, until=noon + 3_000_000
        )
        assert [key for key, _ in page.records] == expected


def test_incidents_are_found_by_turbine_state_and_time(
    stored: Stored, incident: Callable[..., Incident], noon: int
) -> None:
    closed = {"state": IncidentState.CLOSED, "closed_at": noon + 9}
    incidents = [incident(1, 7, **closed), incident(2, 8), incident(3, 7, opened_at=noon + 5)]
    reader = stored(Changes(decisions=Decisions(incidents=incidents)))

    def numbers(page: Page[Incident]) -> list[int]:
        return [record.incident_id for _, record in page.records]

    assert numbers(incidents_page(reader, Turn(10))) == [3, 2, 1]
    assert numbers(incidents_page(reader, Turn(10), is_open=True)) == [3, 2]
    assert numbers(incidents_page(reader, Turn(10), is_open=False)) == [1]
    assert numbers(incidents_page(reader, Turn(10), turbine_number=7)) == [3, 1]
    assert numbers(incidents_page(reader, Turn(10), since=noon + 5)) == [3]
    assert numbers(incidents_page(reader, Turn(10), until=noon + 5)) == [2, 1]


def test_visits_are_found_by_incident_turbine_and_state(
    stored: Stored, incident: Callable[..., Incident], visit: Callable[..., Visit]
) -> None:
    decisions = Decisions(
        incidents=[incident(1, 7), incident(2, 8)], visits=[visit(1, 7, engineer=1), visit(2, 8, engineer=2)]
    )
    reader = stored(Changes(decisions=decisions))
    assert [key for key, _ in visits_page(reader, Turn(10)).records] == [2, 1]
    assert [key for key, _ in visits_page(reader, Turn(10), incident_id=1).records] == [1]
    assert [key for key, _ in visits_page(reader, Turn(10), turbine_number=8).records] == [2]
    assert visits_page(reader, Turn(10), is_open=False).records == []


def test_decisions_and_dead_letters_carry_the_number_that_orders_them(
    stored: Stored, dead_letter: Callable[..., DeadLetter], noon: int
) -> None:
    events = [Event(noon, turbine, Action.TURBINE_HELD, f"T-{turbine} is on hold") for turbine in (7, 8, 7)]
    letters = [dead_letter(), dead_letter(reason=DeadLetterReason.INVALID)]
    reader = stored(Changes(decisions=Decisions(events=events), dead_letters=letters))
    assert events_page(reader, Turn(2)).next_key == 2
    assert [key for key, _ in events_page(reader, Turn(10), turbine_number=7).records] == [3, 1]
    assert dead_letters_page(reader, Turn(10), reason="invalid").records == [(2, letters[1])]


def test_what_is_open_is_found_without_a_walk_over_all_that_ended(
    stored: Stored, incident: Callable[..., Incident], noon: int, tmp_path: Path
) -> None:
    closed = {"state": IncidentState.CLOSED, "closed_at": noon + 9}
    incidents = [incident(1, 7), *(incident(number, 7, **closed) for number in range(2, 10_000))]
    stored(Changes(decisions=Decisions(incidents=incidents))).close()
    with LedgerReader.open(tmp_path / "grid.db", give_up=lambda: True) as reader:
        assert [key for key, _ in incidents_page(reader, Turn(10), is_open=True).records] == [1]
        with pytest.raises(StoreTooSlowError):
            incidents_page(reader, Turn(10), since=noon + 10)
