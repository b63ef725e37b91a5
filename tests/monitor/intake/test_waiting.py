"""What waits to be handed out: in order, bounded, and forgotten where it comes again."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from grid.broker import Message, PlainMessage
from monitor.intake.waiting import HIGH_WATER_BYTES, MAX_AT_QOS_0, Waiting

TOPIC = "grid/turbines/7/metrics"


def at_qos_1(*numbers: int, payload: bytes = b"{}") -> list[Message]:
    return [PlainMessage(TOPIC, payload, 1, retain=False, packet_id=number) for number in numbers]


def at_qos_0(count: int, payload: bytes = b"{}") -> list[Message]:
    return [PlainMessage(TOPIC, payload, 0, retain=False, packet_id=None) for _ in range(count)]


def ids(messages: Iterable[Message]) -> list[int | None]:
    return [message.packet_id for message in messages]


@given(st.lists(st.integers(1, 30), max_size=20), st.integers(1, 60))
def test_everything_comes_out_once_and_in_order(reads: list[int], at_most: int) -> None:
    waiting = Waiting()
    expected: list[int | None] = []
    for size in reads:
        numbers = range(len(expected) + 1, len(expected) + 1 + size)
        waiting.add(1, at_qos_1(*numbers))
        expected.extend(numbers)
    assert waiting.count == len(expected)
    taken: list[int | None] = []
    while waiting.count:
        batch = waiting.take(at_most)
        assert 0 < len(batch) <= max(at_most, *reads)
        taken.extend(ids(batch))
    assert taken == expected
    assert (waiting.size, waiting.epoch) == (0, None)


def test_a_batch_is_of_one_connection() -> None:
    waiting = Waiting()
    waiting.add(1, at_qos_1(1))
    waiting.add(2, at_qos_1(1, 2))
    assert (waiting.epoch, ids(waiting.take(100))) == (1, [1])
    assert (waiting.epoch, ids(waiting.take(100))) == (2, [1, 2])


def test_what_comes_again_is_forgotten_and_qos_0_is_not() -> None:
    waiting = Waiting()
    waiting.add(1, at_qos_1(1) + at_qos_0(1) + at_qos_1(2))
    waiting.add(2, at_qos_1(1))
    waiting.forget_what_comes_again(before=2)
    assert waiting.count == 2
    assert (ids(waiting.take(9)), ids(waiting.take(9))) == ([None], [1])
    assert waiting.size == 0


def test_qos_0_beyond_the_room_is_dropped_and_counted_and_qos_1_never() -> None:
    waiting = Waiting()
    waiting.add(1, at_qos_0(MAX_AT_QOS_0 - 1))
    waiting.add(1, at_qos_1(1) + at_qos_0(3) + at_qos_1(2))
    assert (waiting.dropped, waiting.count) == (2, MAX_AT_QOS_0 + 2)
    waiting.take(10)
    waiting.add(1, at_qos_0(2))
    assert waiting.dropped == 2


def test_qos_0_is_bounded_in_bytes_too() -> None:
    waiting = Waiting()
    for _ in range(10):
        waiting.add(1, at_qos_0(1, b"x" * HIGH_WATER_BYTES))
    waiting.add(1, at_qos_1(1))
    assert (waiting.count, waiting.dropped) == (3, 8)


def test_it_is_full_above_the_high_water_mark_until_it_is_below_the_low_one() -> None:
    waiting = Waiting()
    sixth = b"x" * (HIGH_WATER_BYTES // 6)
    levels = []
    for number in range(1, 7):
        waiting.add(1, at_qos_1(number, payload=sixth))
        levels.append((waiting.is_full, waiting.has_room))
    assert levels == [(False, True)] + [(False, False)] * 4 + [(True, False)]
    for _ in range(6):
        waiting.take(1)
        levels.append((waiting.is_full, waiting.has_room))
    assert levels[6:] == [(False, False)] * 4 + [(False, True)] * 2
