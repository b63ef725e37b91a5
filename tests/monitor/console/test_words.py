"""Texts for people."""

import pytest

from monitor.console.words import age, counted, moment, ordinal, plain, quantity, since

NOVEMBER = 1_795_232_700_000_000
"""2026-11-21 03:45:00 UTC"""


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3.0, "0 s"),
        (0.9, "0 s"),
        (59.9, "59 s"),
        (60.0, "1 min"),
        (3599.0, "59 min"),
        (3600.0, "1 h"),
        (86_400.0 * 3, "3 d"),
        (86_400.0 * 800, "2 y"),
    ],
)
def test_an_age_is_told_in_its_largest_whole_unit(seconds: float, words: str) -> None:
    assert age(seconds) == words


def test_a_time_ahead_of_ours_is_no_time_ago() -> None:
    assert since(NOVEMBER + 5_000_000, NOVEMBER) == 0.0
    assert since(NOVEMBER - 5_000_000, NOVEMBER) == 5.0


@pytest.mark.parametrize(
    ("number", "place"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (22, "22nd"), (113, "113th")]
)
def test_places_in_a_line_are_told_as_people_do(number: int, place: str) -> None:
    assert ordinal(number) == place


def test_what_is_not_known_is_not_zero() -> None:
    assert quantity(None) == "-"
    assert quantity(0.0) == "0.0"


def test_numbers_come_with_their_noun() -> None:
    assert counted(1, "turbine") == "1 turbine"
    assert counted(1000, "turbine") == "1,000 turbines"


def test_times_are_utc() -> None:
    assert moment(NOVEMBER) == "2026-11-21 03:45:00Z"


@pytest.mark.parametrize(
    ("foreign", "shown"),
    [
        ("blade\x1b[31m inspection", r"blade\x1b[31m inspection"),
        ("two\nlines\r\t", r"two\nlines\r\t"),
        ("\x9b2J \x07 \x7f", r"\x9b2J \x07 \x7f"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("\u2028", r"\u2028"),
        ("\ud800", r"\ud800"),
        ("Müller, 東京", "Müller, 東京"),
    ],
)
def test_text_from_outside_cannot_command_a_terminal(foreign: str, shown: str) -> None:
    assert plain(foreign) == shown
