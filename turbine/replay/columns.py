"""Which column of a file holds what: from `--columns`, from a preset, or from the header itself."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from turbine.life import UNKNOWN_NAMEPLATE
from turbine.replay.errors import ReplayError
from turbine.replay.presets import LAYOUTS, Column, Layout, Preset, recognised

# A name may hold commas itself: only a comma before the next `column=` ends it.
_NEXT = re.compile(r",\s*(?=(?:" + "|".join(Column) + r")\s*=)")


def parse_columns(text: str) -> dict[Column, str]:
    """Read `turbine=NAME,time=NAME,...`. Raises ReplayError for what is not of this form."""
    columns: dict[Column, str] = {}
    for part in _NEXT.split(text):
        what, equals, name = (piece.strip() for piece in part.partition("="))
        if not equals or not name or what not in set(Column):
            raise ReplayError(f"--columns can't be read at {part!r}: {'=NAME, '.join(Column)}=NAME are known")
        if what in columns:
            raise ReplayError(f"--columns names {what} twice")
        columns[Column(what)] = name
    return columns


def layout_for(header: Sequence[str], columns: Mapping[Column, str], preset: Preset | None) -> Layout:
    """The layout that the user gave; without any, the one recognised in the header; `columns` win over a preset.

    Only a preset that the user names tells what the turbines are: other farms' files may have the same header. Raises
    ReplayError when nothing was given and nothing is recognised.
    """
    if preset is None and not columns:
        return replace(LAYOUTS[_recognised(header)], nameplate=UNKNOWN_NAMEPLATE)
    known = LAYOUTS[preset] if preset else Layout()
    amounts = {Column.POWER_KW, Column.ENERGY_KWH}
    # Somebody who names the one amount does not want the preset's other one.
    replaced = amounts if amounts & set(columns) else set()
    kept = {column: name for column, name in known.columns.items() if column not in replaced}
    return replace(known, columns={**kept, **columns})


def _recognised(header: Sequence[str]) -> Preset:
    preset = recognised(header)
    if preset is None:
        raise ReplayError(
            f"the columns {_listed(header)} are none that are known by name; "
            "say what they hold with --columns turbine=NAME,time=NAME,wind_speed=NAME,power_kw=NAME"
        )
    return preset


def positions(layout: Layout, header: Sequence[str]) -> dict[Column, int]:
    """Where in a row each column is; names match exactly, else without regard to case.

    Raises ReplayError for a name that the header doesn't have or has twice, and for a layout without a time, a wind
    speed, or exactly one of power and energy.
    """
    _check_complete(layout.columns)
    return {column: _position(name, header) for column, name in layout.columns.items()}


def _check_complete(columns: Mapping[Column, str]) -> None:
    missing = [f"{column}=" for column in (Column.TIME, Column.WIND_SPEED) if column not in columns]
    if Column.POWER_KW not in columns and Column.ENERGY_KWH not in columns:
        missing.append("power_kw= or energy_kwh=")
    if missing:
        raise ReplayError(f"--columns must also name {', '.join(missing)}")
    if Column.POWER_KW in columns and Column.ENERGY_KWH in columns:
        raise ReplayError("--columns names both power_kw and energy_kwh: one of them says all")


def _position(name: str, header: Sequence[str]) -> int:
    found = [place for place, have in enumerate(header) if have == name]
    found = found or [place for place, have in enumerate(header) if have.casefold() == name.casefold()]
    if not found:
        raise ReplayError(f"there is no column {name!r}; the file has {_listed(header)}")
    if len(found) > 1:
        raise ReplayError(f"the file has {len(found)} columns {name!r}, and which one is meant can't be known")
    return found[0]


def _listed(header: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in header)
