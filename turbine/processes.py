"""A fleet spread over processes: children run the turbines, and their parent listens, adds up and tells.

The parent forks, so that files that are open for appending are shared: a line is written whole. Children ignore the
signals that a terminal or a service manager sends to all at once. They obey their parent, and die with it, as the
turbines of one process would.
"""

import asyncio
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import partial
from itertools import chain
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, Generic, TypeVar

from grid.errors import CommandError, ExitCode
from turbine.fleet import PROGRESS_SECONDS, SIGNALS, Listen, run_to_the_end
from turbine.progress import Progress
from turbine.shares import Share

REMEMBERED_SENTENCES = 64
"""Of what children said: what several of them say is said once."""

EXIT_SECONDS = 5.0
"""How long a child that is done may take to be gone."""

Outcome = TypeVar("Outcome")


Work = Callable[[Share, Progress, Listen], Outcome]
"""What a child does: runs the turbines of its share, and returns what is to be known at the end."""


def run_in_processes(work: Work[Outcome], spread: Sequence[Share], progress: Progress) -> list[Outcome]:
    """Run each share in a process of its own, to the end; returns what each had to tell.

    Call it without a running event loop and without threads. The first SIGINT or SIGTERM ends all in order, the
    second kills them and this process, with exit code 130. Raises CommandError when a child failed or died; the
    others have then been ended in order.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # until somebody is there to hear them
    children: list[_Child[Outcome]] = []
    try:
        for share in spread:
            children.append(_fork(work, share, progress, [child.line for child in children]))
        return run_to_the_end(_Parent(children, progress).run())
    finally:
        for child in children:
            child.line.close()  # one that still runs ends by it


@dataclass(frozen=True, slots=True)
class Counts:
    """What a child has counted until now: see `Progress`."""

    emitted: int = 0
    acknowledged: int = 0
    stored_by_monitor: int = 0
    stored_of_earlier_runs: int = 0
    broken: frozenset[int] = frozenset()
    given_up: dict[int, int] = field(default_factory=dict)


class _Kind(Enum):
    """What a child tells its parent."""

    FOUND = auto()
    LEFT = auto()
    LOST = auto()
    SAID = auto()
    COUNTED = auto()
    FAILED = auto()
    ENDED = auto()


@dataclass(slots=True)
class ChildProgress(Progress):
    """Progress in a child: the parent hears of it, and says what is to be said."""

    line: Connection | None = None

    def tell(self, kind: _Kind, *what: object) -> None:
        """Tell the parent; one that is gone hears nothing."""
        if self.line is not None:
            with suppress(OSError):
                self.line.send((kind, *what))

    def say(self, sentence: str) -> None:
        """Have the parent write one line."""
        self.tell(_Kind.SAID, sentence)

    def show(self) -> None:
        """Give the parent the counts."""
        counts = Counts(
            self.emitted,
            self.acknowledged,
            self.stored_by_monitor,
            self.stored_of_earlier_runs,
            frozenset(self.broken),
            self.given_up,
        )
        self.tell(_Kind.COUNTED, counts)

    def found(self) -> None:
        """A turbine is connected."""
        self.connected += 1
        self.was_connected = True
        self.tell(_Kind.FOUND)

    def left(self) -> None:
        """A turbine is no longer connected."""
        self.connected -= 1
        self.tell(_Kind.LEFT)

    def lost(self, turbine_number: int, reason: str) -> None:
        """A turbine lost the broker, or could not reach it."""
        self.tell(_Kind.LOST, turbine_number, reason)


def _listen(line: Connection, on_asked: Callable[[], None]) -> Callable[[], None]:
    """Hear the parent's order to stop; without a parent end at once, so that the broker publishes the wills."""
    loop = asyncio.get_running_loop()

    def hear() -> None:
        try:
            line.recv()
        except (EOFError, OSError):
            os._exit(ExitCode.FAILED)
        on_asked()

    def deafen() -> None:
        loop.remove_reader(line.fileno())

    loop.add_reader(line.fileno(), hear)
    return deafen


def _live(work: Work[Outcome], share: Share, progress: Progress, line: Connection, others: list[Connection]) -> None:
    """A child's life: do the work, and tell how it ended."""
    for other in others:
        other.close()  # else a child would keep the others from seeing that their parent is gone
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    told = ChildProgress(len(share.numbers), progress.broker, progress.stream, line=line)
    try:
        outcome = work(share, told, partial(_listen, line))
    except (CommandError, OSError) as error:
        told.tell(_Kind.FAILED, str(error))
    else:
        told.show()
        told.tell(_Kind.ENDED, outcome)


