"""The commands of grid-monitor that show who ordered what, and who came in."""

from typing import Annotated

import typer

from grid.command_line import with_settings
from grid.errors import CommandError
from monitor.facts import AuditAction
from monitor.ledger_cli import Newest, open_ledger, print_json, print_records, print_sheet
from monitor.options import InJson, Moment, parse_moment
from monitor.settings import DataSettings

audit_commands = typer.Typer(rich_markup_mode=None)

Who = Annotated[str | None, typer.Option("--who", help="Only those of this name.", show_default=False)]
_ACTIONS = [action.value for action in AuditAction]
Action = Annotated[
    AuditAction | None,
    typer.Option(
        "--action",
        metavar="ACTION",
        help=f"Only these: {', '.join(_ACTIONS[:-1])} or {_ACTIONS[-1]}.",
        show_default=False,
    ),
]
Subject = Annotated[
    str | None, typer.Option("--subject", help="Only those about it, such as turbine-7.", show_default=False)
]
Refused = Annotated[bool | None, typer.Option("--refused/--accepted", help="Only those that were.", show_default=False)]


@audit_commands.callback(invoke_without_command=True)
@with_settings(DataSettings)
def list_command(
    settings: DataSettings,
    ctx: typer.Context,
    newest: Newest = 50,
    who: Who = None,
    action: Action = None,
    subject: Subject = None,
    refused: Refused = None,
    since: Moment = None,
    until: Moment = None,
    in_json: InJson = False,
) -> None:
    """Show who ordered what, and who came in.

    Without a command: every order of a person or a program, refused ones too, the newest first.
    """
    if ctx.invoked_subcommand is not None:
        return
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
        entries = [entry for _, entry in page.records]
        accepted_or_not = [bool(entry.accepted) for entry in entries]
        print_json(entries, {"audit_id": numbers, "accepted": accepted_or_not})
    else:
        print_sheet(audit_sheet(page.records), empty="nothing was ordered")


@audit_commands.command("access")
@with_settings(DataSettings)
def access_command(settings: DataSettings, newest: Newest = 50, in_json: InJson = False) -> None:
    """Show sign-ins, and changes of users and tokens.

    The newest first, refused sign-ins too.
    """
    from monitor.console.audit_sheet import access_sheet
    from monitor.store.accounts import Accounts
    from monitor.store.errors import StoreError

    try:
        found = Accounts.of(settings.data_dir).events(newest)
    except StoreError as error:
        raise CommandError(str(error)) from None
    print_records(found, access_sheet(found), in_json=in_json, empty="nobody came in, and nobody has an account")
