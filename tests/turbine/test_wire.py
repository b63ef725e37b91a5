"""Chaos between an outbox and the wire: what the monitor gets in the end, and what the outbox believes meanwhile."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from grid.acknowledged import Acknowledged
from turbine.chaos import Chaos, ChaosKind, Disturbance, Draws, Rates
from turbine.outbox import Outbox, Sending
from turbine.wire import ChaoticWire, Wire

SESSION = "1800000000000-cafe"
EARLIER = "1700000000000-cafe"
ALL_ON_THE_WAY = dict.fromkeys((ChaosKind.LATE, ChaosKind.DUPLICATE, ChaosKind.REORDER), 0.4)


def make_wire(rates: Rates, seed: int = 1) -> tuple[ChaoticWire, Outbox, list[Disturbance]]:
    told: list[Disturbance] = []
    outbox = Outbox(SESSION)
    draws = Draws(rates, seed, 7, SESSION, told.append)
    return ChaoticWire(outbox, Chaos(draws), SESSION), outbox, told


def publish_all(wire: Wire, now: float) -> list[Sending]:
    """Publish until nothing is due, as a client does."""
    out = []
    while (sending := wire.next(now)) is not None:
        assert wire.next(now) is sending, "the same until it is published"
        wire.published(sending, now)
        out.append(sending)
    return out


def sequences(sent: list[Sending]) -> list[int]:
    return [sending.sequence for sending in sent]


@given(
    seed=st.integers(0, 1000),
    steps=st.lists(st.tuples(st.sampled_from(["emit", "acknowledge", "wait"]), st.floats(0, 20)), max_size=80),
)
def test_a_monitor_that_acknowledges_gets_every_reading(seed: int, steps: list[tuple[str, float]]) -> None:
    wire, outbox, _ = make_wire(ALL_ON_THE_WAY, seed)
    outbox.monitor_is_online("m", 0.0)
    arrived: set[int] = set()
    now, emitted = 0.0, 0
    for step, pause in steps:
        now += pause
        if step == "emit":
            outbox.append(b"{%d}" % emitted)
            emitted += 1
        arrived.update(sequences(publish_all(wire, now)))
        prefix = next(sequence for sequence in range(emitted + 1) if sequence not in arrived)
        if step == "acknowledge" and prefix:
            outbox.acknowledge(Acknowledged(session=SESSION, sequence=prefix - 1), now)
    wire.hurry()
    arrived.update(sequences(publish_all(wire, now)))
    assert arrived == set(range(emitted))
    assert wire.is_clear
    assert wire.held_back == 0


@given(seed=st.integers(0, 1000), readings=st.integers(0, 60))
def test_each_reading_counts_once_as_new_to_the_broker(seed: int, readings: int) -> None:
    wire, outbox, told = make_wire(ALL_ON_THE_WAY, seed)
    new: Counter[int] = Counter()
    for sequence in range(readings):
        outbox.append(b"{}")
        while (sending := wire.next(float(sequence))) is not None:
            new[sending.sequence] += wire.published(sending, float(sequence))
        assert sum(new.values()) + wire.held_back == sequence + 1
    wire.hurry()
    while (sending := wire.next(1000.0)) is not None:
        new[sending.sequence] += wire.published(sending, 1000.0)
    assert new == Counter(range(readings))
    assert len(told) <= readings


def test_a_reading_that_is_held_back_does_not_hold_up_the_next() -> None:
    wire, outbox, told = make_wire({ChaosKind.LATE: 0.5})
    for _ in range(40):
        outbox.append(b"{}")
    passed = sequences(publish_all(wire, 0.0))
    late = [disturbance.sequence for disturbance in told]
    assert sorted([*passed, *late]) == list(range(40))
    assert outbox.unsent == 0
    assert wire.held_back == len(late) > 10
    assert wire.next_due() is not None


def test_what_is_lost_with_the_connection_is_next_again() -> None:
    wire, outbox, _ = make_wire({ChaosKind.DUPLICATE: 1.0})
    outbox.append(b"{}")
    first = wire.next(0.0)
    assert first is not None
    assert wire.next(5.0) is first, "its PUBACK never came"
    assert wire.published(first, 5.0)


def test_readings_of_an_earlier_run_pass_undisturbed() -> None:
    wire, outbox, told = make_wire({ChaosKind.LATE: 1.0})
    outbox.restore(EARLIER, 5, [b"{}", b"{}"])
    outbox.append(b"{}")
    assert [(sending.session, sending.sequence) for sending in publish_all(wire, 0.0)] == [(EARLIER, 5), (EARLIER, 6)]
    assert [disturbance.sequence for disturbance in told] == [0]


def test_at_the_end_nothing_is_held_back_and_no_connection_dies() -> None:
    wire, outbox, _ = make_wire({ChaosKind.LATE: 1.0, ChaosKind.HALF_OPEN: 1.0})
    outbox.append(b"{}")
    assert publish_all(wire, 0.0) == []
    assert wire.half_open() is not None
    wire.hurry()
    outbox.append(b"{}")
    assert sequences(publish_all(wire, 0.0)) == [0, 1]
    assert wire.half_open() is None


def test_a_connection_dies_before_the_reading_goes_out_and_once_for_it() -> None:
    wire, outbox, told = make_wire({ChaosKind.HALF_OPEN: 1.0})
    outbox.append(b"{}")
    sending = wire.next(0.0)
    assert sending is not None
    assert wire.half_open() == told[0].seconds
    assert wire.next(60.0) is sending, "it goes out over the next connection"
    assert wire.half_open() is None
