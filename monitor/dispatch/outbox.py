"""What the monitor publishes of its decisions: written with them in one transaction, sent after the commit.

A crash between commit and publish loses nothing: the row is unsent and goes out at the next start. What was sent
twice because the crash came just before its deletion is harmless: a turbine obeys a dispatch id once.
"""

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Protocol

from grid.connection import BrokerLostError
from grid.event import TurbineEvent
from grid.repair import COMMAND_EXPIRY_SECONDS, RepairCommand
from grid.topics import Kind
from monitor.facts import Command, Decisions, Event, Outgoing

AFTER_LOSS_SECONDS = 0.2


def messages_for(decisions: Decisions) -> list[Outgoing]:
    """Write the commands and events of one step as messages, in order: first what acts, then what tells."""
    dispatch_ids = {visit.visit_id: visit.dispatch_id for visit in decisions.visits}
    return [
        *(_command(command) for command in decisions.commands),
        *(_event(event, dispatch_ids.get(event.visit_id or 0)) for event in decisions.events),
    ]


def _command(command: Command) -> Outgoing:
    order = RepairCommand(
        dispatch_id=command.dispatch_id,
        incident_id=command.incident_id,
        engineer=command.engineer,
        issued_at=command.issued_at,
        session=command.session,
    )
    return Outgoing(
        topic=Kind.REPAIR.of(command.turbine_number),
        payload=order.to_json(),
        created_at=command.issued_at,
        dispatch_id=command.dispatch_id,
        expiry_seconds=COMMAND_EXPIRY_SECONDS,
        response_topic=Kind.REPAIR_RESULT.of(command.turbine_number),
    )


def _event(event: Event, dispatch_id: str | None) -> Outgoing:
    message = TurbineEvent(
        at=event.at,
        turbine_number=event.turbine_number,
        action=event.action.value,
        sentence=event.sentence,
        incident_id=event.incident_id,
        dispatch_id=dispatch_id,
        engineer=event.engineer,
        by=event.by,
    )
    return Outgoing(
        topic=Kind.EVENTS.of(event.turbine_number),
        payload=message.to_json(),
        created_at=event.at,
    )


class Outlet(Protocol):
    """Where the monitor publishes: a port that every client of the broker can fulfil."""

    async def publish(self, message: Outgoing) -> None:
        """Publish at QoS 1; returns when the broker has it. Raises BrokerLostError if that stays unknown."""

    def tell(self, messages: Iterable[tuple[str, bytes]]) -> None:
        """Publish (topic, payload) pairs at QoS 0, now or never."""

    async def connected(self) -> None:
        """Wait until there is a connection."""


class Outbox:
    """Publishes committed messages one after the other, in their order, each until the broker has it.

    What the broker has is remembered until the next commit deletes its rows (`published`, then `forget`).
    """

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet
        self._waiting: deque[Outgoing] = deque()
        self._arrived = asyncio.Event()
        self._published: set[int] = set()

    def __len__(self) -> int:
        """How many messages wait."""
        return len(self._waiting)

    def add(self, messages: Iterable[Outgoing]) -> None:
        """Publish these, now that they are committed."""
        self._waiting.extend(messages)
        if self._waiting:
            self._arrived.set()

    def tell(self, messages: Iterable[tuple[str, bytes]]) -> None:
        """Publish (topic, payload) pairs past the queue, now or never: only what will be said again anyway."""
        self._outlet.tell(messages)

    def withdraw(self, dispatch_ids: Iterable[str]) -> None:
        """Let the unsent orders of ended visits not go out any more."""
        ended = set(dispatch_ids)
        if ended:
            self._waiting = deque(message for message in self._waiting if message.dispatch_id not in ended)

    @property
    def published(self) -> list[int]:
        """The outbox ids that the broker has, and whose rows can go."""
        return sorted(self._published)

    def forget(self, outbox_ids: Iterable[int]) -> None:
        """Their rows are gone."""
        self._published.difference_update(outbox_ids)

    async def run(self) -> None:
        """Publish until cancelled."""
        while True:
            await self._arrived.wait()
            await self._outlet.connected()
            if not self._waiting:
                self._arrived.clear()
                continue
            await self._publish(self._waiting[0])

    async def _publish(self, message: Outgoing) -> None:
        try:
            await self._outlet.publish(message)
        except BrokerLostError:
            await asyncio.sleep(AFTER_LOSS_SECONDS)  # the loss may not have reached `connected` yet
            return
        self._published.add(message.outbox_id)
        if self._waiting and self._waiting[0] is message:  # it may have been withdrawn meanwhile
            self._waiting.popleft()
