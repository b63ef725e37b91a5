"""Which turbines run in which process, and where their outboxes are."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.errors import CommandError
from turbine.shares import outbox_file_of, outboxes_in_words, outboxes_left, refuse_other_outboxes, shares


@given(first=st.integers(1, 1000), count=st.integers(1, 300), processes=st.integers(1, 20))
def test_every_turbine_is_in_one_share_and_the_shares_are_equal(first: int, count: int, processes: int) -> None:
    numbers = range(first, first + count)
    spread = shares(numbers, processes)
    assert sorted(number for share in spread for number in share.numbers) == list(numbers)
    sizes = [len(share.numbers) for share in spread]
    assert min(sizes) > 0
    assert max(sizes) - min(sizes) <= 1
    assert len(spread) == min(count, processes)


@given(first=st.integers(1, 1000), count=st.integers(1, 300), processes=st.integers(1, 20))
def test_a_turbines_place_depends_on_its_number_and_the_processes_alone(first: int, count: int, processes: int) -> None:
    places = {number: share.place for share in shares(range(1, 1400), processes) for number in share.numbers}
    for share in shares(range(first, first + count), processes):
        assert {places[number] for number in share.numbers} == {share.place}


def test_each_process_has_an_outbox_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "outbox.jsonl"
    named = [outbox_file_of(path, share) for share in shares(range(1, 10), 3)]
    assert named == [tmp_path / f"outbox.jsonl.{place}-of-3" for place in (1, 2, 3)]
    assert outbox_file_of(path, None) == path
    assert outbox_file_of(None, shares(range(1, 10), 3)[0]) is None


@pytest.mark.parametrize(("left", "processes"), [("out", 2), ("out.1-of-2", 1), ("out.1-of-2", 3), ("out.12-of-12", 2)])
def test_what_another_spread_left_is_refused_in_words(tmp_path: Path, left: str, processes: int) -> None:
    (tmp_path / left).write_text("{}\n")
    with pytest.raises(CommandError, match=rf"the outbox .*{left} is of a run with --processes \d+: run that again"):
        refuse_other_outboxes(tmp_path / "out", processes)


@pytest.mark.parametrize(
    ("left", "content", "processes"),
    [("out", "{}\n", 1), ("out.1-of-2", "{}\n", 2), ("out.1-of-2", "", 3), ("out", "", 2), ("out.new", "x", 2)],
)
def test_what_is_its_own_or_empty_is_no_obstacle(tmp_path: Path, left: str, content: str, processes: int) -> None:
    (tmp_path / left).write_text(content)
    refuse_other_outboxes(tmp_path / "out", processes)
    refuse_other_outboxes(None, processes)


def test_an_outbox_whose_turbines_do_not_run_is_found(tmp_path: Path) -> None:
    for place in (1, 2, 3):
        (tmp_path / f"out.{place}-of-4").write_text("{}\n")
    (tmp_path / "out.4-of-4").touch()
    spread = shares(range(1, 3), 4)  # in processes 2 and 3
    assert outboxes_left(tmp_path / "out", spread, 4) == [tmp_path / "out.1-of-4"]
    assert outboxes_left(None, spread, 4) == []


def test_the_outboxes_of_several_processes_are_named_as_they_are() -> None:
    assert outboxes_in_words(Path("kept"), 1) == "kept"
    assert outboxes_in_words(Path("kept"), 3) == "kept.1-of-3 and its like"
