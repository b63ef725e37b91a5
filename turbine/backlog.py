"""What a turbine has yet to send: bounded, oldest first."""

from collections import deque
from dataclasses import dataclass, field

DEFAULT_BACKLOG = 1000


@dataclass(slots=True)
class Backlog:
    """Messages (topic, payload) in order. When it is full the oldest goes: the newest says how things are.

    May lose messages; `dropped` counts them. A `lossless` one loses none, and grows beyond its size instead, if
    whoever fills it does not wait while it is full.
    """

    size: int = DEFAULT_BACKLOG
    lossless: bool = False
    dropped: int = 0
    _messages: deque[tuple[str, bytes]] = field(default_factory=deque)

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def full(self) -> bool:
        """Whether the next message costs the oldest."""
        return len(self._messages) >= self.size

    def append(self, topic: str, payload: bytes) -> None:
        """Add the newest message."""
        if self.full and not self.lossless:
            self._messages.popleft()
            self.dropped += 1
        self._messages.append((topic, payload))

    def take(self) -> tuple[str, bytes]:
        """Take the oldest message out, to send it. Raises IndexError when there is none."""
        return self._messages.popleft()

    def put_back(self, topic: str, payload: bytes) -> None:
        """Put a message back that could not be sent: it is the oldest again, and the first to go."""
        if self.full and not self.lossless:
            self.dropped += 1
        else:
            self._messages.appendleft((topic, payload))

    def clear(self) -> None:
        """Give up what is left."""
        self.dropped += len(self._messages)
        self._messages.clear()
