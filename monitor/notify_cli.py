"""The commands of grid-monitor about notifications: a sample of their settings, what was sent, and a test."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grid.command_line import with_settings
from grid.errors import CommandError
from monitor.asking import ask_monitor
from monitor.console.words import plain
from monitor.facts import Delivery, NotificationTest
from monitor.ledger_cli import Newest, open_ledger, print_records
from monitor.options import InJson, acting_as, user_name
from monitor.settings import DataSettings

if TYPE_CHECKING:
    from monitor.facts import Notification

RESULT_WITHIN_SECONDS = 90.0
"""Longer than the courier waits for any receiver."""
LOOK_EVERY_SECONDS = 0.1

notify_commands = typer.Typer(
    help="See who was notified of alarms, and test that it works.", no_args_is_help=True, rich_markup_mode=None
)


@notify_commands.command("sample")
def sample() -> None:
    """Print a sample of the file that says who is told of which alarm."""
    from monitor.notifications.sample import SAMPLE

    typer.echo(SAMPLE, nl=False)


@notify_commands.command("list")
@with_settings(DataSettings)
def list_command(
    settings: DataSettings,
    delivery: Annotated[Delivery | None, typer.Option("--delivery", help="Only those that stand so.")] = None,
    receiver: Annotated[str | None, typer.Option("--receiver", help="Only those to it.", show_default=False)] = None,
    newest: Newest = 20,
    in_json: InJson = False,
) -> None:
    """Show messages to people, the newest first.

    Sent, waiting, or given up, and why.
    """
    from monitor.console.notifications_sheet import notifications_sheet
    from monitor.store.queries.pages import Turn, notifications_page

    with open_ledger(settings) as ledger:
        page = notifications_page(ledger, Turn(newest), delivery=delivery, receiver=receiver)
    found = [record for _, record in page.records]
    print_records(found, notifications_sheet(found), in_json=in_json, empty="nobody was notified")


@notify_commands.command("test")
@with_settings(DataSettings)
def test_command(
    settings: DataSettings,
    receiver: Annotated[str, typer.Argument(metavar="RECEIVER", help="Its name in the settings file.")],
) -> None:
    """Have the running monitor send a test to a receiver.

    Waits for what becomes of it.
    """
    from monitor.control import notification_test_request

    by = user_name()
    test = NotificationTest(receiver, by, acting_as(by))
    answer = ask_monitor(settings.data_dir, notification_test_request(test))
    outcome = _outcome(settings.data_dir, int(answer["notification_id"]))
    if outcome is None:
        raise CommandError(f"{receiver} has not answered within {RESULT_WITHIN_SECONDS:.0f} s")
    if outcome.delivery is not Delivery.SENT:
        raise CommandError(f"the test did not reach {receiver}: {plain(str(outcome.error))}")
    typer.echo(f"{receiver} has the test")


def _outcome(data_dir: Path, notification_id: int) -> "Notification | None":
    from monitor.store.queries.pages import notification

    deadline = time.monotonic() + RESULT_WITHIN_SECONDS
    with open_ledger(DataSettings(data_dir=data_dir)) as ledger:
        while time.monotonic() < deadline:
            found = notification(ledger, notification_id)
            if found is not None and found.attempts > 0:
                return found
            time.sleep(LOOK_EVERY_SECONDS)
    return None
