"""The commands that make a broker secure: `grid-monitor secure`."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from grid.errors import CommandError, ExitCode
from monitor.options import InJson
from monitor.secure.broker_configuration import PORT
from monitor.secure.parties import Credentials

secure_commands = typer.Typer()

Folder = Annotated[Path | None, typer.Option("--folder", help="The secure folder.  [default: secure]")]
_DEFAULT_FOLDER = Path("secure")


@secure_commands.callback(invoke_without_command=True)
def secure_command(
    ctx: typer.Context,
    host: Annotated[
        list[str] | None,
        typer.Option("--host", metavar="NAME", help="By which others reach the broker; repeat it for more."),
    ] = None,
    folder: Folder = None,
    turbines: Annotated[
        str, typer.Option("--turbines", metavar="NUMBERS", help="Their numbers: 1-6, or 1,3,7-20.")
    ] = "1-6",
    credentials: Annotated[
        Credentials, typer.Option("--credentials", help="How clients show who they are.")
    ] = Credentials.CERTIFICATES,
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Where the broker listens.")] = PORT,
) -> None:
    """Write all that a broker needs on a network into a folder.

    A certificate authority, the broker's certificate, its configuration and access rules, and a certificate or a
    password for the monitor, a viewer and each turbine. Then add, revoke, rotate and list work on it.
    """
    ctx.obj = folder
    if ctx.invoked_subcommand is not None:
        _refuse_options_of_making(ctx)
        return
    if not host:
        raise CommandError(
            "by which name do others reach the broker? grid-monitor secure --host broker.example", ExitCode.WRONG_USAGE
        )
    from monitor.secure import advice
    from monitor.secure.folder import create
    from monitor.secure.parties import parse_numbers

    with _naming_errors():
        numbers = parse_numbers(turbines)
        made = create(folder or _DEFAULT_FOLDER, host, numbers, credentials, port=port)
    _say(advice.after_create(made.path, host[0], numbers, credentials, port, by_root=os.geteuid() == 0))


def _refuse_options_of_making(ctx: typer.Context) -> None:
    """They would be passed over in silence."""
    for name in ("host", "turbines", "credentials", "port"):
        source = ctx.get_parameter_source(name)
        if source is not None and source.name != "DEFAULT":
            raise CommandError(f"--{name} is for making a folder, not with a command", ExitCode.WRONG_USAGE)


@secure_commands.command("add")
def add_command(
    ctx: typer.Context,
    names: Annotated[
        list[str],
        typer.Argument(metavar="NAME", help="Turbines (7, 7-20), or a controller's id such as substation-2."),
    ],
    folder: Folder = None,
    viewer: Annotated[
        bool, typer.Option("--viewer", help="The names are of viewers, who hear everything and say nothing.")
    ] = False,
) -> None:
    """Let in turbines, controllers or viewers.

    Each gets a certificate or a password, in a folder of its own.
    """
    from monitor.secure import advice
    from monitor.secure.folder import add
    from monitor.secure.parties import parse_parties

    place = _folder(ctx, folder)
    with _naming_errors():
        added = add(place, parse_parties(names, viewers=viewer))
    _say(advice.after_add(place, added))


@secure_commands.command("revoke")
def revoke_command(
    ctx: typer.Context,
    names: Annotated[list[str], typer.Argument(metavar="NAME", help="Whose: turbines (7, 7-20), or other names.")],
    folder: Folder = None,
) -> None:
    """Take from somebody what they enter with."""
    from monitor.secure import advice
    from monitor.secure.folder import revoke

    place = _folder(ctx, folder)
    with _naming_errors():
        gone = revoke(place, names)
    _say(advice.after_revoke(place, gone))


@secure_commands.command("rotate")
def rotate_command(
    ctx: typer.Context,
    folder: Folder = None,
    revoke_old: Annotated[
        bool, typer.Option("--revoke-old", help="End the old certificates at once, not when they expire.")
    ] = False,
) -> None:
    """Issue everything anew from the same authority."""
    from monitor.secure import advice
    from monitor.secure.folder import read_register, rotate

    place = _folder(ctx, folder)
    with _naming_errors():
        renewed = rotate(place, revoke_old=revoke_old)
        credentials = read_register(place).credentials
    _say(advice.after_rotate(place, renewed, credentials, revoke_old=revoke_old))


@secure_commands.command("list")
def list_command(ctx: typer.Context, folder: Folder = None, in_json: InJson = False) -> None:
    """Show who was issued what, until when, and what was revoked."""
    from monitor.console.documents import in_json as written
    from monitor.console.documents import to_documents
    from monitor.secure.folder import read_register
    from monitor.secure.listing import listed, listing

    with _naming_errors():
        register = read_register(_folder(ctx, folder))
    if in_json:
        typer.echo(written(to_documents(listed(register))))
    else:
        _say(listing(register))


def _folder(ctx: typer.Context, folder: Path | None) -> Path:
    """The one given to this command, or before it, or the usual one."""
    return folder or ctx.obj or _DEFAULT_FOLDER


def _say(lines: list[str]) -> None:
    for line in lines:
        typer.echo(line)


@contextmanager
def _naming_errors() -> Iterator[None]:
    from monitor.secure.folder import SecureFolderError

    try:
        yield
    except SecureFolderError as error:
        raise CommandError(str(error)) from None
    except ValueError as error:
        raise CommandError(str(error), ExitCode.WRONG_USAGE) from None
