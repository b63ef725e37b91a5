"""The account as CSV."""

import csv
import io
from dataclasses import replace

import pytest
from accounts import HOUR, MIDNIGHT

from monitor.availability.account import Account
from monitor.availability.sheet import COLUMNS, in_csv
from monitor.availability.spans import Span

LINE = Account(turbines=1, period_seconds=3600.0, available_seconds=1800.0, unknown_seconds=1800.0).figures(
    Span(MIDNIGHT, MIDNIGHT + HOUR), turbine_number=7, region="North"
)


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_each_line_has_a_cell_for_each_figure() -> None:
    (row,) = read(in_csv([LINE]))
    assert tuple(row) == COLUMNS
    assert (row["turbine_number"], row["since"], row["until"]) == (
        "7",
        "2026-11-21T00:00:00.000000Z",
        "2026-11-21T01:00:00.000000Z",
    )
    assert (row["available_seconds"], row["time_availability_at_least"], row["mtbf_hours"]) == ("1800.0", "0.5", "")


@pytest.mark.parametrize("region", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_a_region_is_never_a_formula(region: str) -> None:
    (row,) = read(in_csv([replace(LINE, region=region)]))
    assert row["region"] == f"'{region}"


def test_a_region_may_hold_what_separates_cells() -> None:
    (row,) = read(in_csv([replace(LINE, region='North, "upper"\nhill')]))
    assert row["region"] == 'North, "upper"\nhill'


def test_a_negative_energy_stays_a_number() -> None:
    (row,) = read(in_csv([replace(LINE, energy_in_kwh=-2.5)]))
    assert row["energy_in_kwh"] == "-2.5"