@dataclass(slots=True)
class _Child(Generic[Outcome]):
    """What the parent knows of a child."""

    share: Share
    process: BaseProcess
    line: Connection
    counts: Counts = field(default_factory=Counts)
    outcomes: tuple[Outcome, ...] = ()
    failure: str | None = None
    is_over: bool = False

    def order_to_stop(self) -> None:
        """Have it end in order."""
        with suppress(OSError):
            self.line.send("stop")

    def bury(self) -> None:
        """Wait for its end, which it announced; note what it died of, if it did."""
        self.is_over = True
        self.process.join(EXIT_SECONDS)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        if not self.outcomes and self.failure is None:
            self.failure = f"{self.share} died: {_cause(self.process.exitcode or 0)}"


def _fork(work: Work[Outcome], share: Share, progress: Progress, others: list[Connection]) -> _Child[Outcome]:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(
        target=_live, args=(work, share, progress, theirs, [*others, ours]), name=str(share)
    )
    process.start()
    theirs.close()
    return _Child(share, process, ours)


def _cause(exit_code: int) -> str:
    return f"signal {-exit_code}" if exit_code < 0 else f"exit code {exit_code}"


class _Parent(Generic[Outcome]):
    """Hears the children, shows their sums, and passes the order to stop on."""

    def __init__(self, children: Sequence[_Child[Outcome]], progress: Progress) -> None:
        self._children = children
        self._progress = progress
        self._said: deque[str] = deque(maxlen=REMEMBERED_SENTENCES)
        self._is_asked = False
        self._is_stopping = False
        self._failure: str | None = None

    async def run(self) -> list[Outcome]:
        """Attend to the children until all have ended. Raises CommandError if one failed or died."""
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self._on_signal)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        async with asyncio.TaskGroup() as beside:
            showing = beside.create_task(self._show_progress(), name="show progress")
            async with asyncio.TaskGroup() as attending:
                for child in self._children:
                    attending.create_task(self._attend(child), name=f"attend {child.share}")
            showing.cancel()
        self._progress.show()
        if self._failure is not None:
            raise CommandError(self._failure)
        return [outcome for child in self._children for outcome in child.outcomes]

    async def _attend(self, child: _Child[Outcome]) -> None:
        """Hear a child until it hangs up."""
        loop = asyncio.get_running_loop()
        news = asyncio.Event()
        loop.add_reader(child.line.fileno(), news.set)
        try:
            while True:
                await news.wait()
                news.clear()
                while child.line.poll():
                    self._hear(child, *child.line.recv())
        except (EOFError, OSError):  # an OSError if it died in the middle of a word
            child.bury()
        finally:
            loop.remove_reader(child.line.fileno())
        if child.failure is not None:
            self._failure = self._failure or child.failure
            self._stop()

    def _hear(self, child: _Child[Outcome], kind: _Kind, *what: Any) -> None:
        match kind:
            case _Kind.FOUND:
                self._progress.found()
            case _Kind.LEFT:
                self._progress.left()
            case _Kind.LOST:
                self._progress.lost(*what)
            case _Kind.SAID:
                self._say(*what)
            case _Kind.COUNTED:
                [child.counts] = what
                self._add_up()
            case _Kind.FAILED:
                [child.failure] = what
            case _Kind.ENDED:
                child.outcomes = (what[0],)

    def _say(self, sentence: str) -> None:
        """Say once what several children say."""
        if sentence not in self._said:
            self._said.append(sentence)
            self._progress.say(sentence)

    def _add_up(self) -> None:
        counts = [child.counts for child in self._children]
        progress = self._progress
        progress.emitted = sum(of.emitted for of in counts)
        progress.acknowledged = sum(of.acknowledged for of in counts)
        progress.stored_by_monitor = sum(of.stored_by_monitor for of in counts)
        progress.stored_of_earlier_runs = sum(of.stored_of_earlier_runs for of in counts)
        progress.broken = set().union(*(of.broken for of in counts))
        progress.given_up = dict(chain.from_iterable(of.given_up.items() for of in counts))

    def _on_signal(self) -> None:
        if self._is_asked:
            for child in self._children:
                if not child.is_over:
                    child.process.kill()
            os._exit(ExitCode.INTERRUPTED)
        self._is_asked = True
        self._stop()

    def _stop(self) -> None:
        """Have all end in order. Said once: a child takes a second order as a person's second signal."""
        if not self._is_stopping:
            self._is_stopping = True
            for child in self._children:
                child.order_to_stop()

    async def _show_progress(self) -> None:
        while True:
            self._progress.show()
            await asyncio.sleep(PROGRESS_SECONDS)
