"""The command line of grid-monitor."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from grid.command_line import run, with_settings
from grid.errors import CommandError
from grid.metrics import MAX_INTEGER
from grid.topics import MAX_TURBINE_NUMBER
from monitor import DISTRIBUTION
from monitor.console.words import plain
from monitor.facts import Order, OrderKind
from monitor.options import InJson, Moment, parse_moment
from monitor.settings import DataSettings, HttpSettings, LogFormat, MonitorSettings, ServeSettings
from monitor.store import DATABASE
from monitor.store_cli import store_commands

if TYPE_CHECKING:
    from monitor.console.sheets import Sheet
    from monitor.store.reader import LedgerReader

OLD_NEWS_SECONDS = 60.0

app = typer.Typer(
    help="Watch a wind farm on MQTT: keep every reading, send engineers, and show and explain what happened.",
    pretty_exceptions_enable=False,
    # Plain help: on 80 columns the boxes of rich cut off the names of variables.
    rich_markup_mode=None,
)

TurbineNumber = Annotated[
    int, typer.Argument(metavar="TURBINE", min=1, max=MAX_TURBINE_NUMBER, help="Number of the turbine.")
]
OneTurbine = Annotated[
    int | None, typer.Option("--turbine", min=1, max=MAX_TURBINE_NUMBER, help="Only those of this turbine.")
]
IncidentNumber = Annotated[
    int, typer.Argument(metavar="INCIDENT", min=1, max=MAX_INTEGER, help="Number of the incident.")
]
OpenOnly = Annotated[bool, typer.Option("--open", help="Only those that are open.")]
Newest = Annotated[int, typer.Option("--newest", min=1, max=MAX_INTEGER, help="How many, the newest first.")]
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
    once: Annotated[bool, typer.Option("--once", help="Print the farm as it is now, and end.")] = False,
    in_json: InJson = False,
) -> None:
    """Follow a running monitor, here or elsewhere.

    The live table over the API, until q or Ctrl-C. Ends with 4 if nothing answers.
    """
    from monitor.live.top import follow_on_screen, print_once, print_snapshot
    from monitor.live.top_address import address, token_in

    place = url or address(settings)
    token = token_in(token_file or settings.http_token_file)
    if in_json:
        print_snapshot(place, token)
    elif once or not sys.stdout.isatty():
        print_once(place, token)
    else:
        follow_on_screen(place, token)


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
    from monitor.control import NoMonitorError, ask, order_request

    try:
        answer = ask(data_dir, order_request(Order(kind, turbine_number, by or _user_name(), why)))
    except NoMonitorError as error:
        raise CommandError(str(error)) from None
    sentence = plain(str(answer.get("sentence", "")))
    if not answer.get("accepted"):
        raise CommandError(sentence)
    typer.echo(sentence)


def _user_name() -> str:
    from getpass import getuser

    try:
        return getuser()
    except (KeyError, OSError):  # a container's user often has no name
        return "somebody"


# --- reading: beside the running monitor, or after it


@contextmanager
def _ledger(settings: DataSettings) -> "Iterator[LedgerReader]":
    from monitor.store.errors import StoreError
    from monitor.store.reader import LedgerReader

    try:
        with LedgerReader.open(settings.data_dir / DATABASE) as ledger:
            yield ledger
    except StoreError as error:
        raise CommandError(str(error)) from None


@app.command("turbines")
@with_settings(DataSettings)
def turbines(settings: DataSettings, in_json: InJson = False) -> None:
    """Show every turbine, the worst first."""
    from monitor.console.known import farm_view
    from monitor.console.lines import missing_in_words, standings_in_words, utc_now
    from monitor.console.sheets import turbines_sheet
    from monitor.console.words import age, since

    with _ledger(settings) as ledger:
        records, missing = ledger.turbines(), ledger.missing()
        if in_json:
            return _print_json(records, {"missing": [missing.get(record.turbine_number, 0) for record in records]})
        incidents = ledger.incidents(open_only=True, newest=len(records) + 1)
        visits = ledger.visits(open_only=True, newest=len(records) + 1)
        view = farm_view(utc_now(), records, incidents, visits, ledger.holds(), engineers=len(visits), missing=missing)
    _print_sheet(turbines_sheet(view.rows, view.at), empty="no turbine seen yet")
    ages = [since(row.received_at, view.at) for row in view.rows if row.received_at is not None]
    if view.rows:
        typer.echo(f"\n{standings_in_words(view.totals)}")
    if view.missing:
        typer.echo(missing_in_words(view.missing))
    if ages and min(ages) > OLD_NEWS_SECONDS:
        typer.echo(f"the newest reading came {age(min(ages))} ago: does the monitor run?", err=True)
    return None


@app.command("readings")
@with_settings(DataSettings)
def readings(
    settings: DataSettings,
    turbine_number: TurbineNumber,
    newest: Newest = 20,
    since: Moment = None,
    until: Moment = None,
    in_json: InJson = False,
) -> None:
    """Show the newest readings of a turbine.

    The newest is first; from --since on, and before --until.
    """
    from monitor.console.sheets import readings_sheet

    first, end = parse_moment("--since", since), parse_moment("--until", until)
    with _ledger(settings) as ledger:
        if ledger.turbine(turbine_number) is None:
            raise CommandError(f"turbine {turbine_number} was never heard of")
        found = ledger.readings(turbine_number, newest=newest, since=first, until=end)
    _print_records(found, readings_sheet(found), in_json=in_json, empty="no readings")


@app.command("incidents")
@with_settings(DataSettings)
def incidents(
    settings: DataSettings,
    open_only: OpenOnly = False,
    turbine: OneTurbine = None,
    newest: Newest = 50,
    in_json: InJson = False,
) -> None:
    """Show which turbines needed an engineer.

    The newest is first, with its cause and its end.
    """
    from monitor.console.lines import utc_now
    from monitor.console.sheets import incidents_sheet

    with _ledger(settings) as ledger:
        found = ledger.incidents(open_only=open_only, turbine_number=turbine, newest=newest)
    _print_records(found, incidents_sheet(found, utc_now()), in_json=in_json, empty="no incidents")


@app.command("visits")
@with_settings(DataSettings)
def visits(
    settings: DataSettings,
    open_only: OpenOnly = False,
    turbine: OneTurbine = None,
    newest: Newest = 50,
    in_json: InJson = False,
) -> None:
    """Show which engineer was sent where.

    The newest is first, with how it ended.
    """
    from monitor.console.lines import utc_now
    from monitor.console.sheets import visits_sheet

    with _ledger(settings) as ledger:
        found = ledger.visits(open_only=open_only, turbine_number=turbine, newest=newest)
    _print_records(found, visits_sheet(found, utc_now()), in_json=in_json, empty="no visits")


@app.command("explain")
@with_settings(DataSettings)
def explain(
    settings: DataSettings,
    incident_id: IncidentNumber,
    in_json: InJson = False,
) -> None:
    """Tell the story of an incident.

    The turbine then, the visits, and each decision with its cause.
    """
    from monitor.console.documents import in_json as written
    from monitor.console.lines import utc_now
    from monitor.console.story import story_of

    with _ledger(settings) as ledger:
        incident = ledger.incident(incident_id)
        if incident is None:
            raise CommandError(f"there is no incident {incident_id}")
        story = story_of(ledger, incident)
    if in_json:
        typer.echo(written(story.document()))
    else:
        story.write(sys.stdout, utc_now())


@app.command("dead-letters")
@with_settings(DataSettings)
def dead_letters(settings: DataSettings, newest: Newest = 20, in_json: InJson = False) -> None:
    """Show messages that were refused, and why."""
    from monitor.console.sheets import by_reason_in_words, dead_letters_sheet

    with _ledger(settings) as ledger:
        found = ledger.dead_letters(newest=newest)
        by_reason = ledger.dead_letters_by_reason()
    _print_records(found, dead_letters_sheet(found), in_json=in_json, empty="no dead letters")
    if found and not in_json:
        typer.echo(f"\n{by_reason_in_words(by_reason)}")


def _print_records(records: list[Any], sheet: "Sheet", *, in_json: bool, empty: str) -> None:
    if in_json:
        _print_json(records)
    else:
        _print_sheet(sheet, empty=empty)


def _print_json(records: list[Any], columns: Mapping[str, Sequence[Any]] = MappingProxyType({})) -> None:
    """Print records as documents, with further columns that have an entry for each."""
    from monitor.console.documents import in_json, to_documents

    documents = to_documents(records)
    for name, column in columns.items():
        for document, value in zip(documents, column, strict=True):
            document[name] = value
    typer.echo(in_json(documents))


def _print_sheet(sheet: "Sheet", *, empty: str) -> None:
    if sheet.rows:
        sheet.write(sys.stdout)
    else:
        typer.echo(empty)


# --- looking after the store

app.add_typer(store_commands)


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
    from monitor.doctor import examine, exit_code

    findings = examine(settings)
    if in_json:
        _print_json(findings)
    else:
        for finding in findings:
            typer.echo(f"{'ok ' if finding.healthy else 'BAD'}  {finding.name:<10}  {plain(finding.sentence)}")
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
