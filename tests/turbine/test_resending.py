"""When to send again, and how much: the timeout, its back-off, and the window."""

import pytest

from turbine.client import MONITOR_PATIENCE_SECONDS
from turbine.resending import (
    FIRST_TIMEOUT_SECONDS,
    FIRST_WINDOW,
    LAST_WINDOW,
    LEAST_TIMEOUT_SECONDS,
    MOST_TIMEOUT_SECONDS,
    Resending,
)


def waiting(*, since: float = 0.0) -> Resending:
    resending = Resending()
    resending.wait(since)
    return resending


def send_window(resending: Resending, oldest: int, end: int, now: float) -> list[int]:
    """Send all that may be sent again at this moment."""
    sent = []
    while (sequence := resending.next_due(oldest, end, now)) is not None:
        sent.append(sequence)
        resending.sent_again(sequence, now)
    return sent


def test_nothing_is_sent_again_before_its_time() -> None:
    resending = waiting()
    assert send_window(resending, 0, 100, FIRST_TIMEOUT_SECONDS - 0.1) == []
    assert send_window(resending, 0, 100, FIRST_TIMEOUT_SECONDS) == list(range(FIRST_WINDOW))


def test_the_window_doubles_with_each_progress_and_no_further_than_its_limit() -> None:
    resending = waiting()
    oldest, end, now = 0, 10_000, FIRST_TIMEOUT_SECONDS
    sizes = []
    for _ in range(10):
        sent = send_window(resending, oldest, end, now)
        sizes.append(len(sent))
        oldest = sent[-1] + 1
        resending.progress(oldest, now, waiting=True)
    assert sizes == [32, 64, 128, 256, 512, 1024, 1024, 1024, 1024, 1024]
    assert max(sizes) == LAST_WINDOW


def test_only_what_was_sent_when_the_time_was_over_is_sent_again() -> None:
    resending = waiting()
    now = FIRST_TIMEOUT_SECONDS
    assert send_window(resending, 0, 3, now) == [0, 1, 2]
    resending.progress(2, now, waiting=True)
    assert send_window(resending, 2, 50, now) == []


def test_a_window_of_which_part_was_missing_slides_on() -> None:
    resending = waiting()
    now = FIRST_TIMEOUT_SECONDS
    assert send_window(resending, 0, 100, now)[-1] == FIRST_WINDOW - 1
    resending.progress(4, now, waiting=True)
    assert send_window(resending, 4, 100, now) == list(range(32, 68))


def test_without_progress_the_time_doubles_and_the_window_halves() -> None:
    resending = waiting()
    timeouts, sizes = [], []
    for _ in range(8):
        assert resending.deadline is not None
        now = resending.deadline
        sent = send_window(resending, 0, 1000, now)
        assert sent == list(range(len(sent)))
        sizes.append(len(sent))
        timeouts.append(resending.deadline - now)
    assert timeouts == [10, 20, 40, 60, 60, 60, 60, 60]
    assert sizes == [32, 16, 8, 4, 2, 1, 1, 1]
    resending.progress(1, now, waiting=True)
    assert len(send_window(resending, 1, 1000, now)) == FIRST_WINDOW


def test_the_timeout_follows_a_monitor_that_acknowledges_seldom() -> None:
    resending = waiting()
    now = 0.0
    for _ in range(40):
        now += 20
        resending.progress(1, now, waiting=True)
    assert 20 < resending.timeout < 25


def test_a_long_wait_does_not_spoil_the_timeout_for_ever() -> None:
    resending = waiting()
    resending.progress(1, 3600.0, waiting=True)
    assert resending.timeout == MOST_TIMEOUT_SECONDS
    for second in range(60):
        resending.progress(1, 3601.0 + second, waiting=True)
    assert resending.timeout < 5


def test_the_time_of_an_outage_is_not_taken_for_the_monitors() -> None:
    resending = waiting()
    resending.progress(1, 1.0, waiting=True)
    resending.begin(1000.0, waiting=True)
    resending.progress(2, 1030.0, waiting=True)
    assert resending.timeout == LEAST_TIMEOUT_SECONDS


@pytest.mark.parametrize("waiting_for_more", [True, False])
def test_time_runs_only_while_something_is_awaited(waiting_for_more: bool) -> None:
    resending = waiting()
    resending.progress(5, 1.0, waiting=waiting_for_more)
    assert (resending.deadline is not None) is waiting_for_more


def test_sending_a_long_window_does_not_use_up_the_time_to_wait() -> None:
    resending = waiting()
    sequence = resending.next_due(0, 100, 5.0)
    assert sequence == 0
    resending.sent_again(sequence, 14.0)
    assert resending.next_due(0, 100, 15.1) == 1


def test_at_the_end_of_a_life_a_monitor_that_was_slow_is_asked_again_within_its_patience() -> None:
    resending = waiting()
    resending.progress(1, 60.0, waiting=True)  # it took a minute
    for now in (200.0, 400.0):
        send_window(resending, 1, 100, now)
    resending.hurry(500.0, waiting=True)
    assert send_window(resending, 1, 100, 500.0) == []
    assert FIRST_TIMEOUT_SECONDS < MONITOR_PATIENCE_SECONDS
    assert len(send_window(resending, 1, 100, 500.0 + FIRST_TIMEOUT_SECONDS)) == FIRST_WINDOW
