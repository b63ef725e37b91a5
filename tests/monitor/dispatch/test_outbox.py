import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from grid.connection import BrokerLostError
from grid.repair import COMMAND_EXPIRY_SECONDS
from monitor.dispatch.outbox import Outbox, messages_for
from monitor.facts import Action, Command, Decisions, Event, Outgoing, Visit, VisitState

NOON = 1_790_000_000_000_000


class Paper:
    """An outlet that writes down what it is given; it may be away, and may break in the middle."""

    def __init__(self) -> None:
        self.published: list[Outgoing] = []
        self.told: list[tuple[str, bytes]] = []
        self.breaks = 0
        self._there = asyncio.Event()
        self._there.set()

    def go_away(self) -> None:
        self._there.clear()

    def come_back(self) -> None:
        self._there.set()

    async def publish(self, message: Outgoing) -> None:
        if self.breaks:
            self.breaks -= 1
            raise BrokerLostError("broken")
        self.published.append(message)

    def tell(self, messages: Iterable[tuple[str, bytes]]) -> None:
        self.told.extend(messages)

    async def connected(self) -> None:
        await self._there.wait()


@asynccontextmanager
async def running(paper: Paper) -> AsyncIterator[Outbox]:
    outbox = Outbox(paper)
    task = asyncio.create_task(outbox.run())
    try:
        yield outbox
    finally:
        task.cancel()
        await asyncio.wait([task])


def outgoing(number: int, dispatch_id: str | None = None) -> Outgoing:
    return Outgoing(f"topic/{number}", b"{}", NOON, dispatch_id=dispatch_id, outbox_id=number)


async def until_published(outbox: Outbox, count: int) -> None:
    async with asyncio.timeout(5):
        while len(outbox.published) < count:
            await asyncio.sleep(0)


async def test_messages_go_out_in_their_order_and_are_remembered_until_their_rows_are_gone() -> None:
    paper = Paper()
    async with running(paper) as outbox:
        outbox.add([outgoing(1), outgoing(2)])
        outbox.add([outgoing(3)])
        await until_published(outbox, 3)
        assert [message.topic for message in paper.published] == ["topic/1", "topic/2", "topic/3"]
        assert outbox.published == [1, 2, 3]
        outbox.forget([1, 2])
        assert outbox.published == [3]
        assert len(outbox) == 0


async def test_a_message_waits_while_the_broker_is_away() -> None:
    paper = Paper()
    paper.go_away()
    async with running(paper) as outbox:
        outbox.add([outgoing(1)])
        await asyncio.sleep(0)
        assert (len(outbox), paper.published) == (1, [])
        paper.come_back()
        await until_published(outbox, 1)


async def test_a_publish_that_broke_is_repeated_before_the_next() -> None:
    paper = Paper()
    paper.breaks = 1
    async with running(paper) as outbox:
        outbox.add([outgoing(1), outgoing(2)])
        await until_published(outbox, 2)
        assert [message.topic for message in paper.published] == ["topic/1", "topic/2"]


async def test_the_order_of_an_ended_visit_does_not_go_out_any_more() -> None:
    paper = Paper()
    paper.go_away()
    async with running(paper) as outbox:
        outbox.add([outgoing(1, "a-1"), outgoing(2, "a-2"), outgoing(3)])
        outbox.withdraw(["a-1"])
        paper.come_back()
        await until_published(outbox, 2)
        assert outbox.published == [2, 3]


def test_commands_are_written_before_events_and_expire() -> None:
    decisions = Decisions(
        visits=[Visit(4, "abc-4", 9, 7, 2, "s", VisitState.SENT, NOON)],
        events=[Event(NOON, 7, Action.ENGINEER_DISPATCHED, "Engineer 2 sent.", 9, 4, 2)],
        commands=[Command("abc-4", 9, 7, 2, "s", NOON)],
    )
    command, event = messages_for(decisions)
    assert command.topic == "grid/turbines/7/repair"
    assert json.loads(command.payload) == {
        "dispatch_id": "abc-4",
        "incident_id": 9,
        "engineer": 2,
        "issued_at": "2026-09-21T14:13:20.000000Z",
        "session": "s",
    }
    assert command.dispatch_id == "abc-4"
    assert command.expiry_seconds == COMMAND_EXPIRY_SECONDS
    assert command.response_topic == "grid/turbines/7/repair/result"
    assert event.topic == "grid/turbines/7/events"
    told = json.loads(event.payload)
    assert (told["action"], told["sentence"], told["dispatch_id"]) == (
        "engineer_dispatched",
        "Engineer 2 sent.",
        "abc-4",
    )
    assert event.dispatch_id is None
    assert event.expiry_seconds is None


def test_what_is_only_for_now_overtakes_what_waits() -> None:
    paper = Paper()
    paper.go_away()
    outbox = Outbox(paper)
    outbox.tell([("grid/turbines/7/acknowledged", b"{}")])
    assert paper.told == [("grid/turbines/7/acknowledged", b"{}")]
