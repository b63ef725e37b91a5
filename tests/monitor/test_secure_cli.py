"""The commands of `grid-monitor secure`, as they are typed."""

import json
import os
import re
import shlex
from pathlib import Path

import pytest
from commands import Command, command_in

from monitor.demo_broker import find_free_port

CREATED = """\
secure holds an authority, a broker at broker.example:8883, a monitor, a viewer and 6 turbines (certificates).

The broker:    cd secure/broker && mosquitto -c mosquitto.conf
The monitor:   grid-monitor --config secure/grid.toml
The turbines:  grid-turbines --config secure/grid.toml --count 6
In containers: GRID_SECURE_DIR=./secure docker compose --profile secure up --build
To watch:      cd secure/viewer && XDG_CONFIG_HOME=. mosquitto_sub -h localhost -t 'grid/#' -v

A turbine elsewhere gets the files of its own folder, such as secure/turbines/1, and no others.
Keep secure/authority on this machine, and a copy in a safe place: its key makes anybody up.
"""


@pytest.fixture
def grid_monitor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs `grid-monitor` with arguments in an empty folder."""
    return command_in(tmp_path, monkeypatch, capsys)


@pytest.fixture
def made(grid_monitor: Command) -> Command:
    """The same, where a secure folder is already."""
    assert grid_monitor("secure", "--host", "broker.example").code == 0
    return grid_monitor


def states(command: Command, *options: str) -> list[tuple[str, str]]:
    entries = json.loads(command("secure", "list", "--json", *options).out)
    return [(entry["name"], entry["state"]) for entry in entries]


def test_one_command_makes_it_and_says_how_everything_is_started(grid_monitor: Command) -> None:
    done = grid_monitor("secure", "--host", "broker.example")
    for_root = re.sub(r" +Started by root.+\n.+\n", "", done.out)
    assert (done.code, for_root, done.err) == (0, CREATED, "")
    assert (for_root != done.out) == (os.geteuid() == 0)


def test_without_a_host_it_asks_for_one(grid_monitor: Command) -> None:
    done = grid_monitor("secure")
    assert (done.code, done.out) == (2, "")
    assert "grid-monitor secure --host broker.example" in done.err


def test_folder_turbines_credentials_and_port_are_as_they_are_given(grid_monitor: Command, tmp_path: Path) -> None:
    port = find_free_port()
    options = ("--folder", "farms/north", "--turbines", "3-4,9", "--credentials", "passwords", "--port", str(port))
    done = grid_monitor("secure", "--host", "b.example", "--host", "192.0.2.7", *options)
    assert (done.code, done.err) == (0, "")
    assert "grid-turbines --config farms/north/grid.toml --first-number 3 --count 7" in done.out
    assert "docker" not in done.out  # in containers the broker listens on 8883
    folder = tmp_path / "farms" / "north"
    assert {place.name for place in (folder / "turbines").iterdir()} == {"3", "4", "9"}
    assert (folder / "turbines" / "9" / "password").exists()
    assert f"listener {port}\n" in (folder / "broker" / "mosquitto.conf").read_text()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--host", "broker example"), ("--host", "b.example", "--turbines", "x"), ("--host", "b", "--turbines", "0"),
        ("--host", "b", "add", "7"), ("--turbines", "1-3", "add", "7"), ("--port", "8883", "list"),
        ("add", "7"), ("revoke", "7"), ("rotate",), ("list",),
    ],
)  # fmt: skip
def test_what_can_not_be_done_is_one_clear_line_and_leaves_nothing(
    grid_monitor: Command, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    done = grid_monitor("secure", *arguments)
    assert done.code in (1, 2)
    assert done.out == ""
    assert len(done.err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_what_is_said_can_be_typed_whatever_the_folder_is_called(grid_monitor: Command) -> None:
    done = grid_monitor("secure", "--host", "::1", "--folder", "wind farm's")
    assert "a broker at [::1]:8883" in done.out
    typed = [shlex.split(line.partition(": ")[2]) for line in done.out.splitlines() if line.startswith("The ")]
    assert [words[1 if words[0] == "cd" else 2] for words in typed] == [
        "wind farm's/broker",
        "wind farm's/grid.toml",
        "wind farm's/grid.toml",
    ]


def test_added_parties_are_named_with_their_folders_and_what_comes_next(made: Command, tmp_path: Path) -> None:
    done = made("secure", "add", "7-8", "substation-2")
    assert done.code == 0
    folders = "secure/turbines/7, secure/turbines/8, secure/controllers/substation-2"
    assert done.out.startswith(f"turbine 7, turbine 8, controller substation-2: in {folders}\n")
    assert "kill -HUP" in done.out
    assert (tmp_path / "secure" / "controllers" / "substation-2" / "client.key").exists()
    viewer = made("secure", "add", "--viewer", "anna")
    assert viewer.out.startswith("viewer anna: in secure/viewers/anna\n")


def test_what_was_issued_replaced_and_revoked_is_listed(made: Command) -> None:
    made("secure", "revoke", "2")
    made("secure", "rotate")
    made("secure", "revoke", "3")
    listed = states(made)
    assert [state for name, state in listed if name == "2"] == ["revoked"]
    assert [state for name, state in listed if name == "3"] == ["revoked", "revoked"]
    assert [state for name, state in listed if name == "monitor"] == ["replaced", "valid"]
    table = made("secure", "list").out.splitlines()
    assert len(table) == 1 + len(listed)
    assert table[1].split()[:3] == ["broker", "broker", "replaced"]


def test_a_rotation_that_revokes_leaves_nothing_old_that_holds(made: Command) -> None:
    done = made("secure", "rotate", "--revoke-old")
    assert done.code == 0
    assert {state for name, state in states(made) if name == "monitor"} == {"revoked", "valid"}


def test_the_folder_may_be_named_before_or_after_the_command(grid_monitor: Command) -> None:
    grid_monitor("secure", "--host", "b.example", "--folder", "elsewhere")
    assert grid_monitor("secure", "--folder", "elsewhere", "add", "7").code == 0
    assert grid_monitor("secure", "add", "8", "--folder", "elsewhere").code == 0
    assert {"7", "8"} <= {name for name, _ in states(grid_monitor, "--folder", "elsewhere")}
