"""The answers to orders that a turbine has yet to send: few, in order, and each after the readings before it."""

from dataclasses import dataclass, field

BACKLOG_SIZE = 100
"""An answer says how far a repair is: the newest counts, and the readings prove it anyway."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An answer, as it goes over the wire, and the sequence of the reading that comes after it."""

    payload: bytes
    before: int


@dataclass(slots=True)
class Backlog:
    """Answers in order. When it is full the oldest goes, and `dropped` counts it."""

    size: int = BACKLOG_SIZE
    dropped: int = 0
    _answers: list[Waiting] = field(default_factory=list)  # nearly always empty, when a deque takes 600 bytes

    def __len__(self) -> int:
        return len(self._answers)

    def append(self, payload: bytes, before: int) -> None:
        """Add the newest answer; `before`: the sequence of the next reading."""
        if len(self._answers) >= self.size:
            del self._answers[0]
            self.dropped += 1
        self._answers.append(Waiting(payload, before))

    def next(self, sent: int) -> Waiting | None:
        """The oldest answer, if its turn has come: readings below the sequence `sent` are sent."""
        return self._answers[0] if self._answers and self._answers[0].before <= sent else None

    def sent(self, answer: Waiting) -> None:
        """Forget an answer that was sent, if it is not dropped already."""
        if self._answers and self._answers[0] is answer:
            del self._answers[0]
