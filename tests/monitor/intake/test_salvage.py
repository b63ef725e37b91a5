"""A refused reading need not come again, if it says which one it was."""

import pytest

from monitor.facts import DeadLetter, DeadLetterReason, Held, Refused
from monitor.intake.admission import Admission
from monitor.intake.salvage import salvage

TOPIC = "grid/turbines/7/metrics"


def letter(payload: bytes, topic: str = TOPIC) -> DeadLetter:
    return DeadLetter(0, topic, payload, len(payload), DeadLetterReason.INVALID, "")


@pytest.mark.parametrize(
    "payload",
    [
        b'{"turbine_number":8,"session":"s-1","sequence":5}',
        b'{"wind_speed":NaN,"sequence" : 5 , "session" : "s-1"}',
        b'{"session":"s-1","sequence":5,"note":"' + b"x" * 4000,
        b'{"session":"s-1","sequence":5,}',
    ],
)
def test_session_and_sequence_are_found_in_what_is_no_reading(payload: bytes) -> None:
    assert salvage([letter(payload)], Admission()) == ([Refused(7, "s-1", 5)], [])


def test_a_refused_reading_also_tells_what_its_turbine_holds() -> None:
    found = salvage([letter(b'{"session":"s-1","sequence":5,"oldest_held":3}')], Admission())
    assert found == ([Refused(7, "s-1", 5)], [Held(7, "s-1", 3)])


def test_nothing_beyond_the_reading_itself_is_taken_for_gone() -> None:
    assert salvage([letter(b'{"session":"s-1","sequence":5,"oldest_held":900}')], Admission())[1] == [Held(7, "s-1", 5)]


@pytest.mark.parametrize(
    "payload",
    [
        b"{",
        b'{"sequence":5}',
        b'{"session":"s-1"}',
        b'{"session":"s-1","sequence":5,"sequence":6}',
        b'{"session":"s-1","session":"s-2","sequence":5}',
        b'{"session":"s-1","sequence":7.0,"before":{"sequence":5}}',
        b'{"session":"\\u0041","sequence":5,"before":{"session":"s-1"}}',
        b'{"session":"s-1","sequence":5.5}',
        b'{"session":"s-1","sequence":5e3}',
        b'{"session":"s-1","sequence":-5}',
        b'{"session":"s-1","sequence":"5"}',
        b'{"session":"s-1","sequence":9999999999999999}',
        b'{"session":"\\u0041","sequence":5}',
        b'{"session":"\xff","sequence":5}',
        b'{"session":"\x1b[2J","sequence":5}',
        b'{"session":"' + b"s" * 33 + b'","sequence":5}',
    ],
)
def test_what_is_missing_or_ambiguous_is_no_reading_of_a_session(payload: bytes) -> None:
    assert salvage([letter(payload)], Admission()) == ([], [])


@pytest.mark.parametrize("topic", ["grid/turbines/7/status", "grid/turbines/x/metrics", "elsewhere"])
def test_only_what_came_as_metrics_was_a_reading(topic: str) -> None:
    assert salvage([letter(b'{"session":"s-1","sequence":5}', topic)], Admission()) == ([], [])
