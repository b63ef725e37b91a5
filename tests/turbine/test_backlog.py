"""The answers that a turbine has yet to send: in order, and after the readings before them."""

from turbine.backlog import Backlog


def filled(size: int, answers: int) -> Backlog:
    backlog = Backlog(size)
    for number in range(answers):
        backlog.append(b"%d" % number, before=number)
    return backlog


def payloads(backlog: Backlog) -> list[bytes]:
    taken = []
    while (answer := backlog.next(sent=1000)) is not None:
        taken.append(answer.payload)
        backlog.sent(answer)
    return taken


def test_answers_leave_in_the_order_in_which_they_came() -> None:
    assert payloads(filled(5, 3)) == [b"0", b"1", b"2"]


def test_an_answer_waits_until_the_readings_before_it_are_sent() -> None:
    backlog = Backlog()
    backlog.append(b"done", before=3)
    assert backlog.next(sent=2) is None
    assert backlog.next(sent=3) is not None


def test_what_could_not_be_sent_is_next_again() -> None:
    backlog = filled(3, 3)
    assert backlog.next(sent=3) is backlog.next(sent=3)


def test_a_full_backlog_drops_its_oldest_and_counts_it() -> None:
    backlog = filled(3, 5)
    assert (len(backlog), backlog.dropped) == (3, 2)
    assert payloads(backlog) == [b"2", b"3", b"4"]


def test_what_was_dropped_while_it_was_sent_costs_no_other() -> None:
    backlog = filled(3, 3)
    answer = backlog.next(sent=3)
    assert answer is not None
    backlog.append(b"3", before=3)
    backlog.sent(answer)
    assert payloads(backlog) == [b"1", b"2", b"3"]
