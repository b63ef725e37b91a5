"""The connection reads while somebody asks, and not while too much waits."""

import asyncio

import pytest

from grid.broker import PlainMessage
from monitor.intake.demand import Demand
from monitor.intake.waiting import HIGH_WATER_BYTES, LOW_WATER_BYTES, Waiting


class Line:
    """Knows whether it is read."""

    def __init__(self) -> None:
        self.is_read = True
        self.resumed = asyncio.Event()

    def pause_reading(self) -> None:
        self.is_read = False

    def resume_reading(self) -> None:
        self.is_read = True
        self.resumed.set()


def arrive(waiting: Waiting, size: int) -> None:
    waiting.add(1, [PlainMessage("x", b"x" * size, 1, retain=False, packet_id=1)])


async def test_nothing_is_read_between_two_batches() -> None:
    line, demand = Line(), Demand(Waiting())
    demand.follow(line)
    seen = []
    for act in (demand.ask, demand.deal, demand.mind, demand.ask):
        act()
        seen.append(line.is_read)
    assert seen == [True, False, False, True]


async def test_before_the_first_question_is_read_too() -> None:
    """A connection that stands before the monitor is ready must be able to subscribe and hear its canary."""
    line, demand = Line(), Demand(Waiting())
    line.is_read = False
    demand.follow(line)
    assert line.is_read


async def test_a_batch_that_takes_long_does_not_make_us_deaf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.intake.demand.DEALING_SECONDS", 0.01)
    line, demand = Line(), Demand(Waiting())
    demand.follow(line)
    demand.deal()
    line.resumed.clear()
    async with asyncio.timeout(5):
        await line.resumed.wait()


async def test_too_much_makes_the_broker_wait_until_little_is_left() -> None:
    waiting = Waiting()
    line, demand = Line(), Demand(waiting)
    demand.follow(line)
    demand.ask()
    arrive(waiting, LOW_WATER_BYTES)
    arrive(waiting, HIGH_WATER_BYTES)
    demand.mind()
    assert not line.is_read
    demand.ask()
    assert not line.is_read
    waiting.take(1)
    demand.mind()
    assert not line.is_read  # between the two marks it stays as it is
    waiting.take(1)
    demand.mind()
    assert line.is_read


async def test_a_new_connection_is_read_as_the_one_before_it() -> None:
    first, second, demand = Line(), Line(), Demand(Waiting())
    demand.follow(first)
    demand.deal()
    demand.follow(None)
    demand.ask()
    demand.deal()
    demand.follow(second)
    assert not second.is_read
