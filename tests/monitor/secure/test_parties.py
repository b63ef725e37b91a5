"""Who may be named, and by which words."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.topics import MAX_TURBINE_NUMBER
from monitor.secure.parties import MONITOR, VIEWER, Party, PartyKind, one_run, parse_numbers, parse_parties


def test_numbers_and_ranges_are_turbines_each_once() -> None:
    assert parse_numbers("1-3,7,2") == [1, 2, 3, 7]
    assert parse_parties(["7-8", "8"]) == [Party(PartyKind.TURBINE, "7"), Party(PartyKind.TURBINE, "8")]


@pytest.mark.parametrize(
    ("numbers", "run"), [([], []), ([3], [3]), ([9, 7], [7, 8, 9]), ([5, 900_000], range(5, 10_005))]
)
def test_one_program_runs_from_the_lowest_number_to_the_highest(numbers: list[int], run: Sequence[int]) -> None:
    assert list(one_run(numbers)) == list(run)


def test_other_words_are_controllers_unless_viewers_are_meant() -> None:
    assert parse_parties(["substation-2"]) == [Party(PartyKind.CONTROLLER, "substation-2")]
    assert parse_parties(["anna"], viewers=True) == [Party(PartyKind.VIEWER, "anna")]


@pytest.mark.parametrize(
    "word",
    [
        "0", "07", "-1", "", "2147483648", "1" * 400, "5/../6", "..", "+", "#", "6-1", "1-999999999",
        "Monitor", "Viewer", "broker", "7..20", "7-20-30", "a b", "a\nuser monitor", "a:b", "é", "x" * 65, "\u0667",
    ],
)  # fmt: skip
def test_what_could_be_mistaken_for_another_is_no_name(word: str) -> None:
    with pytest.raises(ValueError, match=r"name|number|range|more than"):
        parse_parties([word])


def test_the_monitor_and_the_first_viewer_are_named_as_they_are() -> None:
    assert parse_parties(["monitor", "viewer"]) == [MONITOR, VIEWER]
    assert parse_parties(["viewer"], viewers=True) == [VIEWER]


def test_a_viewer_has_no_number_for_a_name() -> None:
    with pytest.raises(ValueError, match="is no name"):
        parse_parties(["7"], viewers=True)


@given(st.integers(1, MAX_TURBINE_NUMBER))
def test_every_turbine_has_a_user_name_that_is_its_number(number: int) -> None:
    assert parse_parties([str(number)]) == [Party(PartyKind.TURBINE, str(number))]


@given(st.text(max_size=70), st.booleans())
def test_a_name_is_safe_as_a_file_a_topic_and_a_line_of_the_rules(word: str, viewers: bool) -> None:
    try:
        parties = parse_parties([word], viewers=viewers)
    except ValueError:
        return
    for party in parties:
        assert party in (MONITOR, VIEWER) or party.folder.parts[:-1] == (f"{party.kind.value}s",)
        assert ".." not in party.folder.parts
        assert not set("/+#:\n\r\0 ") & set(party.name)
