"""The commands of grid-monitor that tell when turbines were out, on a real ledger."""

import csv
import io
import json
from pathlib import Path

import pytest
from accounts import DAY, HOUR, MIDNIGHT, leave, outage, quarters, turbine
from commands import Command, command_in

from grid.times import format_time

LONG_AGO = MIDNIGHT - 1000 * DAY
TIMES = ("--since", format_time(LONG_AGO), "--until", format_time(LONG_AGO + DAY))


@pytest.fixture
def grid_monitor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs `grid-monitor` with arguments in a folder whose turbine 8 stood for six hours of a day long ago."""
    heard = [*quarters(7, LONG_AGO, 96), *quarters(8, LONG_AGO, 96)]
    broken = [outage(1, 8, LONG_AGO, LONG_AGO + 6 * HOUR)]
    leave(tmp_path / "data", [turbine(7, region="-North"), turbine(8)], heard, broken)
    return command_in(tmp_path, monkeypatch, capsys)


def words(line: str) -> str:
    return " ".join(line.split())


def test_each_turbine_has_a_line(grid_monitor: Command) -> None:
    heading, *lines = map(words, grid_monitor("availability", *TIMES).out.splitlines())
    assert heading.startswith("whose from until by time at least by energy")
    assert lines == [
        "turbine 7 2024-02-25 2024-02-26 100.00 % 100.00 % 100.00 % 9.600 0.000 0 0.0 0.0 - -",
        "turbine 8 2024-02-25 2024-02-26 75.00 % 75.00 % ? 9.600 ? 1 6.0 0.0 18.0 6.00",
    ]


def test_the_farm_is_told_by_month(grid_monitor: Command) -> None:
    months = ("--since", format_time(LONG_AGO), "--until", format_time(LONG_AGO + 10 * DAY), "--per", "month")
    said = grid_monitor("availability", "--by", "farm", *months).out
    _, february, march = map(words, said.splitlines())
    assert february.startswith("2 turbines 2024-02-25 2024-03-01 87.50 %")
    assert march == "2 turbines 2024-03-01 2024-03-06 - 0.00 % - 0.000 0.000 0 0.0 240.0 - -"


def test_documents_and_csv_tell_the_same(grid_monitor: Command) -> None:
    documents = json.loads(grid_monitor("availability", *TIMES, "--json").out)
    rows = list(csv.DictReader(io.StringIO(grid_monitor("availability", *TIMES, "--csv").out)))
    assert [row["region"] for row in rows] == ["'-North", ""]
    assert [document["region"] for document in documents] == ["-North", None]
    assert list(documents[0]) == list(rows[0])
    assert documents[1]["since"] == rows[1]["since"] == "2024-02-25T00:00:00.000000Z"
    assert float(rows[1]["time_availability"]) == documents[1]["time_availability"] == 0.75


def test_a_time_without_any_turbine_is_said(grid_monitor: Command) -> None:
    assert grid_monitor("availability", "--until", "2020-01-01").out == "no turbine was heard of in that time\n"


def test_a_time_that_ends_before_it_begins_is_wrong_usage(grid_monitor: Command) -> None:
    refused = grid_monitor("availability", "--since", "2024-02-02", "--until", "2024-02-01")
    assert (refused.code, refused.out) == (2, "")
    assert "--since must be before --until" in refused.err


def test_an_outage_is_shown_with_what_it_cost(grid_monitor: Command) -> None:
    heading, line = map(words, grid_monitor("outages").out.splitlines())
    assert heading == "no. controller type began at lasted lost kWh what is known"
    assert line == "1 turbine-8 broken 2024-02-25 00:00:00Z 6 h - down 6 h, forced outage"
    (document,) = json.loads(grid_monitor("outages", "--turbine", "8", "--type", "broken", "--json").out)
    assert (document["started_at"], document["down_seconds"]) == ("2024-02-25T00:00:00.000000Z", 21_600)


@pytest.mark.parametrize(
    "other",
    [
        ("--turbine", "7"),
        ("--controller", "turbine-7"),
        ("--type", "offline"),
        ("--ongoing",),
        ("--since", "2024-02-25T06:01"),
        ("--until", "2024-02-25"),
    ],
)
def test_other_outages_are_not_there(grid_monitor: Command, other: tuple[str, ...]) -> None:
    assert grid_monitor("outages", *other).out == "no outages\n"
