"""What every store promises the monitor, whatever database is behind it."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from grid.metrics import OperationalStatus
from monitor.facts import (
    MOST_DEAD_LETTERS,
    Action,
    AnsweredOrder,
    Changes,
    DeadLetter,
    DeadLetterReason,
    Decisions,
    Event,
    Health,
    Hold,
    Incident,
    IncidentCause,
    IncidentOutcome,
    IncidentState,
    Link,
    LinkReason,
    OrderKind,
    OrderOutcome,
    Outgoing,
    Reading,
    Release,
    TurbineRecord,
    Visit,
    VisitState,
)
from monitor.store.ledger import Ledger
from monitor.store.reader import LedgerReader

MakeReading = Callable[..., Reading]
MakeIncident = Callable[..., Incident]
MakeVisit = Callable[..., Visit]
MakeDeadLetter = Callable[..., DeadLetter]


@dataclass
class Store:
    """One database with its writer; `reopened` is what a restart of the monitor does."""

    open_ledger: Callable[[], Ledger]
    open_reader: Callable[[], LedgerReader]
    ledger: Ledger

    def reopened(self) -> Ledger:
        self.ledger.close()
        self.ledger = self.open_ledger()
        return self.ledger

    def decide(self, **decisions: Any) -> None:
        self.ledger.commit(Changes(decisions=Decisions(**decisions)))


def _sqlite(folder: Path) -> Store:
    path = folder / "data" / "grid.db"
    return Store(lambda: Ledger.open(path), lambda: LedgerReader.open(path), Ledger.open(path))


ADAPTERS = {"sqlite": _sqlite}


@pytest.fixture(params=ADAPTERS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    made = ADAPTERS[request.param](tmp_path)
    yield made
    made.ledger.close()


@pytest.fixture
def reader(store: Store) -> Iterator[LedgerReader]:
    with store.open_reader() as opened:
        yield opened


# --- readings


def test_what_is_committed_is_read_back_to_the_last_field(
    store: Store, reader: LedgerReader, reading: MakeReading
) -> None:
    full = reading(second=1)
    sparse = reading(second=2, voltage=None, current=None, temperature=None, session=None, sequence=None)
    broken = reading(second=3, operational_status=OperationalStatus.BROKEN)
    committed = store.ledger.commit(Changes(readings=[full, sparse, broken]))
    assert committed.stored == [full, sparse, broken]
    assert reader.readings(7) == [broken, sparse, full]
    assert type(reader.readings(7)[0].operational_status) is OperationalStatus


def test_a_repeat_is_stored_once_and_the_first_one_counts(
    store: Store, reader: LedgerReader, reading: MakeReading
) -> None:
    first, other, late = reading(second=1), reading(second=2), reading(second=0)
    assert store.ledger.commit(Changes(readings=[first, other, first._replace(wind_speed=99.0)])).stored == [
        first,
        other,
    ]
    again = store.ledger.commit(Changes(readings=[other._replace(received_at=0), late, first]))
    assert again.stored == [late]
    assert again.first_id == 3
    assert [(found, stored) for found, stored in reader.readings_after(0, 10)] == [(1, first), (2, other), (3, late)]


def test_a_batch_of_nothing_but_repeats_stores_nothing(store: Store, reading: MakeReading) -> None:
    readings = [reading(second=second) for second in range(5)]
    store.ledger.commit(Changes(readings=readings))
    assert store.reopened().commit(Changes(readings=readings)).stored == []


def test_ids_follow_without_a_gap_in_order_of_commit(store: Store, reader: LedgerReader, reading: MakeReading) -> None:
    store.ledger.commit(Changes(readings=[reading(second=9), reading(second=9)]))
    committed = store.ledger.commit(Changes(readings=[reading(second=second) for second in (9, 3, 4)]))
    assert committed.first_id == 2
    assert [found for found, _ in reader.readings_after(0, 10)] == [1, 2, 3]


def test_readings_are_found_by_the_time_of_emission(
    store: Store, reader: LedgerReader, reading: MakeReading, noon: int
) -> None:
    store.ledger.commit(Changes(readings=[reading(second=second) for second in (3, 1, 2, 0)]))
    store.ledger.commit(Changes(readings=[reading(turbine_number=8, second=2)]))
    found = reader.readings(7, since=noon + 1_000_000, until=noon + 3_000_000)
    assert [one.emitted_at - noon for one in found] == [2_000_000, 1_000_000]
    assert [one.emitted_at - noon for one in reader.readings(7, newest=1)] == [3_000_000]
    assert reader.readings(9) == []


POISON: dict[str, dict[str, Any]] = {
    "an integer beyond 64 bits": {"sequence": 2**63},
    "a time beyond 64 bits": {"emitted_at": 2**70},
    "a receipt beyond 64 bits": {"received_at": 2**70},
    "not a number": {"wind_speed": float("nan")},
    "a time that no calendar has": {"emitted_at": 2**62},
    "a receipt before 1970": {"received_at": -1},
    "an infinite temperature": {"voltage": None, "temperature": float("-inf")},
    "infinity": {"power_output_in_kwh": float("inf")},
    "half a character": {"session": "\ud800"},
    "an unknown status": {"operational_status": "resting"},
    "no turbine": {"turbine_number": 0},
    "a type that no column has": {"session": object()},
    "a text for a number": {"voltage": "plenty"},
}


@pytest.mark.parametrize("poison", POISON.values(), ids=POISON)
def test_a_refused_reading_is_a_dead_letter_and_stops_no_other(
    store: Store, reader: LedgerReader, reading: MakeReading, poison: dict[str, Any]
) -> None:
    good = [reading(second=second) for second in range(9)]
    batch = [*good[:4], reading(second=99, **poison), *good[4:]]
    committed = store.ledger.commit(Changes(readings=batch, counted=Counter(received=10)))
    assert committed.stored == good
    assert [one for _, one in reader.readings_after(0, 100)] == good
    (letter,) = reader.dead_letters()
    assert letter.reason is DeadLetterReason.REFUSED_BY_DATABASE
    assert "refused" in letter.detail
    assert reader.books() == {"received": 10, "rejected": 1, "stored": 9}
    assert reader.invariants() == []


def test_several_refused_readings_and_repeats_are_told_apart(
    store: Store, reader: LedgerReader, reading: MakeReading
) -> None:
    good = [reading(second=second) for second in range(4)]
    bad = reading(second=50, sequence=2**63)
    batch = [bad, good[0], good[1], bad, good[1], good[2], bad, good[3], good[0]]
    assert store.ledger.commit(Changes(readings=batch, counted=Counter(received=9))).stored == good
    assert reader.books() == {"received": 9, "stored": 4, "duplicate": 2, "rejected": 3}


# --- what is known of turbines


def test_a_turbine_is_remembered_field_by_field(store: Store, reader: LedgerReader, noon: int) -> None:
    known = TurbineRecord(
        7, noon, Link.OFFLINE, LinkReason.LOST, noon + 1, "s-1", 3, Health.BROKEN, noon + 2, noon + 3, noon + 4,
        8.5, 2.25, OperationalStatus.BROKEN, 690.0, 1000.5, 61.5, 1.0, -0.5, "MM92", 2050.0, "north", 52.4, -0.9, "K1",
    )  # fmt: skip
    newcomer = TurbineRecord(8, noon)
    store.ledger.commit(Changes(turbines=[newcomer, known]))
    assert store.reopened().load().turbines == [known, newcomer]
    assert reader.turbines() == [known, newcomer]
    assert type(reader.turbines()[0].link) is Link
    store.ledger.commit(Changes(turbines=[replace(known, link=Link.ONLINE, link_reason=None, model=None)]))
    assert reader.turbine(7) == replace(known, link=Link.ONLINE, link_reason=None, model=None)
    assert reader.turbine(9) is None


def test_a_refused_turbine_stops_no_other(store: Store, reader: LedgerReader, noon: int) -> None:
    fine = [TurbineRecord(number, noon) for number in (1, 2, 3)]
    poison = TurbineRecord(4, noon, connection=2**63)
    store.ledger.commit(Changes(turbines=[fine[0], poison, *fine[1:]]))
    assert reader.turbines() == fine
    assert reader.dead_letters_by_reason() == {"refused_by_database": 1}
    assert reader.invariants() == []


# --- repairs


def test_open_repairs_are_remembered_and_closed_ones_are_not(
    store: Store, noon: int, incident: MakeIncident, visit: MakeVisit
) -> None:
    open_incident = incident(2, 8, state=IncidentState.VISITED, cause=IncidentCause.ORDERED, opened_by="Ada", why="ice")
    closed = incident(1, state=IncidentState.CLOSED, closed_at=noon + 9, outcome=IncidentOutcome.REPAIRED)
    open_visit = visit(2, 8, 2, state=VisitState.ACCEPTED, accepted_at=noon + 5, commands=2)
    ended = visit(1, state=VisitState.RELEASED, ended_at=noon + 9, release=Release.OFFLINE, detail="lost")
    store.decide(incidents=[open_incident, closed], visits=[open_visit, ended])
    remembered = store.reopened().load()
    assert remembered.incidents == [open_incident]
    assert remembered.visits == [open_visit]
    assert (remembered.next_incident_id, remembered.next_visit_id) == (3, 3)
    assert type(remembered.incidents[0].state) is IncidentState


def test_open_incidents_come_back_oldest_first(store: Store, noon: int, incident: MakeIncident) -> None:
    store.decide(incidents=[incident(1, 7, opened_at=noon + 5), incident(2, 8, opened_at=noon)])
    assert [one.incident_id for one in store.ledger.load().incidents] == [2, 1]


@pytest.mark.parametrize("ended_first", [True, False])
def test_an_engineer_goes_from_one_turbine_to_the_next_in_one_batch(
    store: Store, reader: LedgerReader, noon: int, incident: MakeIncident, visit: MakeVisit, *, ended_first: bool
) -> None:
    store.decide(incidents=[incident(1, 7, state=IncidentState.VISITED), incident(2, 8)], visits=[visit(1, 7)])
    ended = visit(1, 7, state=VisitState.VERIFIED, ended_at=noon)
    begun = visit(2, 8)
    closed = incident(1, 7, state=IncidentState.CLOSED, closed_at=noon, outcome=IncidentOutcome.REPAIRED)
    again = incident(3, 7)
    store.decide(
        visits=[ended, begun] if ended_first else [begun, ended],
        incidents=[closed, again] if ended_first else [again, closed],
    )
    assert reader.visits(open_only=True) == [begun]
    assert [one.incident_id for one in reader.incidents(open_only=True)] == [3, 2]


def test_contradicting_decisions_are_refused_whole(
    store: Store, reader: LedgerReader, incident: MakeIncident, visit: MakeVisit, reading: MakeReading
) -> None:
    """One engineer at two turbines is a bug of ours: it must neither be stored, nor pass for a full disk."""
    twice = Decisions(incidents=[incident(1, 7), incident(2, 8)], visits=[visit(1, 7), visit(2, 8)])
    with pytest.raises(Exception, match="UNIQUE") as failure:
        store.ledger.commit(Changes(readings=[reading()], decisions=twice, counted=Counter(received=1)))
    assert not failure.type.__name__.startswith("Store")
    assert (reader.readings(7), reader.incidents(), reader.books()) == ([], [], {})
    store.ledger.commit(Changes(readings=[reading()]))
    assert len(reader.readings(7)) == 1


def test_incidents_and_visits_are_found_by_turbine_and_incident(
    store: Store, reader: LedgerReader, noon: int, incident: MakeIncident, visit: MakeVisit
) -> None:
    released = visit(1, 7, incident_id=1, state=VisitState.RELEASED, ended_at=noon, release=Release.NO_EFFECT)
    second, elsewhere = visit(2, 7, 1, incident_id=1), visit(3, 8, 2, incident_id=2)
    store.decide(incidents=[incident(1, 7), incident(2, 8)], visits=[released, second, elsewhere])
    assert reader.visits(incident_id=1) == [second, released]
    assert reader.visits(turbine_number=8) == [elsewhere]
    assert reader.visits(newest=1) == [elsewhere]
    assert reader.incidents(turbine_number=7) == [incident(1, 7)]
    assert reader.incident(2) == incident(2, 8)
    assert reader.incident(3) is None


def test_a_story_is_told_from_its_beginning(
    store: Store, reader: LedgerReader, noon: int, incident: MakeIncident, visit: MakeVisit
) -> None:
    opened = Event(noon, 7, Action.INCIDENT_OPENED, "turbine 7 is broken", incident_id=1)
    sent = Event(noon, 7, Action.ENGINEER_DISPATCHED, "engineer 1 goes", incident_id=1, visit_id=1, engineer=1)
    held = Event(noon, 8, Action.TURBINE_HELD, "no visits", by="Ada")
    store.decide(incidents=[incident()], visits=[visit()], events=[opened, sent, held])
    assert reader.events() == [opened, sent, held]
    assert reader.events(incident_id=1) == [opened, sent]
    assert reader.events(turbine_number=8) == [held]
    assert reader.events(newest=2) == [sent, held]
    assert type(reader.events()[0].action) is Action


def test_a_hold_lasts_until_it_is_ended(store: Store, reader: LedgerReader, noon: int) -> None:
    store.decide(holds=[Hold(7, noon, "Ada", "crane"), Hold(8, noon, "Ada", "crane")])
    store.decide(holds=[Hold(8, noon + 1, "Bob", "storm")], holds_ended=[7])
    assert reader.holds() == [Hold(8, noon + 1, "Bob", "storm")]
    assert store.reopened().load().holds == reader.holds()


# --- the outbox


def _order(dispatch_id: str | None, at: int) -> Outgoing:
    return Outgoing("grid/turbines/7/repair", b"{}", at, dispatch_id, 60, "grid/turbines/7/repair/result")


def test_an_order_with_a_key_is_remembered_and_its_first_answer_stands(store: Store, noon: int) -> None:
    accepted = AnsweredOrder("k-1", OrderKind.HOLD, 7, "Ann", "people on site", noon, OrderOutcome.ACCEPTED, "held")
    refused = replace(accepted, idempotency_key="k-2", outcome=OrderOutcome.REFUSED, sentence="held already")
    store.ledger.commit(Changes(orders=[accepted, refused]))
    store.ledger.commit(Changes(orders=[replace(accepted, outcome=OrderOutcome.REFUSED, sentence="another answer")]))
    assert store.reopened().load().orders == [accepted, refused]


def test_only_so_many_orders_are_remembered(store: Store, noon: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.store.ledger.MOST_ANSWERED_ORDERS", 3)
    first = AnsweredOrder("k-0", OrderKind.HOLD, 7, "Ann", "", noon, OrderOutcome.ACCEPTED, "held")
    for number in range(5):
        store.ledger.commit(Changes(orders=[replace(first, idempotency_key=f"k-{number}")]))
    assert [order.idempotency_key for order in store.reopened().load().orders] == ["k-2", "k-3", "k-4"]


def test_unsent_messages_are_remembered_in_order(store: Store, noon: int) -> None:
    committed = store.ledger.commit(Changes(outgoing=[_order("a", noon), _order(None, noon), _order("b", noon)]))
    assert [message.dispatch_id for message in committed.outgoing] == ["a", None, "b"]
    assert len({message.outbox_id for message in committed.outgoing} - {0}) == 3
    assert store.reopened().load().outbox == committed.outgoing


def test_published_and_withdrawn_messages_are_gone(store: Store, noon: int) -> None:
    first, second, third = store.ledger.commit(
        Changes(outgoing=[_order("a", noon), _order("b", noon), _order("c", noon)])
    ).outgoing
    store.ledger.commit(Changes(published=[first.outbox_id], decisions=Decisions(withdrawn=["c", "unknown"])))
    assert store.ledger.load().outbox == [second]
    assert third.dispatch_id == "c"


def test_an_order_that_ended_in_its_own_batch_never_goes_out(store: Store, noon: int) -> None:
    both = Changes(outgoing=[_order("a", noon), _order("b", noon)], decisions=Decisions(withdrawn=["a"]))
    assert [message.dispatch_id for message in store.ledger.commit(both).outgoing] == ["b"]
    assert [message.dispatch_id for message in store.ledger.load().outbox] == ["b"]


def test_an_outbox_id_is_never_used_twice(store: Store, noon: int) -> None:
    (first,) = store.ledger.commit(Changes(outgoing=[_order("a", noon)])).outgoing
    store.ledger.commit(Changes(published=[first.outbox_id]))
    (second,) = store.reopened().commit(Changes(outgoing=[_order("b", noon)])).outgoing
    assert second.outbox_id > first.outbox_id


# --- what was refused, and the books


def test_dead_letters_are_kept_with_their_beginning_and_counted_by_reason(
    store: Store, reader: LedgerReader, dead_letter: MakeDeadLetter
) -> None:
    large = dead_letter(payload=b"x" * 9000, size=9000, reason=DeadLetterReason.TOO_LARGE)
    odd = dead_letter(detail="half a character: \ud800", topic="grid/\ud800")
    store.ledger.commit(Changes(dead_letters=[large, odd, dead_letter()], counted=Counter(received=3)))
    newest = reader.dead_letters(2)
    assert newest == [dead_letter(), replace(odd, detail="half a character: \\ud800", topic="grid/\\ud800")]
    assert reader.dead_letters()[2] == replace(large, payload=b"x" * 4096)
    assert reader.dead_letters_by_reason() == {"not_json": 2, "too_large": 1}
    assert reader.books() == {"received": 3, "rejected": 3}


def test_of_a_long_topic_and_a_long_sentence_the_start_is_kept(
    store: Store, reader: LedgerReader, dead_letter: MakeDeadLetter
) -> None:
    store.ledger.commit(Changes(dead_letters=[dead_letter(topic="t" * 65_535, detail="d" * 65_535)]))
    [kept] = reader.dead_letters()
    assert (kept.topic, kept.detail) == ("t" * 253 + "...", "d" * 997 + "...")


def test_of_a_flood_of_dead_letters_the_newest_are_kept_and_all_are_counted(
    store: Store, reader: LedgerReader, dead_letter: MakeDeadLetter
) -> None:
    store.ledger.commit(Changes(dead_letters=[dead_letter(detail="the oldest"), dead_letter(detail="the next")]))
    flood = [dead_letter(payload=b"")] * (MOST_DEAD_LETTERS - 1)
    store.ledger.commit(Changes(dead_letters=flood, counted=Counter(received=len(flood) + 2)))
    kept = reader.dead_letters(newest=MOST_DEAD_LETTERS + 2)
    assert (len(kept), kept[-1].detail) == (MOST_DEAD_LETTERS, "the next")
    assert reader.books()["rejected"] == MOST_DEAD_LETTERS + 1


def test_too_many_dead_letters_of_an_earlier_version_go_bit_by_bit(
    store: Store, reader: LedgerReader, dead_letter: MakeDeadLetter, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.ledger.commit(Changes(dead_letters=[dead_letter()] * 30))
    monkeypatch.setattr("monitor.store.ledger.MOST_DEAD_LETTERS", 10)
    monkeypatch.setattr("monitor.store.ledger.MOST_FORGOTTEN_AT_ONCE", 8)
    left = []
    for _ in range(5):
        store.ledger.commit(Changes(dead_letters=[dead_letter()]))
        left.append(len(reader.dead_letters(newest=100)))
    assert left == [23, 16, 10, 10, 10]


def test_the_books_add_up_over_restarts(
    store: Store, reader: LedgerReader, reading: MakeReading, dead_letter: MakeDeadLetter
) -> None:
    for start in range(3):
        readings = [reading(second=second) for second in range(start, start + 4)]
        counted = Counter(received=5, retained_metrics=2)
        store.reopened().commit(Changes(readings=readings, dead_letters=[dead_letter()], counted=counted))
    assert reader.books() == {"received": 15, "stored": 6, "duplicate": 6, "rejected": 3, "retained_metrics": 6}


# --- the ledger itself


def test_a_new_ledger_knows_nothing_but_its_name(store: Store, reader: LedgerReader) -> None:
    remembered = store.ledger.load()
    assert int(remembered.ledger_id, 16) >= 0
    assert len(remembered.ledger_id) == 8
    assert (remembered.next_incident_id, remembered.next_visit_id, remembered.last_received_at) == (1, 1, None)
    assert store.reopened().load() == remembered
    assert reader.ledger_id() == remembered.ledger_id


def test_ledgers_have_different_names(tmp_path: Path) -> None:
    for adapter in ADAPTERS.values():
        stores = [adapter(tmp_path / name) for name in "abc"]
        assert len({one.ledger.load().ledger_id for one in stores}) == 3
        for one in stores:
            one.ledger.close()


def test_the_last_sign_of_a_watching_monitor_is_remembered(
    store: Store, noon: int, reading: MakeReading, dead_letter: MakeDeadLetter
) -> None:
    store.ledger.commit(Changes(readings=[reading(second=-9, received_at=noon - 5)]))
    assert store.ledger.load().last_received_at == noon - 5
    store.ledger.commit(Changes(dead_letters=[dead_letter()]))
    assert store.ledger.load().last_received_at == noon
    store.ledger.commit(Changes(turbines=[TurbineRecord(7, noon, link_since=noon + 3, received_at=noon + 2)]))
    assert store.ledger.load().last_received_at == noon + 3


# --- what must always hold


def test_a_farm_in_order_violates_nothing(
    store: Store, reader: LedgerReader, noon: int, incident: MakeIncident, visit: MakeVisit
) -> None:
    store.decide(incidents=[incident(state=IncidentState.VISITED)], visits=[visit()])
    store.ledger.commit(Changes(turbines=[TurbineRecord(7, noon, link=Link.ONLINE)]))
    assert reader.invariants(engineers=1) == []


def test_each_violation_is_a_sentence(
    store: Store, reader: LedgerReader, noon: int, incident: MakeIncident, visit: MakeVisit
) -> None:
    closed = incident(1, 7, state=IncidentState.CLOSED, closed_at=noon)
    deserted = incident(2, 8, state=IncidentState.VISITED)
    strayed = visit(3, 9, 2, incident_id=2)
    ended = visit(4, 8, 3, incident_id=2, state=VisitState.VERIFIED, ended_at=noon)
    store.decide(incidents=[closed, deserted], visits=[visit(1, 7, 1), strayed, ended])
    store.decide(incidents=[incident(3, 10, state=IncidentState.VISITED)])
    lost = TurbineRecord(7, noon, link=Link.OFFLINE)
    store.ledger.commit(Changes(turbines=[lost], counted=Counter(received=1), outgoing=[_order("cafe-4", noon)]))
    assert set(reader.invariants(engineers=1)) == {
        "visit cafe-1 is open, but its incident 1 is not",
        "visit cafe-3 is at turbine 9, its incident at turbine 8",
        "incident 3 counts as visited, but nobody is there",
        "engineer 1 is at turbine 7, which is offline",
        "an order of the ended visit cafe-4 waits to be sent",
        "the books do not balance: 1 received, but 0 stored, 0 duplicate and 0 rejected",
        "2 engineers are out, the pool has 1",
    }


def test_readings_are_walked_through_in_order_of_commit(
    store: Store, reader: LedgerReader, reading: MakeReading
) -> None:
    batch = [reading(turbine_number=number, second=second) for second in (2, 1) for number in (300, 4, 20)]
    store.ledger.commit(Changes(readings=batch))
    assert [one for _, one in reader.readings_after(2, 3)] == batch[2:5]
    assert [found for found, _ in reader.readings_after(0, 9, turbines=[4, 20])] == [2, 3, 5, 6]
    assert reader.turbines_with_readings() == [4, 20, 300]
    assert reader.last_reading_id() == 6
    assert (reader.last_reading_id_of(300), reader.last_reading_id_of(5)) == (4, 0)
    assert reader.reading_id(4, batch[1].emitted_at) == 2
    assert reader.reading_id(4, 0) is None
