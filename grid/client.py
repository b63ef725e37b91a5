"""One live connection as its users see it, and what it wants of the client that carries it."""

import typing
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from grid.broker import Message, Protocol
from grid.broker_words import FAILURE, refused_publish, refused_subscriptions

Deliver = Callable[[Sequence[Message]], None]
"""Is called with the messages of each read, in order of arrival; it must not block."""


@dataclass(frozen=True, slots=True)
class Publication:
    """What a PUBLISH says. Expiry, response topic and correlation data are MQTT 5's, and left out before it."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    expiry_seconds: int | None
    response_topic: str | None
    correlation_data: bytes | None


class Client(typing.Protocol):
    """Carries one connection to its end. What is awaited raises BrokerLostError when the connection breaks.

    It breaks, too, over an answer that does not come within ANSWER_TIMEOUT_SECONDS.
    """

    session_present: bool
    """Whether the CONNACK said that the broker still had our session."""

    async def enter(self) -> None:
        """Connect. Raises BrokerLostError, UnknownProtocolError if nobody answered; then nothing is left open."""

    async def listen(self, topic_filters: Sequence[str], qos: int) -> Sequence[int]:
        """Subscribe; returns the SUBACK's reason codes."""

    async def send(self, publication: Publication) -> int:
        """Publish; returns the PUBACK's reason code, 0 at QoS 0."""

    def tell(self, messages: Iterable[tuple[str, bytes]]) -> None:
        """Publish at QoS 0 what can be sent at once, and forget the rest."""

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """Send a PUBACK for each message that wants one, in order; without effect on a lost connection."""

    def pause_reading(self) -> None:
        """Read no more, but for an answer that is awaited."""

    def resume_reading(self) -> None:
        """Read again."""

    def freeze(self) -> None:
        """Neither read nor write any more, and close nothing."""

    async def lost(self) -> None:
        """Wait until the connection breaks, and raise BrokerLostError then, or what the receiver raised."""

    def drop(self) -> None:
        """Close the connection at once, without a DISCONNECT: the broker publishes the will."""

    async def leave(self) -> None:
        """Say DISCONNECT if the connection still stands, and close it in any case."""


class Connection:
    """One live connection. Every method that waits raises BrokerLostError when it breaks."""

    def __init__(self, client: Client, protocol: Protocol) -> None:
        self._client = client
        self.protocol = protocol
        self.session_present = client.session_present
        """Whether the broker still had our session: if not, what was unacknowledged is forgotten there."""

    async def subscribe(self, *topic_filters: str, qos: int = 1) -> None:
        """Subscribe, and have the retained messages sent; returns after the SUBACK.

        Raises BrokerRefusedError if the broker refuses a filter.
        """
        codes = await self._client.listen(topic_filters, qos)
        refused = [name for name, code in zip(topic_filters, codes, strict=True) if code >= FAILURE]
        if refused:
            raise refused_subscriptions(refused)

    async def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        qos: int = 1,
        retain: bool = False,
        expiry_seconds: int | None = None,
        response_topic: str | None = None,
        correlation_data: bytes | None = None,
    ) -> None:
        """Publish; at QoS 1 returns after the PUBACK: the broker has it, which says nothing of its subscribers.

        Expiry, response topic and correlation data are MQTT 5's and left out before it. Raises BrokerRefusedError
        if the broker refuses the message, which only MQTT 5 can say.
        """
        publication = Publication(topic, payload, qos, retain, expiry_seconds, response_topic, correlation_data)
        code = await self._client.send(publication)
        if code >= FAILURE:
            raise refused_publish(topic, code)

    def tell(self, messages: Iterable[tuple[str, bytes]]) -> None:
        """Publish (topic, payload) pairs at QoS 0, now or never: what can't be sent at once is forgotten."""
        self._client.tell(messages)

    def acknowledge(self, *messages: Message) -> None:
        """Tell the broker that messages are dealt with, in this order. Only for messages of this connection."""
        self._client.acknowledge(messages)

    def pause_reading(self) -> None:
        """Let the broker wait; what it answers to us is still read. Without effect where aiomqtt carries it."""
        self._client.pause_reading()

    def resume_reading(self) -> None:
        """Go on after `pause_reading`."""
        self._client.resume_reading()

    def freeze(self) -> None:
        """Let it be half-open: as if the line were cut, nothing is read or written any more, and nothing closed.

        The broker gives it up when the keep-alive is over. Here nobody notices: raise BrokerLostError to end it.
        """
        self._client.freeze()

    async def lost(self) -> None:
        """Wait until the connection breaks, and raise BrokerLostError then, or what the receiver raised."""
        await self._client.lost()
