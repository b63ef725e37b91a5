"""The choice of the console, and what libraries say."""

import logging
from types import TracebackType
from typing import Self

import pytest

from monitor.console.console import Console, LogToConsole, console_for
from monitor.console.lines import JsonConsole, LinesConsole
from monitor.console.table import TableConsole
from monitor.console.view import FarmView
from monitor.facts import Event
from monitor.settings import LogFormat


@pytest.mark.parametrize(
    ("log_format", "is_terminal", "form"),
    [
        (LogFormat.AUTO, True, TableConsole),
        (LogFormat.AUTO, False, LinesConsole),
        (LogFormat.TABLE, False, TableConsole),
        (LogFormat.LINES, True, LinesConsole),
        (LogFormat.JSON, True, JsonConsole),
    ],
)
def test_a_terminal_gets_the_table_unless_asked_otherwise(
    monkeypatch: pytest.MonkeyPatch, log_format: LogFormat, is_terminal: bool, form: type[Console]
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    assert type(console_for(log_format, is_terminal=is_terminal)) is form


def test_a_terminal_that_cannot_move_its_cursor_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert type(console_for(LogFormat.AUTO, is_terminal=True)) is LinesConsole


class Listener:
    """A console that only listens."""

    interval_seconds = 1.0

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def check(self) -> None:
        pass

    def show(self, view: FarmView) -> None:
        pass

    def tell(self, event: Event) -> None:
        pass

    def say(self, sentence: str, *, action: str) -> None:
        self.heard.append((action, sentence))


def test_warnings_of_libraries_reach_the_console_while_it_is_installed() -> None:
    console = Listener()
    logger = logging.getLogger("some.library")
    with LogToConsole(console).installed():
        logger.warning("the %s is odd", "packet")
        logger.warning("lost", extra={"action": "broker"})
        logger.info("too small a thing")
    logging.getLogger("some.library").addHandler(logging.NullHandler())
    logger.warning("after the end")
    assert console.heard == [("logged", "the packet is odd"), ("broker", "lost")]
