"""The words in which decisions are told."""

import pytest

from grid.times import SECOND
from monitor.dispatch import sentences

NOON = 1_800_014_400 * SECOND


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-3, "0 s"), (4.9, "4 s"), (60, "1 min"), (725, "12 min 5 s"), (3600, "1 h"), (12_059, "3 h 20 min")],
)
def test_a_duration_is_said_in_its_two_largest_units(seconds: float, said: str) -> None:
    assert sentences.duration(seconds) == said


def test_a_time_of_another_day_is_said_with_its_date() -> None:
    assert sentences.clock(NOON, NOON + 60 * SECOND) == "12:00:00 UTC"
    assert sentences.clock(NOON, NOON + 86_400 * SECOND) == "2027-01-15 12:00:00 UTC"


def test_texts_from_outside_lose_their_control_characters() -> None:
    assert sentences.plain("ice\r\n\x1b[31m on blade \u202e2") == "ice   [31m on blade  2"


@pytest.mark.parametrize(("place", "said"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (11, "11th"), (22, "22nd")])
def test_a_place_in_line_is_said_as_an_ordinal(place: int, said: str) -> None:
    assert f"is {said} in line" in sentences.place_in_line(7, place, free=0)
