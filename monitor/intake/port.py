"""What the monitor wants of whatever client listens to the broker: a small port."""

from dataclasses import dataclass
from typing import Protocol

from grid.connection import Message


@dataclass(frozen=True, slots=True)
class Batch:
    """What arrived since the last batch, in order, all on one connection.

    An empty batch tells the state of the connection: that is how silence and a lost broker are noticed.
    """

    epoch: int
    """Which connection the messages came from: a higher number is a later connection."""
    connected: bool
    messages: tuple[Message, ...] = ()
    dropped: int = 0
    """How many messages at QoS 0 found no room since the last batch."""
    waiting: int = 0
    """How many messages have arrived, and come with later batches."""
    away_because: str = ""
    """Why there is no connection, in words; empty while there is one, and before the first attempt has failed."""


class Intake(Protocol):
    """Messages from the broker, each one until it is acknowledged.

    Every QoS 1 message that arrives is handed out at least once, and again after a loss of the connection unless
    it was acknowledged before. Messages of one connection keep their order. A slow monitor makes the broker
    wait, and loses nothing: the Receive Maximum bounds what is not yet acknowledged, and an intake that is full reads
    no more. QoS 0 promises nothing: what exceeds the intake's room is dropped, and told with the next batch.
    """

    async def receive(self, *, within_seconds: float) -> Batch:
        """Wait for the next batch: at once if something is there, an empty one when the time is over."""

    def wake(self) -> None:
        """End the wait of `receive`, or of the next one: somebody has asked for something. No message is lost."""

    async def still_stands(self, batch: Batch) -> bool:
        """Whether the broker that brought this batch still answers on the same connection.

        If not, the connection is over: the batch comes again, and the retained statuses with it. A broker that is
        stopped publishes the wills of all who were connected to it before it goes.
        """

    def acknowledge(self, batch: Batch) -> None:
        """Let the broker forget a batch: after it is durable. Without effect for an earlier connection's batch."""
