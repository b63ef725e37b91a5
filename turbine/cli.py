"""The command line of grid-turbines."""

import sys
from typing import Annotated

import typer

from grid.command_line import run, with_settings
from grid.errors import ExitCode
from turbine.settings import TurbineSettings

PROGRAM = "grid-turbines"

app = typer.Typer(add_completion=True, rich_markup_mode=None)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"{PROGRAM} {version('grid-wind-farm-monitor')}")
        raise typer.Exit


Version = Annotated[
    bool,
    typer.Option("--version", help="Show the version and end.", callback=_show_version, is_eager=True),
]


@app.command()
@with_settings(TurbineSettings)
def turbines(settings: TurbineSettings, version: Version = False) -> None:
    """Run wind turbines on MQTT: they report, break and are repaired on order.

    Simulated ones by default, or those of a SCADA file with --replay. Each has its own connection. Waits for the
    broker, and comes back after a loss. Ctrl-C stops it in order.
    """
    from turbine.program import run_turbines

    settings.check()
    code = run_turbines(settings, out=sys.stdout, err=sys.stderr)
    if code is not ExitCode.FINE:
        raise typer.Exit(code)


def main() -> None:
    """Run the program; never returns."""
    run(app, PROGRAM)
