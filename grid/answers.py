"""What we asked the broker and wait to have answered, by packet id."""

import asyncio

from grid.broker_words import lost

ReasonCodes = list[int]


class Answers:
    """A question stays open until the broker answers it, even if nobody waits for that any more."""

    def __init__(self) -> None:
        self._open: dict[int, asyncio.Future[ReasonCodes]] = {}

    @property
    def are_open(self) -> bool:
        """Whether a question is open."""
        return bool(self._open)

    def expect(self, packet_id: int) -> asyncio.Future[ReasonCodes]:
        """What is done when the broker has answered what goes out under this packet id."""
        answer: asyncio.Future[ReasonCodes] = asyncio.get_running_loop().create_future()
        self._open[packet_id] = answer
        return answer

    def take(self, packet_id: int, codes: ReasonCodes) -> None:
        """Hand the reason codes to whoever waits for them."""
        answer = self._open.pop(packet_id)
        if not answer.done():
            answer.set_result(codes)

    def lose(self, because: str) -> None:
        """Let all who wait hear that the connection was lost."""
        for answer in self._open.values():
            if not answer.done():
                answer.set_exception(lost(because))
