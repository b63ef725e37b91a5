"""The command line of grid-monitor."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from grid.command_line import run, with_settings
from monitor import DISTRIBUTION
from monitor.access_cli import token_commands, user_commands
from monitor.alarms_cli import alarms_commands
from monitor.asking import ask_monitor
from monitor.audit_cli import audit_commands
from monitor.baselines_cli import baselines_commands
from monitor.console.words import plain
from monitor.facts import Order, OrderKind
from monitor.ledger_cli import ledger_commands
from monitor.notify_cli import notify_commands
from monitor.options import InJson, TurbineNumber, acting_as, user_name
from monitor.outages_cli import outages_commands
from monitor.secure_cli import secure_commands
from monitor.settings import DataSettings, HttpSettings, LogFormat, MonitorSettings, ServeSettings
from monitor.store_cli import store_commands

app = typer.Typer(
    help="Watch a wind farm on MQTT: keep every reading, send engineers, and show and explain what happened.",
    pretty_exceptions_enable=False,
    # Plain help: on 80 columns the boxes of rich cut off the names of variables.
    rich_markup_mode=None,
)

By = Annotated[str | None, typer.Option("--by", help="Who wants it; else your user name.", show_default=False)]
Why = Annotated[str, typer.Option("--why", help="The reason, kept with the decision.", show_default=False)]


def main() -> None:
    """Run grid-monitor."""
    for stream in (sys.stdout, sys.stderr):  # a terminal that lacks a letter gets it written out
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    run(app, "grid-monitor")


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"grid-monitor {version(DISTRIBUTION)}")
        raise typer.Exit


# --- running


@app.callback(invoke_without_command=True)
@with_settings(MonitorSettings)
def _without_command(
    settings: MonitorSettings,
    ctx: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version and end.")
    ] = False,
) -> None:
    """Watch a wind farm on MQTT: keep every reading, send engineers, and show and explain what happened.

    Without a command the monitor runs.
    """
    if ctx.invoked_subcommand is None:
        _run(settings)


@app.command("run")
@with_settings(MonitorSettings)
def run_command(settings: MonitorSettings) -> None:
    """Run the monitor, as without a command."""
    _run(settings)


def _run(settings: MonitorSettings) -> None:
    from monitor.program import run_monitor

    raise typer.Exit(run_monitor(settings))


@app.command("serve")
@with_settings(ServeSettings)
def serve_command(settings: ServeSettings) -> None:
    """Serve the API and the pages as a process of its own.

    It reads beside the running monitor, and shows what is stored while none runs.
    """
    from monitor.web.server import serve

    raise typer.Exit(serve(settings.site(), as_json=settings.log_format is LogFormat.JSON))


@app.command("top")
@with_settings(HttpSettings)
def top(
    settings: HttpSettings,
    url: Annotated[
        str | None, typer.Option("--url", help="Address of its pages; else --http-host and --http-port.")
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option("--token-file", help="File with the token that it asks for.", show_default=False)
    ] = None,
    cafile: Annotated[
        Path | None, typer.Option("--cafile", help="Certificate authority to trust, PEM.", show_default=False)
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Print the farm as it is now, and end.")] = False,
    in_json: InJson = False,
) -> None:
    """Follow a running monitor, here or elsewhere.

    The live table over the API, until q or Ctrl-C. Ends with 4 if nothing answers.
    """
    from monitor.live.events import Entrance
    from monitor.live.top import follow_on_screen, print_once, print_snapshot
    from monitor.live.top_address import address_to_follow, token_in

    site = Entrance(url or address_to_follow(settings), token_in(token_file), cafile)
    if in_json:
        print_snapshot(site)
    elif once or not sys.stdout.isatty():
        print_once(site)
    else:
        follow_on_screen(site)


@app.command("repair")
@with_settings(DataSettings)
def repair(settings: DataSettings, turbine_number: TurbineNumber, by: By = None, why: Why = "") -> None:
    """Have an engineer sent to a turbine."""
    _give_order(settings.data_dir, OrderKind.REPAIR, turbine_number, by, why)


@app.command("hold")
@with_settings(DataSettings)
def hold(settings: DataSettings, turbine_number: TurbineNumber, by: By = None, why: Why = "") -> None:
    """Forbid visits to a turbine."""
    _give_order(settings.data_dir, OrderKind.HOLD, turbine_number, by, why)


@app.command("release")
@with_settings(DataSettings)
def release(settings: DataSettings, turbine_number: TurbineNumber, by: By = None, why: Why = "") -> None:
    """Allow visits to a turbine again."""
    _give_order(settings.data_dir, OrderKind.RELEASE, turbine_number, by, why)


def _give_order(data_dir: Path, kind: OrderKind, turbine_number: int, by: str | None, why: str) -> None:
    from monitor.control import order_request

    named = by or user_name()
    order = Order(kind, turbine_number, named, why, actor=acting_as(named))
    typer.echo(ask_monitor(data_dir, order_request(order))["sentence"])


# --- reading, and looking after the store

app.add_typer(ledger_commands)
app.add_typer(alarms_commands, name="alarms")
app.add_typer(notify_commands, name="notify")
app.add_typer(outages_commands)
app.add_typer(baselines_commands)
app.add_typer(store_commands)
app.add_typer(secure_commands, name="secure")
app.add_typer(user_commands, name="user")
app.add_typer(token_commands, name="token")
app.add_typer(audit_commands, name="audit")


# --- around it


@app.command("config")
@with_settings(MonitorSettings)
def config_command(
    settings: MonitorSettings,
    effective: Annotated[bool, typer.Option("--effective", help="With the values that are in force now.")] = False,
) -> None:
    """Print a sample of the file grid.toml."""
    from monitor.console.sample import sample_toml

    typer.echo(sample_toml(settings if effective else None))


@app.command("doctor")
@with_settings(MonitorSettings)
def doctor(settings: MonitorSettings, in_json: InJson = False) -> None:
    """Check what the monitor needs.

    Broker, canary, database, versions, clock and disk, a sentence each. Ends with 3 if something
    is unhealthy, with 4 if the broker can't be reached.
    """
    from monitor.console.documents import in_json as written
    from monitor.console.documents import to_documents
    from monitor.doctor import examine, exit_code

    findings = examine(settings)
    if in_json:
        typer.echo(written(to_documents(findings)))
    else:
        for finding in findings:
            mark = ("!! " if finding.warns else "ok ") if finding.healthy else "BAD"
            typer.echo(f"{mark}  {finding.name:<10}  {plain(finding.sentence)}")
    raise typer.Exit(exit_code(findings))


@app.command("demo")
@with_settings(MonitorSettings)
def demo(settings: MonitorSettings) -> None:
    """Bring up a whole farm on this machine.

    A broker, six turbines and the monitor; Ctrl-C stops them all. The data are in a temporary
    folder, unless --data-dir names one.
    """
    from monitor.demo import run_demo

    raise typer.Exit(run_demo(settings, keep_data="data_dir" in settings.model_fields_set))
