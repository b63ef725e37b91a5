"""When the broker is asked whether it is there, and when it is given up."""

from grid.keep_alive import Due, KeepAlive


def ticks(keep_alive: KeepAlive, count: int, *, reading: bool = True) -> list[Due]:
    return [keep_alive.tick(reading=reading) for _ in range(count)]


def test_an_idle_connection_says_something_in_each_interval() -> None:
    keep_alive = KeepAlive(10)
    assert keep_alive.tick_seconds == 5
    said = []
    for _ in range(6):
        due = keep_alive.tick(reading=True)
        said.append(due)
        keep_alive.said = due is Due.PING
        keep_alive.heard = True  # the broker answers
    assert said == [Due.NOTHING, Due.PING, Due.NOTHING, Due.PING, Due.NOTHING, Due.PING]


def test_a_busy_connection_says_nothing_more() -> None:
    keep_alive = KeepAlive(10)
    for _ in range(5):
        keep_alive.said = keep_alive.heard = True
        assert keep_alive.tick(reading=True) is Due.NOTHING


def test_a_silent_broker_is_asked_and_then_given_up() -> None:
    assert ticks(KeepAlive(10), 4) == [Due.NOTHING, Due.PING, Due.PING, Due.LOSS]


def test_a_silent_broker_is_given_up_however_much_we_say() -> None:
    keep_alive = KeepAlive(10)
    found = []
    for _ in range(4):
        keep_alive.said = True
        found.append(keep_alive.tick(reading=True))
    assert found == [Due.NOTHING, Due.PING, Due.PING, Due.LOSS]


def test_a_late_answer_is_an_answer() -> None:
    keep_alive = KeepAlive(10)
    ticks(keep_alive, 3)
    keep_alive.heard = True
    assert Due.LOSS not in ticks(keep_alive, 3)


def test_whoever_does_not_read_can_not_call_the_broker_silent_and_goes_on_saying_that_it_lives() -> None:
    keep_alive = KeepAlive(10)
    assert ticks(keep_alive, 10, reading=False) == [Due.NOTHING] + [Due.PING] * 9
    assert Due.LOSS not in ticks(keep_alive, 2)


def test_nobody_asks_a_broker_that_wants_no_keep_alive() -> None:
    assert KeepAlive(0).tick_seconds == 0
