"""The door to typer: options made from settings, exit codes, and one line for what a user can mend."""

import os
import subprocess
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, ClassVar

import pytest
import typer
from pydantic import Field, SecretStr

from grid.command_line import run, with_settings
from grid.errors import CommandError, ExitCode, SettingsError
from grid.settings import Settings

pytestmark = pytest.mark.usefixtures("nothing_set")


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


class FarmSettings(Settings):
    section: ClassVar[str] = "turbines"

    count: int = Field(6, ge=1, description="How many turbines.")
    upload_interval: Annotated[float, Field(gt=0, description="Seconds between readings.")] = 1.5
    folder: Path | None = Field(None, description="Where to write.")
    colour: Colour = Field(Colour.RED, description="Of the towers.")
    dry_run: bool = Field(False, description="Print readings.")
    names: str = Field("", description="Of the towers' owners.")
    password: SecretStr | None = Field(None, description="Kept secret.")


class OutputSettings(Settings):
    colour: Colour = Field(Colour.RED, description="Of the towers.")


class Program:
    """A program like ours: runs without a subcommand, and has one that also takes an argument."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.app = typer.Typer(rich_markup_mode=None, add_completion=False)

        @self.app.callback(invoke_without_command=True)
        @with_settings(FarmSettings)
        def farm(settings: FarmSettings, ctx: typer.Context) -> None:
            """Run the farm."""
            if ctx.invoked_subcommand is None:
                self.calls.append(("farm", settings))

        @self.app.command()
        @with_settings(FarmSettings)
        def paint(settings: FarmSettings, turbine: int, *, twice: bool = False) -> None:
            """Paint a turbine."""
            self.calls.append(("paint", (settings, turbine, twice)))

        @self.app.command()
        @with_settings(OutputSettings)
        def show(settings: OutputSettings) -> None:
            """Show the colours."""
            self.calls.append(("show", settings))


def outcome(app: typer.Typer, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["grid-farm", *arguments])
    with pytest.raises(SystemExit) as left:
        run(app, "grid-farm")
    return int(left.value.code or 0)


def settings_after(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> FarmSettings:
    program = Program()
    assert outcome(program.app, monkeypatch, *arguments) == ExitCode.FINE
    [(name, settings)] = program.calls
    assert name == "farm"
    assert isinstance(settings, FarmSettings)
    return settings


# --- options


def test_without_options_the_settings_are_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings_after(monkeypatch) == FarmSettings()


def test_every_setting_is_an_option(monkeypatch: pytest.MonkeyPatch) -> None:
    given = [
        "--count",
        "3",
        "--upload-interval",
        "0.5",
        "--folder",
        "here",
        "--colour",
        "green",
        "--dry-run",
        "--names",
        "ann, bob",
    ]
    settings = settings_after(monkeypatch, *given)
    assert settings.model_dump(exclude={"password"}) == {
        "count": 3,
        "upload_interval": 0.5,
        "folder": Path("here"),
        "colour": Colour.GREEN,
        "dry_run": True,
        "names": "ann, bob",
    }
    assert settings.model_fields_set == set(FarmSettings.model_fields) - {"password"}


def test_a_secret_is_no_option_because_others_see_the_list_of_processes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert outcome(Program().app, monkeypatch, "--password", "hunter2") == ExitCode.WRONG_USAGE
    assert "hunter2" not in capsys.readouterr().err
    monkeypatch.setenv("GRID_PASSWORD", "hunter2")
    assert settings_after(monkeypatch).password == SecretStr("hunter2")


def test_an_option_wins_over_environment_and_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("grid.toml").write_text("count = 1\nupload_interval = 1\ndry_run = true\ncolour = 'green'")
    monkeypatch.setenv("GRID_COUNT", "2")
    monkeypatch.setenv("GRID_UPLOAD_INTERVAL", "2")
    settings = settings_after(monkeypatch, "--count", "3", "--no-dry-run")
    assert (settings.count, settings.upload_interval, settings.dry_run, settings.colour) == (3, 2, False, "green")


def test_the_configuration_file_is_an_option(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("other.toml").write_text("[turbines]\ncount = 9")
    assert settings_after(monkeypatch, "--config", "other.toml").count == 9


def test_options_before_a_subcommand_hold_for_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    program = Program()
    Path("other.toml").write_text("upload_interval = 9")
    before = ["--count", "3", "--colour", "green", "--config", "other.toml"]
    assert outcome(program.app, monkeypatch, *before, "paint", "7", "--colour", "red", "--twice") == ExitCode.FINE
    [(_, (settings, turbine, twice))] = program.calls
    assert (settings.count, settings.colour, settings.upload_interval) == (3, "red", 9)
    assert (turbine, twice) == (7, True)


def test_a_subcommand_takes_of_them_what_it_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    program = Program()
    assert outcome(program.app, monkeypatch, "--count", "3", "--colour", "green", "show") == ExitCode.FINE
    assert program.calls == [("show", OutputSettings.load({"colour": Colour.GREEN}))]


def test_help_names_each_option_with_its_default_and_variable(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert outcome(Program().app, monkeypatch, "--help") == ExitCode.FINE
    said = " ".join(capsys.readouterr().out.split())
    assert "Seconds between readings. Default: 1.5. [GRID_UPLOAD_INTERVAL]" in said
    assert "Of the towers. Default: red. [GRID_COLOUR]" in said
    assert "--dry-run / --no-dry-run" in said
    assert "Of the towers' owners. [GRID_NAMES]" in said
    assert "--config" in said


# --- exit codes


def failing(error: BaseException) -> typer.Typer:
    app = typer.Typer(rich_markup_mode=None)

    @app.command()
    def fail() -> None:
        raise error

    return app


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CommandError("the port is taken"), ExitCode.FAILED),
        (CommandError("the port is taken", ExitCode.UNHEALTHY), ExitCode.UNHEALTHY),
        (CommandError("the port is taken", ExitCode.BROKER_UNREACHABLE), ExitCode.BROKER_UNREACHABLE),
        (SettingsError("the port is taken"), ExitCode.WRONG_USAGE),
    ],
)
def test_what_a_user_can_mend_is_one_line(
    error: Exception, code: ExitCode, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert outcome(failing(error), monkeypatch) == code
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "grid-farm: the port is taken\n")


def test_an_interrupted_program_leaves_with_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert outcome(failing(KeyboardInterrupt()), monkeypatch) == ExitCode.INTERRUPTED
    assert "Traceback" not in capsys.readouterr().err


def test_an_exit_code_of_a_command_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    assert outcome(failing(typer.Exit(3)), monkeypatch) == ExitCode.UNHEALTHY


def test_a_bug_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["grid-farm"])
    with pytest.raises(LookupError, match="a bug"):
        run(failing(LookupError("a bug")), "grid-farm")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--count", "0"],
        ["--count", "many"],
        ["--colour", "blue"],
        ["--conut", "3"],
        ["--config", "absent.toml"],
        ["dance"],
        ["paint"],
    ],
)
def test_wrong_usage_is_told_without_a_traceback(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program = Program()
    assert outcome(program.app, monkeypatch, *arguments) == ExitCode.WRONG_USAGE
    said = capsys.readouterr()
    assert arguments[-1].lstrip("-") in said.err or "count" in said.err or "TURBINE" in said.err
    assert "Traceback" not in said.err
    assert (said.out, program.calls) == ("", [])


def test_a_refused_setting_does_not_show_the_password(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GRID_PASSWORD", "hunter2")
    assert outcome(Program().app, monkeypatch, "--count", "0") == ExitCode.WRONG_USAGE
    said = capsys.readouterr().err
    assert said.startswith("grid-farm: --count: ")
    assert said.count("\n") == 1
    assert "hunter2" not in said


# --- readers that go away

CHATTER = """
import sys, typer
from grid.command_line import run
app = typer.Typer()

