"""What a column holds comes from the user, a preset, or the header."""

import pytest

from grid.errors import CommandError
from turbine.life import UNKNOWN_NAMEPLATE
from turbine.replay.columns import layout_for, parse_columns, positions
from turbine.replay.presets import LAYOUTS, Column, Layout, Preset


def test_names_may_hold_commas_and_equals_signs() -> None:
    assert parse_columns("time=t = 0,wind_speed=Wind, mean (m/s), power_kw=P") == {
        Column.TIME: "t = 0",
        Column.WIND_SPEED: "Wind, mean (m/s)",
        Column.POWER_KW: "P",
    }


@pytest.mark.parametrize("preset", list(Preset))
def test_each_preset_is_recognised_by_its_own_header(preset: Preset) -> None:
    header = ["something else", *LAYOUTS[preset].columns.values()]
    found = layout_for(header, {}, None)
    assert (found.columns, found.time_format) == (LAYOUTS[preset].columns, LAYOUTS[preset].time_format)


def test_only_a_preset_that_is_named_tells_what_the_turbines_are() -> None:
    header = list(LAYOUTS[Preset.KELMARSH].columns.values())
    assert layout_for(header, {}, Preset.KELMARSH).nameplate.model == "MM92"
    assert layout_for(header, {}, None).nameplate == UNKNOWN_NAMEPLATE


def test_given_columns_win_over_the_presets() -> None:
    layout = layout_for([], {Column.TEMPERATURE: "AmbientTemp", Column.ENERGY_KWH: "kWh"}, Preset.MARGE)
    assert layout.columns[Column.TEMPERATURE] == "AmbientTemp"
    assert layout.columns[Column.ENERGY_KWH] == "kWh"
    assert Column.POWER_KW not in layout.columns
    assert layout.columns[Column.TURBINE] == "TurbineName"


def test_an_exact_name_wins_over_one_of_other_case() -> None:
    layout = Layout({Column.TIME: "T", Column.WIND_SPEED: "V", Column.POWER_KW: "p"})
    assert positions(layout, ["t", "T", "v", "P"]) == {Column.TIME: 1, Column.WIND_SPEED: 2, Column.POWER_KW: 3}


@pytest.mark.parametrize(
    ("columns", "header", "words"),
    [
        ({Column.TIME: "t"}, ["t"], "must also name wind_speed=, power_kw= or energy_kwh="),
        (
            {Column.TIME: "t", Column.WIND_SPEED: "v", Column.POWER_KW: "p", Column.ENERGY_KWH: "e"},
            ["t", "v", "p", "e"],
            "names both power_kw and energy_kwh",
        ),
        ({Column.TIME: "t", Column.WIND_SPEED: "v", Column.POWER_KW: "p"}, ["t", "v", "v", "p"], "has 2 columns 'v'"),
        ({Column.TIME: "t", Column.WIND_SPEED: "x", Column.POWER_KW: "p"}, ["t", "p"], "the file has 't', 'p'"),
    ],
)
def test_a_layout_that_does_not_fit_the_header_is_refused(
    columns: dict[Column, str], header: list[str], words: str
) -> None:
    with pytest.raises(CommandError) as caught:
        positions(Layout(columns), header)
    assert words in str(caught.value)
