"""The command of grid-monitor that shows who ordered what, and who had access."""

from typing import Annotated

import typer

from grid.command_line import with_settings
from monitor.facts import AuditAction
from monitor.ledger_cli import Newest, open_ledger, print_json, print_sheet
from monitor.options import InJson, Moment, parse_moment
from monitor.settings import DataSettings

audit_commands = typer.Typer()

Who = Annotated[str | None, typer.Option("--who", help="Only those of this name.", show_default=False)]
Action = Annotated[AuditAction | None, typer.Option("--action", help="Only these.", show_default=False)]
Subject = Annotated[
    str | None, typer.Option("--subject", help="Only those about it, such as turbine-7.", show_default=False)
]
Refused = Annotated[bool | None, typer.Option("--refused/--accepted", help="Only those that were.", show_default=False)]


@audit_commands.command("audit")
@with_settings(DataSettings)
def audit_command(
    settings: DataSettings,
    newest: Newest = 50,
    who: Who = None,
    action: Action = None,
    subject: Subject = None,
    refused: Refused = None,
    since: Moment = None,
    until: Moment = None,
    in_json: InJson = False,
) -> None:
    """Show who ordered what, and what became of it.

    Every order of a person or a program, the newest first: from which door, why, and the answer.
    """
    from monitor.console.audit_sheet import audit_sheet
    from monitor.store.queries.pages import Turn, audit_page

    first, end = parse_moment("--since", since), parse_moment("--until", until)
    accepted = None if refused is None else not refused
    with open_ledger(settings) as ledger:
        page = audit_page(
            ledger, Turn(newest), who=who, action=action, subject=subject, accepted=accepted, since=first, until=end
        )
    if in_json:
        numbers = [number for number, _ in page.records]
        return print_json([entry for _, entry in page.records], {"audit_id": numbers})
    return print_sheet(audit_sheet(page.records), empty="nothing was ordered")
