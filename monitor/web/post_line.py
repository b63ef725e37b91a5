"""Posted readings on their way to the monitor: what comes while one question is under way goes with the next."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from monitor.control import Answer, NoMonitorError, posts_request

MOST_WAITING = 500
MOST_BYTES_AT_ONCE = 64 * 1024
"""In JSON a byte takes six at most: the door takes so much in one line."""


class PostLineFullError(Exception):
    """So many wait already that another one would wait too long."""


@dataclass(slots=True)
class _Waiting:
    body: bytes
    answer: asyncio.Future[Answer]


class PostLine:
    """Brings readings to the monitor, many with one question; `ask` asks it, and may raise NoMonitorError."""

    def __init__(self, ask: Callable[[Answer], Awaitable[Answer]]) -> None:
        self._ask = ask
        self._line: deque[_Waiting] = deque()
        self._bringing: asyncio.Task[None] | None = None

    async def bring(self, body: bytes) -> Answer:
        """Bring one; returns after its commit, with what became of it. Raises NoMonitorError, PostLineFullError."""
        if len(self._line) >= MOST_WAITING:
            raise PostLineFullError
        waiting = _Waiting(body, asyncio.get_running_loop().create_future())
        self._line.append(waiting)
        if self._bringing is None or self._bringing.done():
            self._bringing = asyncio.create_task(self._bring_all(), name="bring posted readings to the monitor")
        return await waiting.answer

    async def _bring_all(self) -> None:
        while self._line:
            group = self._next_group()
            try:
                answers = (await self._ask(posts_request([one.body for one in group])))["posts"]
                _answer(group, answers)
            except NoMonitorError as error:
                _fail([*group, *self._line], error)  # those behind would wait as long, and in vain
                self._line.clear()
            except (KeyError, TypeError, ValueError):
                _fail(group, NoMonitorError("the monitor gives another answer than was asked for: see its version"))

    def _next_group(self) -> list[_Waiting]:
        group = [self._line.popleft()]
        size = len(group[0].body)
        while self._line and size + len(self._line[0].body) <= MOST_BYTES_AT_ONCE:
            group.append(self._line.popleft())
            size += len(group[-1].body)
        return group


def _answer(group: list[_Waiting], answers: list[Answer]) -> None:
    """Raises ValueError if there is not one answer for each."""
    for waiting, answer in list(zip(group, answers, strict=True)):
        if not waiting.answer.done():  # whoever asked may be gone
            waiting.answer.set_result(answer)


def _fail(group: list[_Waiting], error: NoMonitorError) -> None:
    for waiting in group:
        if not waiting.answer.done():
            waiting.answer.set_exception(error)
