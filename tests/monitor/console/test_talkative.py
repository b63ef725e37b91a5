"""A turbine that breaks and recovers all the time does not fill the log."""

import json
from dataclasses import replace
from io import StringIO

import pytest

from grid.times import SECOND
from monitor.console.lines import JsonConsole, LinesConsole
from monitor.console.talkative import MOST_LINES
from monitor.facts import Action, Event

TURNS = 1000


class Clock:
    """Stands still until it is told."""

    def __init__(self, now: int) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock(now: int) -> Clock:
    return Clock(now)


def broken(clock: Clock, number: int = 7) -> Event:
    return Event(clock.now, number, Action.INCIDENT_OPENED, f"Turbine {number} is broken")


def test_of_a_turbine_that_is_told_of_a_thousand_times_a_second_few_lines_stay_and_the_rest_is_counted(
    clock: Clock,
) -> None:
    stream = StringIO()
    with LinesConsole(stream, clock) as console:
        for _ in range(TURNS):
            console.tell(broken(clock))
        console.tell(broken(clock, 8))
        clock.now += SECOND
        console.tell(broken(clock))
    *lines, of_other, left_out, last = stream.getvalue().splitlines()
    assert [line[21:] for line in lines] == ["Turbine 7 is broken"] * MOST_LINES
    assert of_other.endswith("Turbine 8 is broken")
    assert left_out[21:] == f"{TURNS - MOST_LINES} more lines about turbine 7 left out; the ledger has them all"
    assert last.endswith("Turbine 7 is broken")


def test_what_is_left_out_is_told_at_the_end_too_and_to_machines(clock: Clock) -> None:
    stream = StringIO()
    with JsonConsole(stream, clock) as console:
        for _ in range(MOST_LINES + 1):
            console.tell(replace(broken(clock), by="Anna"))
    told = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert len(told) == MOST_LINES + 1
    assert (told[-1]["action"], told[-1]["turbine_number"], told[-1]["lines"]) == ("lines_left_out", 7, 1)


def test_a_new_second_begins_anew(clock: Clock) -> None:
    stream = StringIO()
    with LinesConsole(stream, clock) as console:
        for _ in range(3):
            for _ in range(MOST_LINES):
                console.tell(broken(clock))
            clock.now += SECOND
    assert len(stream.getvalue().splitlines()) == 3 * MOST_LINES
    assert "left out" not in stream.getvalue()
