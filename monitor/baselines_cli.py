"""The commands of grid-monitor that tell what was not normal."""

import typer

from grid.command_line import with_settings
from monitor.ledger_cli import Newest, OneTurbine, OpenOnly, open_ledger, print_records
from monitor.options import InJson
from monitor.settings import DataSettings

baselines_commands = typer.Typer()


@baselines_commands.command("findings")
@with_settings(DataSettings)
def findings_command(
    settings: DataSettings,
    open_only: OpenOnly = False,
    turbine: OneTurbine = None,
    newest: Newest = 50,
    in_json: InJson = False,
) -> None:
    """Show what was not normal for a turbine.

    The newest is first, with what was expected and what came.
    """
    from monitor.console.findings_sheet import findings_sheet

    with open_ledger(settings) as ledger:
        found = ledger.findings(open_only=open_only, turbine_number=turbine, newest=newest)
    print_records(found, findings_sheet(found), in_json=in_json, empty="no findings")
