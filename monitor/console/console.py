"""Where the running monitor shows itself: the port, and the choice of its three forms."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Protocol, Self

from monitor.console.view import FarmView
from monitor.facts import Event
from monitor.settings import LogFormat

PAGES = "pages"
"""The action of what is said of the process of the pages."""


class Console(Protocol):
    """A place to show the farm and what happens in it.

    Enter it before use; leaving it gives the terminal back. The methods are called from one thread, but for `say`,
    which passes on what libraries say in theirs. What they are given may hold text from outside: they make it safe.
    """

    interval_seconds: float
    """How often it wants to be shown the farm."""

    def __enter__(self) -> Self:
        """Take the terminal."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the terminal back."""

    def check(self) -> None:
        """Raise BrokenPipeError if nobody reads any more what is written."""

    def show(self, view: FarmView) -> None:
        """Show the farm as it is now; the view replaces the one before."""

    def tell(self, event: Event) -> None:
        """Tell of a decision and its cause."""

    def say(self, sentence: str, *, action: str) -> None:
        """Tell what the monitor itself does or meets; `action` is the stable word for it."""


def console_for(log_format: LogFormat, *, is_terminal: bool) -> Console:
    """Choose the form: as asked for, or by default the table on a terminal and lines elsewhere.

    A terminal that can't move its cursor (TERM is dumb) gets lines.
    """
    if log_format is LogFormat.AUTO:
        can_draw = is_terminal and os.environ.get("TERM", "dumb") not in ("dumb", "unknown")
        log_format = LogFormat.TABLE if can_draw else LogFormat.LINES
    if log_format is LogFormat.TABLE:
        from monitor.console.table import TableConsole

        return TableConsole()
    from monitor.console.lines import JsonConsole, LinesConsole

    return JsonConsole() if log_format is LogFormat.JSON else LinesConsole()


class LogToConsole(logging.Handler):
    """Passes log records on to the console, so that a warning of a library can't tear the live table."""

    def __init__(self, console: Console, level: int = logging.WARNING) -> None:
        super().__init__(level)
        self._console = console

    @contextmanager
    def installed(self) -> Iterator[Self]:
        """Hear all loggers while the context lasts."""
        root = logging.getLogger()
        root.addHandler(self)
        try:
            yield self
        finally:
            root.removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Say the record's message; its `action`, where it has one, is the stable word."""
        try:
            self._console.say(record.getMessage(), action=getattr(record, "action", "logged"))
        except Exception:
            self.handleError(record)
