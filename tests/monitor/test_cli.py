"""The command line of grid-monitor as a whole, and the commands that are in no other module."""

import resource
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from commands import Command, command_in
from typer.main import get_command

from monitor.cli import app
from monitor.store.ledger import Ledger


@pytest.fixture
def grid_monitor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs `grid-monitor` with arguments, in an empty folder and environment."""
    return command_in(tmp_path, monkeypatch, capsys)


@pytest.mark.parametrize("order", ["repair", "hold", "release"])
def test_an_order_without_a_running_monitor_is_one_clear_line(
    grid_monitor: Command, tmp_path: Path, order: str
) -> None:
    (tmp_path / "data").mkdir()
    outcome = grid_monitor(order, "7", "--by", "Anna", "--why", "blade inspection")
    assert (outcome.code, outcome.err) == (1, "grid-monitor: no monitor runs on data\n")


def test_options_before_a_command_hold_for_it(grid_monitor: Command, tmp_path: Path) -> None:
    Ledger.open(tmp_path / "elsewhere" / "grid.db").close()
    assert grid_monitor("--data-dir", "elsewhere", "incidents").code == 0
    assert grid_monitor("incidents", "--data-dir", "elsewhere").code == 0
    assert grid_monitor("incidents").code == 1


def test_the_sample_configuration_is_printed(grid_monitor: Command) -> None:
    assert tomllib.loads(grid_monitor("config").out) == {"monitor": {}}
    effective = tomllib.loads(grid_monitor("config", "--effective", "--engineers", "7").out)
    assert effective["monitor"]["engineers"] == 7


def test_a_wrong_setting_is_wrong_usage(grid_monitor: Command) -> None:
    outcome = grid_monitor("--engineers", "-1", "turbines")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("grid-monitor: --engineers: ")


def test_the_version_is_told(grid_monitor: Command) -> None:
    outcome = grid_monitor("--version")
    assert (outcome.code, outcome.out.split()[0]) == (0, "grid-monitor")


def test_help_fits_a_terminal_and_says_of_each_command_a_whole_sentence() -> None:
    def look(command: Any, around: Any, name: str) -> None:
        context = command.make_context(name, [], parent=around, resilient_parsing=True, terminal_width=80)
        _, _, rest = command.get_help(context).partition("\n\n")
        lines = rest.splitlines()
        assert [line for line in lines if len(line) > 80 or line.endswith("...")] == [], context.command_path
        seen.append(context.command_path)
        for part, inner in getattr(command, "commands", {}).items():
            look(inner, context, part)

    seen: list[str] = []
    look(get_command(app), None, "grid-monitor")
    assert {"grid-monitor secure add", "grid-monitor audit access", "grid-monitor user role"} <= set(seen)


@pytest.mark.parametrize("arguments", [["--help"], ["readings", "--help"], ["--version"]])
def test_help_is_quick(tmp_path: Path, arguments: list[str]) -> None:
    command = [sys.executable, "-X", "importtime", "-c", "from monitor.cli import main; main()", *arguments]
    spent = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime - before.ru_utime)
    imported = {line.rpartition("|")[2].strip() for line in ended.stderr.splitlines()}
    assert imported.isdisjoint({"rich.live", "rich.table", "sqlite3", "sqlite_utils", "aiomqtt", "paho.mqtt.client"})
    assert min(spent) < 0.6, "seconds of processor time, twice the bar for a machine that is not busy"
