"""A life at work: each of its readings when it is due, and its repairs on order."""

import asyncio
from collections.abc import Sequence

from pydantic import ValidationError

from grid.connection import Message
from grid.repair import RepairCommand, RepairResult
from turbine.backlog import Backlog
from turbine.life import Life
from turbine.outbox import Forgotten, Outbox
from turbine.run import Run


class Reporting:
    """Puts the readings of one life into its outbox when they are due, and what it answers to orders into the backlog.

    Sets `news` when there is something to send.
    """

    def __init__(self, life: Life, run: Run, outbox: Outbox, backlog: Backlog, news: asyncio.Event) -> None:
        self._life = life
        self._run = run
        self._outbox = outbox
        self._backlog = backlog
        self._news = news
        self._room = asyncio.Event()
        self._obeys = True
        self._answers = True
        self.is_over = False
        """Whether the last reading has been taken."""

    async def live(self) -> None:
        """Take each reading when it is due, until the life or the run is over."""
        try:
            while (due := self._next_due()) is not None:
                await asyncio.sleep(self._run.pace.delay(due))
                await self._wait_for_room()
                if self._next_due() == due:  # a repair may have come first, and taken the reading
                    self._produce()
            if self._run.until is not None and self._life.next_due() is not None:
                await asyncio.sleep(self._run.pace.delay(self._run.until))
        finally:
            self.is_over = True

    def _next_due(self) -> float | None:
        due = self._life.next_due()
        until = self._run.until
        return None if due is None or (until is not None and due >= until) else due

    async def _wait_for_room(self) -> None:
        """A lossless outbox that is full holds the life up."""
        while self._run.lossless and self._outbox.full:
            self._room.clear()
            await self._room.wait()

    def make_room(self) -> None:
        """The outbox has changed: a life that it holds up may look again."""
        self._room.set()

    def _produce(self) -> None:
        reading = self._life.produce_metrics()
        payload = reading.to_json()
        given_up = self._outbox.append(payload)
        self._run.outbox_file.keep(payload)
        self._run.record(reading)
        self._run.progress.reported(reading.turbine_number, reading.operational_status)
        self.note(given_up)
        self._news.set()

    def note(self, forgotten: Sequence[Forgotten]) -> None:
        """Have it forgotten in the file too, and say what was given up."""
        for gone in forgotten:
            self._run.outbox_file.forget(self._life.turbine_number, gone.session, gone.sequence)
        if forgotten:
            self._run.progress.gave_up(self._life.turbine_number, self._outbox.given_up)
            self.make_room()

    # --- orders

    def receive_repairs(self, message: Message) -> None:
        """Obey an order from the repair topic; whatever is no `RepairCommand` is a plain order.

        A retained order is an old one, sent again at every connect: it is not obeyed, nor one that comes at the end.
        """
        if message.retain or not self._obeys:
            return
        now = self._run.pace.now()
        self._catch_up(now)
        loop = asyncio.get_running_loop()
        for answer in self._life.repair(now, parse_command(message.payload)):
            loop.call_later(self._run.pace.delay(answer.due), self._answer, answer.result)

    def _catch_up(self, now: float) -> None:
        """Take the readings that were due before an order came: they must not show its effect."""
        while not self._run.lossless and (due := self._next_due()) is not None and due <= now:
            self._produce()

    def _answer(self, result: RepairResult) -> None:
        if self._answers:
            self._backlog.append(result.to_json(), before=self._outbox.end)
            self._news.set()

    def obey_no_more(self) -> None:
        """The end is near: orders come too late."""
        self._obeys = False

    def answer_no_more(self) -> None:
        """The goodbye comes next, and nothing may follow it."""
        self._obeys = self._answers = False


def parse_command(payload: bytes) -> RepairCommand | None:
    """Read an order; None for a plain one, which is every payload that is not a `RepairCommand`."""
    try:
        return RepairCommand.model_validate_json(payload)
    except ValidationError:
        return None
