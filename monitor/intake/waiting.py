"""What has arrived and is not handed out yet: in order, bounded, and forgotten where it will come again."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from grid.broker import Message

MAX_AT_QOS_0 = 10_000
"""How many messages at QoS 0 may wait: what exceeds it is dropped."""

HIGH_WATER_BYTES = 4 * 1024 * 1024
"""When so much waits, the client should read no more ..."""

LOW_WATER_BYTES = 1024 * 1024
"""... until only so much is left."""

MAX_BYTES_AT_QOS_0 = 2 * HIGH_WATER_BYTES
"""When so much waits although reading was to stop, there is no room for QoS 0. QoS 1 has its Receive Maximum."""

MOST_BYTES = 16 * HIGH_WATER_BYTES
"""More than any broker sends that keeps to the Receive Maximum: Mosquitto, as we configure it, at most half of it."""

MESSAGE_OVERHEAD_BYTES = 400
"""What a message takes beside the letters of its topic and its payload."""


@dataclass(frozen=True, slots=True)
class _Chunk:
    """What one read of the connection brought. It is never split: so no message needs to be touched alone."""

    epoch: int
    messages: Sequence[Message]
    at_qos_0: int
    size: int


class Waiting:
    """A queue of messages, each with the epoch of the connection that brought it."""

    def __init__(self) -> None:
        self.count = 0
        """How many messages wait."""
        self.size = 0
        """About how many bytes they take."""
        self.dropped = 0
        """How many at QoS 0 found no room so far."""
        self._chunks: deque[_Chunk] = deque()
        self._at_qos_0 = 0

    @property
    def epoch(self) -> int | None:
        """Which connection brought what is next; None if nothing waits."""
        return self._chunks[0].epoch if self._chunks else None

    @property
    def is_full(self) -> bool:
        """Whether the client should stop reading."""
        return self.size >= HIGH_WATER_BYTES

    @property
    def is_overrun(self) -> bool:
        """Whether so much waits that its broker keeps to no limit."""
        return self.size > MOST_BYTES

    @property
    def has_room(self) -> bool:
        """Whether the client may read again after it stopped."""
        return self.size <= LOW_WATER_BYTES

    def add(self, epoch: int, messages: Sequence[Message]) -> None:
        """Queue what a read brought, but for messages at QoS 0 that find no room."""
        at_qos_0 = [message for message in messages if not message.packet_id]
        room = max(0, MAX_AT_QOS_0 - self._at_qos_0) if self.size < MAX_BYTES_AT_QOS_0 else 0
        if len(at_qos_0) > room:
            late = {id(message) for message in at_qos_0[room:]}
            messages = [message for message in messages if id(message) not in late]
            self.dropped += len(late)
        if messages:
            self._append(_chunk(epoch, messages))

    def take(self, at_most: int) -> list[Message]:
        """What is next, of one epoch: at most so many, but never less than what one read brought. Not if none waits."""
        epoch = self.epoch
        taken: list[Message] = []
        while self.epoch == epoch and (not taken or len(taken) + len(self._chunks[0].messages) <= at_most):
            chunk = self._chunks.popleft()
            taken.extend(chunk.messages)
            self._count(chunk, -1)
        return taken

    def forget_what_comes_again(self, *, before: int) -> None:
        """Keep of connections before this epoch only QoS 0: the broker still has our session, and the rest."""
        chunks, self._chunks = self._chunks, deque()
        self.count = self.size = self._at_qos_0 = 0
        for chunk in chunks:
            if chunk.epoch >= before:
                self._append(chunk)
            elif chunk.at_qos_0:
                self._append(_chunk(chunk.epoch, [message for message in chunk.messages if not message.packet_id]))

    def _append(self, chunk: _Chunk) -> None:
        self._chunks.append(chunk)
        self._count(chunk, 1)

    def _count(self, chunk: _Chunk, sign: int) -> None:
        self.count += sign * len(chunk.messages)
        self.size += sign * chunk.size
        self._at_qos_0 += sign * chunk.at_qos_0


def _chunk(epoch: int, messages: Sequence[Message]) -> _Chunk:
    letters = sum([len(message.topic) + len(message.payload) for message in messages])
    at_qos_0 = sum([not message.packet_id for message in messages])
    return _Chunk(epoch, messages, at_qos_0, letters + len(messages) * MESSAGE_OVERHEAD_BYTES)