@app.command()
def chat(lines: int) -> None:
    for number in range(lines):
        typer.echo(f"line {number}")

run(app, "grid-chat")
"""


@pytest.mark.parametrize("lines", ["1", "100000"])
def test_a_reader_that_has_seen_enough_is_no_error(lines: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        chat = subprocess.run(
            [sys.executable, "-c", CHATTER, lines], stdout=writing, stderr=subprocess.PIPE, timeout=30, check=False
        )
    finally:
        os.close(writing)
    assert (chat.returncode, chat.stderr) == (ExitCode.FINE, b"")


def chat_in_shell(redirection: str, lines: int = 1) -> "subprocess.CompletedProcess[str]":
    command = ["sh", "-c", f'exec "$@" {redirection}', "sh", sys.executable, "-c", CHATTER, str(lines)]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize("redirection", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_a_program_without_standard_streams_does_its_work(redirection: str) -> None:
    chat = chat_in_shell(redirection)
    assert (chat.returncode, chat.stderr) == (ExitCode.FINE, "")
    assert chat.stdout == ("line 0\n" if redirection == "2>&-" else "")


@pytest.mark.parametrize("lines", [1, 100_000])
def test_a_full_disk_under_the_output_is_one_line(lines: int) -> None:
    chat = chat_in_shell(">/dev/full", lines)
    assert (chat.returncode, chat.stderr) == (ExitCode.FAILED, "grid-chat: No space left on device\n")


def test_an_exit_code_is_kept_where_nobody_can_be_told() -> None:
    """The number of lines is missing: wrong usage."""
    command = ["sh", "-c", 'exec "$@" 2>&- >&-', "sh", sys.executable, "-c", CHATTER]
    assert subprocess.run(command, timeout=30, check=False).returncode == ExitCode.WRONG_USAGE
