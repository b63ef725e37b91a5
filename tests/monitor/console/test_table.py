"""The live table, on a terminal of paper."""

import threading
from collections.abc import Callable
from io import StringIO

import pytest
from rich.console import Console as Terminal

from monitor.console.console import PAGES
from monitor.console.table import TableConsole
from monitor.console.view import FarmView
from monitor.facts import Action, Event

ALTERNATE_SCREEN = "\x1b[?1049h"
NORMAL_SCREEN = "\x1b[?1049l"


class Paper(StringIO):
    """A terminal that tells when a text was written to it, and may refuse to take any."""

    def __init__(self) -> None:
        super().__init__()
        self.takes = threading.Event()
        self.takes.set()
        self.written = threading.Condition()

    def write(self, text: str) -> int:
        self.takes.wait()
        with self.written:
            self.written.notify_all()
            return super().write(text)

    def wait_for(self, text: str) -> bool:
        with self.written:
            return self.written.wait_for(lambda: text in self.getvalue(), timeout=10)


@pytest.fixture
def paper() -> Paper:
    return Paper()


@pytest.fixture
def console(paper: Paper, now: int) -> TableConsole:
    terminal = Terminal(file=paper, width=80, height=24, force_terminal=True, color_system=None, legacy_windows=False)
    return TableConsole(terminal, lambda: now)


def test_the_newest_view_is_drawn_on_the_alternate_screen(
    console: TableConsole, paper: Paper, farm: Callable[..., FarmView]
) -> None:
    with console:
        console.show(farm(6))
        assert paper.wait_for("1st in line for 40 s")
        assert paper.getvalue().startswith(ALTERNATE_SCREEN)
        assert NORMAL_SCREEN not in paper.getvalue()
    assert NORMAL_SCREEN in paper.getvalue()


def test_events_are_drawn_below_the_farm(
    console: TableConsole, paper: Paper, farm: Callable[..., FarmView], now: int
) -> None:
    with console:
        console.show(farm(6))
        console.tell(Event(now, 7, Action.ENGINEER_DISPATCHED, "engineer 2 is sent"))
        assert paper.wait_for("03:45:00Z  engineer 2 is sent")


def test_where_the_pages_are_stays_in_sight(
    console: TableConsole, paper: Paper, farm: Callable[..., FarmView], now: int
) -> None:
    with console:
        console.show(farm(6))
        console.say("pages at http://127.0.0.1:8787", action=PAGES)
        for number in range(30):
            console.tell(Event(now, number, Action.ENGINEER_DISPATCHED, f"engineer 2 is sent to turbine {number}"))
        assert paper.wait_for("to turbine 29")
        heading = next(line for line in reversed(paper.getvalue().splitlines()) if "what happened last" in line)
        assert heading.rstrip().endswith("pages at http://127.0.0.1:8787")


def test_what_happened_last_stays_on_the_normal_screen_at_the_end(
    console: TableConsole, paper: Paper, farm: Callable[..., FarmView]
) -> None:
    with console:
        console.show(farm(6))
        console.say("stopping \x1b[2J", action="monitor_stopping")
    left = paper.getvalue().rpartition(NORMAL_SCREEN)[2]
    assert "6 turbines: 1 waiting" in left
    assert "03:45:00Z  stopping \\x1b[2J" in left


def test_a_terminal_that_takes_nothing_does_not_hold_the_monitor_up(
    console: TableConsole, paper: Paper, farm: Callable[..., FarmView], now: int
) -> None:
    with console:
        console.show(farm(6))
        assert paper.wait_for("1st in line")
        paper.takes.clear()
        for number in range(1000):
            console.show(farm(6))
            console.tell(Event(now, number, Action.ENGINEER_DISPATCHED, f"event {number}"))
        paper.takes.set()
        assert paper.wait_for("event 999")
