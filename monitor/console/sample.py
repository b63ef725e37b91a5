"""A sample of the settings file, made from the settings themselves."""

import json
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from grid.settings import PREFIX, BrokerSettings
from monitor.settings import MonitorSettings

_HEAD = f"""\
# Settings of Grid: grid.toml where the programs start, or the file that --config or {PREFIX}CONFIG names.
# An option on the command line wins over the environment ({PREFIX}...), which wins over this file.
# These keys hold for grid-monitor and grid-turbines; a program's section holds for it alone, and wins.
"""


def sample_toml(settings: MonitorSettings | None = None) -> str:
    """A commented TOML file with all keys of the monitor.

    Without `settings` every key is commented out and shows its default. With them, the values that are in force
    are set; secrets are never shown.
    """
    common = [_key(name, settings) for name in BrokerSettings.model_fields]
    own = [_key(name, settings) for name in MonitorSettings.model_fields if name not in BrokerSettings.model_fields]
    return "\n".join([_HEAD, *common, f"\n[{MonitorSettings.section}]\n", *own])


def _key(name: str, settings: MonitorSettings | None) -> str:
    return "\n".join([*_lines(name, settings), ""])


def _lines(name: str, settings: MonitorSettings | None) -> Iterator[str]:
    field = MonitorSettings.model_fields[name]
    if field.description:
        yield f"# {field.description} [{PREFIX}{name.upper()}]"
    value = field.get_default() if settings is None else getattr(settings, name)
    in_force = settings is not None and value is not None and not isinstance(value, SecretStr)
    yield f"{name} = {_in_toml(value)}" if in_force else f"# {name} = {_in_toml(value)}"


def _in_toml(value: Any) -> str:
    if isinstance(value, SecretStr):
        return '"***"'
    if value is None:
        return '""'
    if isinstance(value, Enum | Path):
        value = value.value if isinstance(value, Enum) else str(value)
    # JSON writes numbers, truth and (without DEL) text as TOML does.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
