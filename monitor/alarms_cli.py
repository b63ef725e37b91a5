"""The commands of grid-monitor about alarms: the list, the journal of one, and what a person does about them."""

from pathlib import Path
from typing import Annotated

import typer

from grid.command_line import with_settings
from grid.errors import CommandError, ExitCode
from grid.metrics import MAX_INTEGER
from grid.times import SECOND
from monitor.asking import ask_monitor
from monitor.clock import utc_now
from monitor.facts import AlarmOrder, AlarmOrderKind, AlarmState, Severity
from monitor.ledger_cli import Newest, OneTurbine, open_ledger, print_records
from monitor.options import InJson, acting_as, parse_moment, user_name
from monitor.settings import DataSettings

USUAL_SHELVING_SECONDS = 3600

alarms_commands = typer.Typer(rich_markup_mode=None)

AlarmNumbers = Annotated[list[int], typer.Argument(metavar="ALARM", min=1, max=MAX_INTEGER, help="Numbers of alarms.")]
MaybeAlarmNumbers = Annotated[
    list[int] | None, typer.Argument(metavar="ALARM", min=1, max=MAX_INTEGER, help="Numbers of alarms.")
]
By = Annotated[str | None, typer.Option("--by", help="Who does it; else your user name.", show_default=False)]
Comment = Annotated[str, typer.Option("--comment", help="Kept in the journal.", show_default=False)]


@alarms_commands.callback(invoke_without_command=True)
@with_settings(DataSettings)
def list_command(
    settings: DataSettings,
    ctx: typer.Context,
    state: Annotated[AlarmState | None, typer.Option("--state", help="Only those that stand so.")] = None,
    severity: Annotated[Severity | None, typer.Option("--severity", help="Only those.")] = None,
    turbine: OneTurbine = None,
    newest: Newest = 100,
    in_json: InJson = False,
) -> None:
    """Show alarms, and acknowledge, comment or silence them.

    Without a command: what is wrong, what was and nobody has acknowledged, and what people have silenced.
    """
    if ctx.invoked_subcommand is not None:
        return
    from monitor.console.alarms_sheet import alarms_sheet
    from monitor.store.queries.alarms import AlarmFilter, alarms_page
    from monitor.store.queries.pages import Turn

    with open_ledger(settings) as ledger:
        page = alarms_page(ledger, Turn(newest), AlarmFilter(state, severity, turbine))
    found = [alarm for _, alarm in page.records]
    found.sort(key=lambda alarm: (not alarm.waits, alarm.severity.place))
    print_records(found, alarms_sheet(found, utc_now()), in_json=in_json, empty="no alarm")


@alarms_commands.command("journal")
@with_settings(DataSettings)
def journal_command(
    settings: DataSettings,
    alarm_id: Annotated[int, typer.Argument(metavar="ALARM", min=1, max=MAX_INTEGER, help="Number of the alarm.")],
    newest: Newest = 50,
    in_json: InJson = False,
) -> None:
    """Show what became of an alarm, and who did it.

    The newest is first.
    """
    from monitor.console.alarms_sheet import alarm_journal_sheet
    from monitor.store.queries.alarms import alarm, journal_page
    from monitor.store.queries.pages import Turn

    with open_ledger(settings) as ledger:
        if alarm(ledger, alarm_id) is None:
            raise CommandError(f"there is no alarm {alarm_id}")
        page = journal_page(ledger, Turn(newest), alarm_id)
    found = [entry for _, entry in page.records]
    print_records(found, alarm_journal_sheet(found), in_json=in_json, empty="nothing is kept of it")


@alarms_commands.command("ack")
@with_settings(DataSettings)
def ack_command(
    settings: DataSettings,
    alarms: MaybeAlarmNumbers = None,
    all_: Annotated[bool, typer.Option("--all", help="All that wait.")] = False,
    by: By = None,
    comment: Comment = "",
) -> None:
    """Acknowledge alarms: you know, and take care of them."""
    if all_ == bool(alarms):
        raise CommandError("name alarms, or say --all", ExitCode.WRONG_USAGE)
    _order(settings.data_dir, AlarmOrderKind.ACKNOWLEDGE, alarms or [], by, comment)


@alarms_commands.command("comment")
@with_settings(DataSettings)
def comment_command(
    settings: DataSettings,
    alarm_id: Annotated[int, typer.Argument(metavar="ALARM", min=1, max=MAX_INTEGER, help="Number of the alarm.")],
    words: Annotated[str, typer.Argument(metavar="WORDS", help="The comment.")],
    by: By = None,
) -> None:
    """Note something at an alarm."""
    _order(settings.data_dir, AlarmOrderKind.COMMENT, [alarm_id], by, words)


@alarms_commands.command("shelve")
@with_settings(DataSettings)
def shelve_command(
    settings: DataSettings,
    alarms: AlarmNumbers,
    until: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="ISO 8601, UTC unless it names its zone; else 1 hour.")
    ] = None,
    by: By = None,
    comment: Comment = "",
) -> None:
    """Silence alarms for a time; they return by themselves.

    That is 24 hours at most.
    """
    end = parse_moment("--until", until) or utc_now() + USUAL_SHELVING_SECONDS * SECOND
    _order(settings.data_dir, AlarmOrderKind.SHELVE, alarms, by, comment, until=end)


@alarms_commands.command("unshelve")
@with_settings(DataSettings)
def unshelve_command(settings: DataSettings, alarms: AlarmNumbers, by: By = None, comment: Comment = "") -> None:
    """Have shelved alarms speak again."""
    _order(settings.data_dir, AlarmOrderKind.UNSHELVE, alarms, by, comment)


@alarms_commands.command("out-of-service")
@with_settings(DataSettings)
def out_of_service_command(settings: DataSettings, alarms: AlarmNumbers, by: By = None, comment: Comment = "") -> None:
    """Silence alarms until further notice."""
    _order(settings.data_dir, AlarmOrderKind.TAKE_OUT_OF_SERVICE, alarms, by, comment)


@alarms_commands.command("in-service")
@with_settings(DataSettings)
def in_service_command(settings: DataSettings, alarms: AlarmNumbers, by: By = None, comment: Comment = "") -> None:
    """Have alarms speak again that were out of service."""
    _order(settings.data_dir, AlarmOrderKind.PUT_IN_SERVICE, alarms, by, comment)


def _order(
    data_dir: Path,
    kind: AlarmOrderKind,
    alarms: list[int],
    by: str | None,
    comment: str,
    *,
    until: int | None = None,
) -> None:
    from monitor.control import alarm_order_request

    named = by or user_name()
    order = AlarmOrder(kind, tuple(alarms), named, comment, until, acting_as(named))
    typer.echo(ask_monitor(data_dir, alarm_order_request(order))["sentence"])
