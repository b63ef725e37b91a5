"""What happens, a line each."""

import errno
import json
import threading
from collections.abc import Callable
from dataclasses import replace
from io import StringIO

import pytest

from monitor.console.lines import JsonConsole, LinesConsole, engineers_in_words, farm_in_words
from monitor.console.view import FarmTotals, FarmView, Trouble, TroubleKind
from monitor.facts import Action, Event


@pytest.fixture
def event(now: int) -> Event:
    return Event(
        now, 7, Action.ENGINEER_DISPATCHED, "Engineer 2 sent to turbine 7", incident_id=12, visit_id=3, engineer=2
    )


def test_a_decision_is_a_line(event: Event, now: int) -> None:
    stream = StringIO()
    with LinesConsole(stream, lambda: now) as console:
        console.tell(event)
    assert stream.getvalue() == "2026-11-21 03:45:00Z Engineer 2 sent to turbine 7\n"


def test_a_decision_of_a_person_names_the_person(event: Event, now: int) -> None:
    stream = StringIO()
    with LinesConsole(stream, lambda: now) as console:
        console.tell(replace(event, by="Anna"))
        console.tell(replace(event, by="Anna", sentence="Anna wants a repair"))
    assert stream.getvalue() == (
        "2026-11-21 03:45:00Z Engineer 2 sent to turbine 7 (by Anna)\n2026-11-21 03:45:00Z Anna wants a repair\n"
    )


def test_what_the_monitor_meets_is_a_line(now: int) -> None:
    stream = StringIO()
    with LinesConsole(stream, lambda: now) as console:
        console.say("connected to localhost:1883", action="broker")
    assert stream.getvalue() == "2026-11-21 03:45:00Z connected to localhost:1883\n"


def test_a_line_stays_one_line_whatever_comes_from_outside(now: int) -> None:
    stream = StringIO()
    with LinesConsole(stream, lambda: now) as console:
        console.say("held by x\n2026-11-21 all is well\x1b[2J", action="held")
    assert stream.getvalue() == "2026-11-21 03:45:00Z held by x\\n2026-11-21 all is well\\x1b[2J\n"


def test_the_farm_is_one_line(farm: Callable[..., FarmView], now: int) -> None:
    stream = StringIO()
    with LinesConsole(stream, lambda: now) as console:
        console.show(farm(6))
    assert stream.getvalue() == (
        "2026-11-21 03:45:00Z 6 turbines: 1 waiting, 1 visited, 1 offline, 3 ok; "
        "0 of 1 engineer free, 1 in line, longest for 40 s; 5.9 readings/s\n"
    )


def test_an_empty_farm_is_told_as_such(farm: Callable[..., FarmView]) -> None:
    assert farm_in_words(farm(0)).startswith("no turbine seen yet")


def test_engineers_beyond_a_smaller_pool_are_told() -> None:
    totals = FarmTotals(6, (), 1, 3, 0, None, None)
    assert engineers_in_words(totals, 0) == "0 of 1 engineer free, 3 still out"


def test_a_decision_in_json_has_all_its_fields(event: Event, now: int) -> None:
    stream = StringIO()
    with JsonConsole(stream, lambda: now) as console:
        console.tell(event)
    assert json.loads(stream.getvalue()) == {
        "time": "2026-11-21T03:45:00.000000Z",
        "action": "engineer_dispatched",
        "sentence": "Engineer 2 sent to turbine 7",
        "turbine_number": 7,
        "incident_id": 12,
        "visit_id": 3,
        "engineer": 2,
        "by": None,
    }


def test_the_farm_in_json_has_the_totals(farm: Callable[..., FarmView], now: int) -> None:
    stream = StringIO()
    trouble = Trouble(TroubleKind.BROKER_AWAY, now, "connection refused")
    with JsonConsole(stream, lambda: now) as console:
        console.show(farm(6, troubles=(trouble,)))
    line = json.loads(stream.getvalue())
    assert (line["action"], line["turbines"], line["engineers_free"]) == ("farm", 6, 0)
    assert line["by_standing"] == {"waiting": 1, "visited": 1, "offline": 1, "ok": 3}
    assert line["troubles"] == [
        {"kind": "broker_away", "since": "2026-11-21T03:45:00.000000Z", "detail": "connection refused"}
    ]


def test_json_lines_hold_nothing_that_a_terminal_obeys(now: int) -> None:
    stream = StringIO()
    with JsonConsole(stream, lambda: now) as console:
        console.say("x\n\x1b[2J\x9b\u202e", action="held")
    assert stream.getvalue().rstrip("\n").isprintable()
    assert json.loads(stream.getvalue())["sentence"] == "x\n\x1b[2J\x9b\u202e"


class FullDisk(StringIO):
    """A log on a disk that has no room at first."""

    def __init__(self) -> None:
        super().__init__()
        self.refusals = 0
        self.refused = threading.Condition()
        self.has_room = False

    def write(self, text: str) -> int:
        if self.has_room:
            return super().write(text)
        with self.refused:
            self.refusals += 1
            self.refused.notify_all()
        raise OSError(errno.ENOSPC, "No space left on device")

    def wait_for_refusals(self, count: int) -> None:
        with self.refused:
            assert self.refused.wait_for(lambda: self.refusals == count, timeout=10)


def test_a_full_disk_costs_lines_and_nothing_else(now: int) -> None:
    disk = FullDisk()
    with LinesConsole(disk, lambda: now) as console:
        for number in range(12):
            console.say(f"lost {number}", action="lost")
        disk.wait_for_refusals(12)
        console.check()
        disk.has_room = True
        console.say("there is room again", action="found")
    assert disk.getvalue() == "... 12 lines left out\n2026-11-21 03:45:00Z there is room again\n"


def test_lines_left_out_are_an_object_in_json(now: int) -> None:
    disk = FullDisk()
    with JsonConsole(disk, lambda: now) as console:
        console.say("lost", action="lost")
        disk.wait_for_refusals(1)
        disk.has_room = True
        console.say("there is room again", action="found")
    assert [json.loads(line) for line in disk.getvalue().splitlines()] == [
        {
            "time": "2026-11-21T03:45:00.000000Z",
            "action": "lines_left_out",
            "sentence": "1 line left out",
            "lines": 1,
        },
        {"time": "2026-11-21T03:45:00.000000Z", "action": "found", "sentence": "there is room again"},
    ]
