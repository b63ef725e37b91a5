"""The commands of grid-monitor that tell when turbines were out, and what it cost."""

from typing import Annotated

import typer

from grid.command_line import with_settings
from grid.errors import CommandError, ExitCode
from monitor.availability.figures import By
from monitor.availability.periods import DAY, Per
from monitor.clock import utc_now
from monitor.ledger_cli import Newest, OneTurbine, open_ledger, print_json, print_records, print_sheet
from monitor.options import InJson, Moment, parse_moment
from monitor.settings import DataSettings

USUAL_DAYS = 30

outages_commands = typer.Typer()

Region = Annotated[str | None, typer.Option("--region", help="Only turbines of this region.", show_default=False)]
WhoseLines = Annotated[By, typer.Option("--by", help="A line for each turbine, for each region, or for the farm.")]
Division = Annotated[Per, typer.Option("--per", help="For the whole time, or for each day or month, in UTC.")]
Controller = Annotated[
    str | None, typer.Option("--controller", help="Only those of this controller.", show_default=False)
]
OfType = Annotated[str | None, typer.Option("--type", help="Only of this type, such as broken.", show_default=False)]
OngoingOnly = Annotated[bool, typer.Option("--ongoing", help="Only those that go on.")]
InCsv = Annotated[bool, typer.Option("--csv", help="CSV on standard output; times are UTC.")]


@outages_commands.command("availability")
@with_settings(DataSettings)
def availability_command(
    settings: DataSettings,
    since: Moment = None,
    until: Moment = None,
    by: WhoseLines = By.TURBINE,
    per: Division = Per.PERIOD,
    turbine: OneTurbine = None,
    region: Region = None,
    in_csv: InCsv = False,
    in_json: InJson = False,
) -> None:
    """Tell how available turbines were, by time and by energy.

    From --since on, and before --until; without them the last 30 days. With how often turbines failed, and how long
    a failure lasted.
    """
    from monitor.availability.sheet import in_csv as written_as_csv
    from monitor.console.availability_sheet import availability_sheet
    from monitor.store.queries.availability import TooManyLinesError, Wanted, availability

    now = utc_now()
    end = parse_moment("--until", until) or now
    begin = parse_moment("--since", since) or end - USUAL_DAYS * DAY
    if begin >= end:
        raise CommandError("--since must be before --until", ExitCode.WRONG_USAGE)
    with open_ledger(settings) as ledger:
        try:
            lines = availability(ledger, Wanted(begin, end, by, per, turbine, region), now=now)
        except TooManyLinesError as error:
            raise CommandError(str(error), ExitCode.WRONG_USAGE) from None
    if in_json:
        print_json(lines)
    elif in_csv:
        typer.echo(written_as_csv(lines), nl=False)
    else:
        print_sheet(availability_sheet(lines), empty="no turbine was heard of in that time")


@outages_commands.command("outages")
@with_settings(DataSettings)
def outages_command(
    settings: DataSettings,
    turbine: OneTurbine = None,
    controller: Controller = None,
    outage_type: OfType = None,
    ongoing: OngoingOnly = False,
    since: Moment = None,
    until: Moment = None,
    newest: Newest = 50,
    in_json: InJson = False,
) -> None:
    """Show when something was out.

    The latest is first, with what it cost in time and energy; those of which any part lies from --since on and
    before --until.
    """
    from monitor.console.availability_sheet import outages_sheet
    from monitor.store.queries.outages import OutageFilter, outages_page

    begin, end = parse_moment("--since", since), parse_moment("--until", until)
    wanted = OutageFilter(controller, turbine, outage_type, begin, end, ongoing=ongoing or None)
    with open_ledger(settings) as ledger:
        found = outages_page(ledger, wanted, limit=newest).outages
    print_records(found, outages_sheet(found, utc_now()), in_json=in_json, empty="no outages")
