"""Followers of the running monitor: each gets the whole farm first, then once a second what has changed."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncGenerator, Callable

from monitor.console.known import Known
from monitor.live.documents import Document
from monitor.live.live_farm import LiveFarm

TELL_EVERY_SECONDS = 1.0

MOST_WAITING = 4
"""How many messages wait for a follower. One that is slower gets a snapshot instead of them."""

_to_json = json.JSONEncoder(separators=(",", ":")).encode


class FarmFeed:
    """Tells every follower the same lines, made once. Nothing is computed while nobody follows.

    `known` says what is known now, None while the monitor starts. `run` must run for anybody to be told anything;
    when it ends, so does all following. A bug in telling is said once, by `say`, and tried again with a snapshot: no
    page may end the monitor that keeps the readings.
    """

    def __init__(
        self,
        known: Callable[[], Known | None],
        *,
        say: Callable[[str], None],
        every_seconds: float = TELL_EVERY_SECONDS,
    ) -> None:
        self._known = known
        self._say = say
        self._has_complained = False
        self._every_seconds = every_seconds
        self._farm = LiveFarm()
        self._followers: list[_Follower] = []
        self._somebody_waits = asyncio.Event()
        self._has_ended = False

    async def follow(self) -> AsyncGenerator[bytes, None]:
        """JSON documents, one line each without its end: a snapshot, then a delta every second.

        Whoever takes them too slowly gets another snapshot in place of what was left out.
        """
        follower = _Follower()
        if self._has_ended:
            return
        self._followers.append(follower)
        self._somebody_waits.set()
        try:
            while (line := await follower.next()) is not None:
                yield line
        finally:
            self._followers.remove(follower)

    async def run(self) -> None:
        """Tell the followers, until cancelled."""
        try:
            while True:
                await self._somebody_waits.wait()
                self._farm = LiveFarm()  # what was told to those who left is of no use
                while self._followers:
                    await self._try_to_tell()
                    await self._pause()
        finally:
            self._has_ended = True
            for follower in self._followers:
                follower.end()

    async def _pause(self) -> None:
        """Wait for the next second, or for the next newcomer."""
        self._somebody_waits.clear()
        try:
            async with asyncio.timeout(self._every_seconds):
                await self._somebody_waits.wait()
        except TimeoutError:
            return

    async def _try_to_tell(self) -> None:
        try:
            await self._tell()
        except Exception as bug:
            self._farm = LiveFarm()
            for follower in self._followers:
                follower.start_over()
            if not self._has_complained:
                self._has_complained = True
                self._say(f"a bug: the farm can't be told to pages and followers, {type(bug).__name__}: {bug}")

    async def _tell(self) -> None:
        known = self._known()
        if known is None:
            return
        for delta in self._farm.deltas(known):
            if any(not follower.wants_all for follower in self._followers):
                self._give(_to_json(delta).encode())
            await asyncio.sleep(0)  # let others run
        if self._farm.has_forgotten:
            for follower in self._followers:
                follower.start_over()
        if any(follower.wants_all and follower.is_waiting for follower in self._followers):
            snapshot = await self._snapshot()
            for follower in self._followers:
                follower.give_all(snapshot)

    def _give(self, line: bytes) -> None:
        for follower in self._followers:
            follower.give(line)

    async def _snapshot(self) -> bytes:
        """The whole farm as it was told last, written in pieces, so that others may run between them."""
        farm, pieces = self._farm, []
        for rows in farm.rows():
            pieces.append(_to_json(rows)[1:-1])
            await asyncio.sleep(0)
        frame: Document = {"kind": "snapshot", "at": farm.at, "turbines": [], "farm": farm.farm}
        before, after = _to_json(frame).split('"turbines":[]', 1)
        return f'{before}"turbines":[{",".join(pieces)}]{after}'.encode()


class _Follower:
    """What waits for one follower."""

    def __init__(self) -> None:
        self.wants_all = True
        """Whether only a snapshot is of use."""
        self.is_waiting = False
        """Whether it has taken all that there was."""
        self._lines: deque[bytes] = deque()
        self._changed = asyncio.Event()
        self._has_ended = False

    async def next(self) -> bytes | None:
        """Wait for the next line; None at the end."""
        self.is_waiting = True
        while not self._lines and not self._has_ended:
            self._changed.clear()
            await self._changed.wait()
        self.is_waiting = False
        return self._lines.popleft() if self._lines else None

    def give(self, line: bytes) -> None:
        """Give a delta, or leave it out where it would be of no use."""
        if self.wants_all:
            return
        if len(self._lines) < MOST_WAITING:
            self._lines.append(line)
            self._changed.set()
        else:
            self.start_over()

    def give_all(self, snapshot: bytes) -> None:
        """Give the snapshot, if it is wanted and would be taken at once."""
        if self.wants_all and self.is_waiting:
            self.wants_all = False
            self._lines.append(snapshot)
            self._changed.set()

    def start_over(self) -> None:
        """Leave out what waits: the next is a snapshot."""
        self._lines.clear()
        self.wants_all = True

    def end(self) -> None:
        """Nothing more comes."""
        self._has_ended = True
        self._changed.set()
