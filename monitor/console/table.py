"""The live table on a terminal: turbines worst first, engineers, rates, and what happened last."""

import termios
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from rich.console import Console as Terminal
from rich.console import RenderableType
from rich.live import Live
from rich.text import Text

from monitor.clock import utc_now
from monitor.console.console import PAGES
from monitor.console.line_writer import FLUSH_SECONDS
from monitor.console.lines import event_in_words, farm_in_words
from monitor.console.picture import Recent, farm_picture
from monitor.console.view import FarmView
from monitor.console.words import plain, time_of_day
from monitor.facts import Event

REFRESHES_PER_SECOND = 2.0
RECENT_KEPT = 50
RECENT_LEFT = 5


class TableConsole:
    """Draws on the alternate screen, twice a second.

    Drawing happens in a thread of its own: a terminal that does not take our output (a slow line, Ctrl-S) must
    not hold the monitor up. It draws the newest view; a view that was replaced before is never drawn.
    """

    interval_seconds = 0.5

    def __init__(self, terminal: Terminal | None = None, clock: Callable[[], int] = utc_now) -> None:
        self._terminal = terminal or Terminal()
        self._clock = clock
        self._view: FarmView | None = None
        self._recent: Recent = ()
        self._pages = ""
        self._live = Live(
            console=self._terminal,
            screen=self._terminal.is_terminal,
            refresh_per_second=REFRESHES_PER_SECOND,
            get_renderable=self._draw,
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the screen back, and leave behind how the farm stood and what happened last.

        Also on a terminal that takes nothing: after a second a Ctrl-S is undone, after another one what waits for the
        terminal is thrown away.
        """
        leaving = threading.Thread(target=self._give_back, name="give the screen back", daemon=True)
        leaving.start()
        leaving.join(FLUSH_SECONDS)
        for free in (_undo_ctrl_s, _throw_away):
            if leaving.is_alive():
                with suppress(OSError, termios.error):
                    free(self._terminal.file.fileno())
                leaving.join(FLUSH_SECONDS)

    def check(self) -> None:
        """Nothing to find out: a terminal that goes away sends a signal."""

    def show(self, view: FarmView) -> None:
        """Have this view drawn next."""
        self._view = view

    def tell(self, event: Event) -> None:
        """Add a decision to what happened last."""
        self._happened(event.at, event_in_words(event))

    def say(self, sentence: str, *, action: str) -> None:
        """Add what the monitor does or meets to what happened last; where its pages are stays in sight."""
        if action == PAGES:
            self._pages = sentence
        self._happened(self._clock(), sentence)

    def _give_back(self) -> None:
        with suppress(OSError):  # nobody reads any more, or there is no room: it is the end in any case
            self._live.stop()
            if self._view is not None:
                self._leave(self._view.at, farm_in_words(self._view))
            for at, sentence in self._recent[-RECENT_LEFT:]:
                self._leave(at, sentence)

    def _happened(self, at: int, sentence: str) -> None:
        # A new tuple each time: the drawing thread reads either the old or the new one.
        self._recent = (*self._recent[1 - RECENT_KEPT :], (at, sentence))

    def _draw(self) -> RenderableType:
        width, height = self._terminal.size
        return farm_picture(self._view, self._recent, now=self._clock(), width=width, height=height, pages=self._pages)

    def _leave(self, at: int, sentence: str) -> None:
        self._terminal.print(Text(f"{time_of_day(at)}  {plain(sentence)}"), soft_wrap=True)


def _undo_ctrl_s(terminal: int) -> None:
    """Output goes on when Ctrl-S loses its meaning, which it then gets back."""
    attributes = termios.tcgetattr(terminal)
    termios.tcsetattr(terminal, termios.TCSANOW, [attributes[0] & ~termios.IXON, *attributes[1:]])
    termios.tcsetattr(terminal, termios.TCSANOW, attributes)


def _throw_away(terminal: int) -> None:
    termios.tcflush(terminal, termios.TCOFLUSH)
