"""Arguments and options that several commands of grid-monitor take."""

import os
from datetime import UTC, datetime
from typing import Annotated

import typer

from grid.errors import CommandError, ExitCode
from grid.times import parse_time
from grid.topics import MAX_TURBINE_NUMBER
from monitor.facts import Actor, Door

LONGEST_NAME = 64
"""Of who types a command: as `by` is limited on its way to the monitor."""


TurbineNumber = Annotated[
    int, typer.Argument(metavar="TURBINE", min=1, max=MAX_TURBINE_NUMBER, help="Number of the turbine.")
]
InJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output; times are UTC.")]
Moment = Annotated[
    str | None, typer.Option(help="Time in ISO 8601, UTC unless it names its zone.", metavar="TIME", show_default=False)
]


def parse_moment(option: str, text: str | None) -> int | None:
    """A time from the command line in microseconds since 1970; without a zone it is UTC."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(f"{option} {text!r}: no time such as 2026-11-21T18:00", ExitCode.WRONG_USAGE) from None
    try:
        return parse_time((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat())
    except ValueError as error:
        raise CommandError(f"{option} {text!r}: {error}", ExitCode.WRONG_USAGE) from None


def user_name() -> str:
    """The name of who types this, as the environment has it: printable, and at most 64 letters."""
    from getpass import getuser

    try:
        name = getuser()
    except (KeyError, OSError):  # a container's user often has no name
        return "somebody"
    return "".join(filter(str.isprintable, name))[:LONGEST_NAME] or "somebody"


def acting_as(name: str) -> Actor:
    """Who types this, for the audit: by this name, and with the machine's own account where that is called otherwise.

    The name is whatever was said, the account is what the machine knows.
    """
    account = _account()
    return Actor(name if name == account else f"{name} (account {account})", Door.COMMAND_LINE)


def _account() -> str:
    from pwd import getpwuid

    try:
        return getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
