"""Options of a replay are read as they are typed."""

from pathlib import Path

import pytest

from grid.errors import CommandError
from turbine.replay.options import EventLog, ReplayOptions, parse_speed


def test_speed_is_a_factor_or_max() -> None:
    assert [parse_speed(text) for text in ("1", "600.5", "max", " MAX ")] == [1.0, 600.5, None, None]


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "fast", ""])
def test_other_speeds_are_refused(text: str) -> None:
    with pytest.raises(CommandError, match="--speed is a number above 0, or max"):
        parse_speed(text)


def test_broken_values_are_words_between_commas() -> None:
    assert ReplayOptions(Path("f"), broken_values="Error, stopped ,").broken_words() == {"error", "stopped"}
    assert ReplayOptions(Path("f")).broken_words() == set()


def test_event_logs_may_be_given_their_turbine(tmp_path: Path) -> None:
    odd = tmp_path / "a=b.csv"
    odd.touch()
    logs = ReplayOptions(Path("f"), events=f"KWF1=one.csv, two.csv,{odd}").event_logs()
    assert logs == [EventLog(Path("one.csv"), "KWF1"), EventLog(Path("two.csv"), None), EventLog(odd, None)]
