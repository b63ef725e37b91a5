"""What a turbine has yet to send."""

import pytest

from turbine.backlog import Backlog


def filled(size: int, messages: int) -> Backlog:
    backlog = Backlog(size)
    for number in range(messages):
        backlog.append("topic", b"%d" % number)
    return backlog


def payloads(backlog: Backlog) -> list[bytes]:
    return [backlog.take()[1] for _ in range(len(backlog))]


def test_messages_leave_in_the_order_in_which_they_came() -> None:
    assert payloads(filled(5, 3)) == [b"0", b"1", b"2"]


def test_a_full_backlog_drops_its_oldest_and_counts_it() -> None:
    backlog = filled(3, 5)
    assert backlog.full
    assert backlog.dropped == 2
    assert payloads(backlog) == [b"2", b"3", b"4"]


def test_what_could_not_be_sent_is_the_oldest_again() -> None:
    backlog = filled(3, 3)
    backlog.put_back(*backlog.take())
    assert payloads(backlog) == [b"0", b"1", b"2"]
    assert backlog.dropped == 0


def test_what_could_not_be_sent_is_dropped_when_newer_ones_took_its_place() -> None:
    backlog = filled(3, 3)
    unsent = backlog.take()
    backlog.append("topic", b"3")
    backlog.put_back(*unsent)
    assert backlog.dropped == 1
    assert payloads(backlog) == [b"1", b"2", b"3"]


def test_what_is_given_up_counts_as_dropped() -> None:
    backlog = filled(3, 2)
    backlog.clear()
    assert (len(backlog), backlog.dropped) == (0, 2)
    with pytest.raises(IndexError):
        backlog.take()


def test_a_lossless_backlog_keeps_what_could_not_be_sent_although_it_is_full() -> None:
    backlog = Backlog(2, lossless=True)
    backlog.append("a", b"1")
    unsent = backlog.take()
    backlog.append("a", b"2")
    backlog.append("a", b"3")
    backlog.put_back(*unsent)
    backlog.append("a", b"4")
    assert [backlog.take()[1] for _ in range(4)] == [b"1", b"2", b"3", b"4"]
    assert backlog.dropped == 0
