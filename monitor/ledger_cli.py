"""The commands of grid-monitor that show and explain what the ledger holds, beside the running monitor or after it."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from grid.command_line import with_settings
from grid.errors import CommandError
from grid.metrics import MAX_INTEGER
from grid.topics import MAX_TURBINE_NUMBER
from monitor.clock import utc_now
from monitor.options import InJson, Moment, TurbineNumber, parse_moment
from monitor.settings import DataSettings
from monitor.store import DATABASE

if TYPE_CHECKING:
    from monitor.console.sheets import Sheet
    from monitor.store.reader import LedgerReader

OLD_NEWS_SECONDS = 60.0

ledger_commands = typer.Typer()

OneTurbine = Annotated[
    int | None, typer.Option("--turbine", min=1, max=MAX_TURBINE_NUMBER, help="Only those of this turbine.")
]
IncidentNumber = Annotated[
    int, typer.Argument(metavar="INCIDENT", min=1, max=MAX_INTEGER, help="Number of the incident.")
]
OpenOnly = Annotated[bool, typer.Option("--open", help="Only those that are open.")]
Newest = Annotated[int, typer.Option("--newest", min=1, max=MAX_INTEGER, help="How many, the newest first.")]


@contextmanager
def open_ledger(settings: DataSettings) -> "Iterator[LedgerReader]":
    """Open the ledger to be read. Raises CommandError where that can't be."""
    from monitor.store.errors import StoreError
    from monitor.store.reader import LedgerReader

    try:
        with LedgerReader.open(settings.data_dir / DATABASE) as ledger:
            yield ledger
    except StoreError as error:
        raise CommandError(str(error)) from None


@ledger_commands.command("turbines")
@with_settings(DataSettings)
def turbines(settings: DataSettings, in_json: InJson = False) -> None:
    """Show every turbine, the worst first."""
    from monitor.console.known import farm_view
    from monitor.console.lines import missing_in_words, standings_in_words
    from monitor.console.sheets import turbines_sheet
    from monitor.console.words import age, since

    with open_ledger(settings) as ledger:
        records, missing = ledger.turbines(), ledger.missing()
        if in_json:
            return print_json(records, {"missing": [missing.get(record.turbine_number, 0) for record in records]})
        incidents = ledger.incidents(open_only=True, newest=len(records) + 1)
        visits = ledger.visits(open_only=True, newest=len(records) + 1)
        view = farm_view(utc_now(), records, incidents, visits, ledger.holds(), engineers=len(visits), missing=missing)
    print_sheet(turbines_sheet(view.rows, view.at), empty="no turbine seen yet")
    ages = [since(row.received_at, view.at) for row in view.rows if row.received_at is not None]
    if view.rows:
        typer.echo(f"\n{standings_in_words(view.totals)}")
    if view.missing:
        typer.echo(missing_in_words(view.missing))
    if ages and min(ages) > OLD_NEWS_SECONDS:
        typer.echo(f"the newest reading came {age(min(ages))} ago: does the monitor run?", err=True)
    return None


@ledger_commands.command("readings")
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
    with open_ledger(settings) as ledger:
        if ledger.turbine(turbine_number) is None:
            raise CommandError(f"turbine {turbine_number} was never heard of")
        found = ledger.readings(turbine_number, newest=newest, since=first, until=end)
    print_records(found, readings_sheet(found), in_json=in_json, empty="no readings")


@ledger_commands.command("incidents")
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
    from monitor.console.sheets import incidents_sheet

    with open_ledger(settings) as ledger:
        found = ledger.incidents(open_only=open_only, turbine_number=turbine, newest=newest)
    print_records(found, incidents_sheet(found, utc_now()), in_json=in_json, empty="no incidents")


@ledger_commands.command("visits")
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
    from monitor.console.sheets import visits_sheet

    with open_ledger(settings) as ledger:
        found = ledger.visits(open_only=open_only, turbine_number=turbine, newest=newest)
    print_records(found, visits_sheet(found, utc_now()), in_json=in_json, empty="no visits")


@ledger_commands.command("explain")
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
    from monitor.console.story import story_of

    with open_ledger(settings) as ledger:
        incident = ledger.incident(incident_id)
        if incident is None:
            raise CommandError(f"there is no incident {incident_id}")
        story = story_of(ledger, incident)
    if in_json:
        typer.echo(written(story.document()))
    else:
        story.write(sys.stdout, utc_now())


@ledger_commands.command("dead-letters")
@with_settings(DataSettings)
def dead_letters(settings: DataSettings, newest: Newest = 20, in_json: InJson = False) -> None:
    """Show messages that were refused, and why."""
    from monitor.console.sheets import by_reason_in_words, dead_letters_sheet

    with open_ledger(settings) as ledger:
        found = ledger.dead_letters(newest=newest)
        by_reason = ledger.dead_letters_by_reason()
    print_records(found, dead_letters_sheet(found), in_json=in_json, empty="no dead letters")
    if found and not in_json:
        typer.echo(f"\n{by_reason_in_words(by_reason)}")


def print_records(records: list[Any], sheet: "Sheet", *, in_json: bool, empty: str) -> None:
    """Print records as documents or as their sheet."""
    if in_json:
        print_json(records)
    else:
        print_sheet(sheet, empty=empty)


def print_json(records: list[Any], columns: Mapping[str, Sequence[Any]] = MappingProxyType({})) -> None:
    """Print records as documents, with further columns that have an entry for each."""
    from monitor.console.documents import in_json, to_documents

    documents = to_documents(records)
    for name, column in columns.items():
        for document, value in zip(documents, column, strict=True):
            document[name] = value
    typer.echo(in_json(documents))


def print_sheet(sheet: "Sheet", *, empty: str) -> None:
    """Print a sheet, or a sentence where it has no rows."""
    if sheet.rows:
        sheet.write(sys.stdout)
    else:
        typer.echo(empty)
