"""The commands about who may do what over HTTP: `grid-monitor user`, `grid-monitor token`."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grid.command_line import with_settings
from grid.errors import CommandError, ExitCode
from monitor.access.names import NameRefusedError, check_name
from monitor.access.roles import Role, Scope
from monitor.clock import utc_now
from monitor.ledger_cli import print_sheet
from monitor.options import InJson, user_name
from monitor.settings import DataSettings, KeySettings

if TYPE_CHECKING:
    from monitor.access.access import Access, Pass
    from monitor.console.sheets import Sheet
    from monitor.store.accounts import Accounts

LONGEST_DAYS = 366
_LONGEST_FILE = 4096

user_commands = typer.Typer(help="People who sign in to the pages.", no_args_is_help=True, rich_markup_mode=None)
token_commands = typer.Typer(help="Bearer tokens of programs.", no_args_is_help=True, rich_markup_mode=None)


def _name(text: str) -> str:
    try:
        check_name(text)
    except NameRefusedError as error:
        raise typer.BadParameter(str(error)) from None
    return text


def _role(text: str) -> Role:
    roles = {role.word: role for role in Role if role is not Role.ANYONE}
    if text not in roles:
        raise typer.BadParameter(f"one of {', '.join(roles)}")
    return roles[text]


UserName = Annotated[str, typer.Argument(metavar="NAME", parser=_name, help="Name of the user.", show_default=False)]
TokenName = Annotated[
    str, typer.Argument(metavar="NAME", parser=_name, help="Who brings it, such as shift-app.", show_default=False)
]
_ROLES = "viewer|operator|engineer|admin"
_ROLE_NAMES = "viewer, operator, engineer or admin."
PasswordFile = Annotated[
    Path | None,
    typer.Option("--password-file", help="File with the password; else it is asked for, or read from standard input."),
]


@contextmanager
def _open_accounts(settings: DataSettings) -> "Iterator[Accounts]":
    from monitor.store.accounts import Accounts
    from monitor.store.errors import StoreError

    try:
        yield Accounts.of(settings.data_dir)
    except StoreError as error:
        raise CommandError(str(error)) from None


# --- people


@user_commands.command("create")
@with_settings(DataSettings)
def create_user(
    settings: DataSettings,
    name: UserName,
    role: Annotated[Role, typer.Option("--role", metavar=_ROLES, parser=_role, help="What they may do.")],
    password_file: PasswordFile = None,
) -> None:
    """Let somebody sign in, as one of four roles.

    A viewer looks, an operator also orders, an engineer also serves, an admin also reads who did what.
    """
    from monitor.access.passwords import Passwords
    from monitor.access.records import User

    with _open_accounts(settings) as accounts:
        if accounts.user(name) is not None:
            raise CommandError(f"there is a user {name} already")
        kept = Passwords().hash(_new_password(name, password_file))
        now = utc_now()
        accounts.create_user(User(name, role, now, now), kept, by=user_name())
    typer.echo(f"{name} may sign in as {role.word}")


@user_commands.command("list")
@with_settings(DataSettings)
def list_users(settings: DataSettings, in_json: InJson = False) -> None:
    """Show who may sign in."""
    from monitor.access.documents import user_document
    from monitor.console.access_sheet import users_sheet

    with _open_accounts(settings) as accounts:
        users = accounts.users()
    documents = [user_document(user) for user in users]
    _print(documents, users_sheet(users), in_json=in_json, empty="nobody may sign in")


@user_commands.command("password")
@with_settings(DataSettings)
def change_password(settings: DataSettings, name: UserName, password_file: PasswordFile = None) -> None:
    """Give somebody another password, which ends their sessions."""
    from monitor.access.passwords import Passwords

    with _open_accounts(settings) as accounts:
        if accounts.user(name) is None:
            raise CommandError(f"there is no user {name}")
        kept = Passwords().hash(_new_password(name, password_file))
        accounts.change_password(name, kept, by=user_name(), now=utc_now())
    typer.echo(f"{name} has another password; sessions from before have ended")


@user_commands.command("role")
@with_settings(DataSettings)
def change_role(
    settings: DataSettings,
    name: UserName,
    role: Annotated[
        Role, typer.Argument(metavar="ROLE", parser=_role, show_choices=False, help=_ROLE_NAMES, show_default=False)
    ],
) -> None:
    """Give somebody another role, which ends their sessions."""
    with _open_accounts(settings) as accounts:
        accounts.change_role(name, role, by=user_name(), now=utc_now())
    typer.echo(f"{name} is {role.word} now, and has to sign in again")


@user_commands.command("remove")
@with_settings(DataSettings)
def remove_user(settings: DataSettings, name: UserName) -> None:
    """Let somebody in no more; their sessions end. What they did stays in the audit."""
    with _open_accounts(settings) as accounts:
        accounts.remove_user(name, by=user_name(), now=utc_now())
    typer.echo(f"{name} may not sign in any more")


def _new_password(name: str, file: Path | None) -> str:
    """A password from a file, the terminal or standard input. Raises CommandError for one that nobody should have."""
    from monitor.access.passwords import PasswordRefusedError, check_new_password

    if file is not None:
        password = _first_line(file)
    elif sys.stdin.isatty():
        password = str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    else:
        password = sys.stdin.readline(_LONGEST_FILE).rstrip("\r\n")
    try:
        check_new_password(password, name)
    except PasswordRefusedError as error:
        raise CommandError(str(error), ExitCode.WRONG_USAGE) from None
    return password


def _first_line(file: Path) -> str:
    try:
        with file.open(encoding="utf-8") as lines:
            return lines.readline(_LONGEST_FILE).rstrip("\r\n")
    except ValueError:
        raise CommandError(f"{file}: it holds no text in UTF-8", ExitCode.WRONG_USAGE) from None


# --- programs


@token_commands.command("create")
@with_settings(KeySettings)
def create_token(
    settings: KeySettings,
    name: TokenName,
    scopes: Annotated[list[Scope], typer.Option("--scope", help="What it may do; repeat it for more.")],
    days: Annotated[
        int, typer.Option("--days", min=1, max=LONGEST_DAYS, help="How long it holds.", show_default=True)
    ] = 90,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="FILE", help="Write it there, for you alone.", show_default=False)
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Revoke the one that has the name.")] = False,
) -> None:
    """Make a bearer token for a program, and show it this once.

    It is kept nowhere. Scopes: read, metrics, orders, alarms, service, readings, outages, audit.
    """
    from monitor.console.words import moment
    from monitor.store.tools.new_file import refuse_store

    with _open_accounts(settings) as accounts:
        if to is not None:
            refuse_store(to, settings.data_dir)
            _refuse_what_is_no_file(to, settings.http_key_file)
        access = _signing(settings)
        created = access.create_token(
            name, frozenset(scopes), days=days, by=user_name(), now=utc_now(), replace=replace
        )
        if to is not None:
            _write_token(created, to, accounts)
    until = moment(created.expires_at)
    if to is not None:
        typer.echo(f"{to} has the token {name}, which holds until {until}")
        return
    typer.echo(created.text)
    typer.echo(f"This is the token {name}, which is not shown again; it holds until {until}", err=True)


def _signing(settings: KeySettings) -> "Access":
    """What signs tokens for the site of this data folder. Raises CommandError where no key is named or found."""
    from monitor.access.access import Access
    from monitor.access.key import KEY_FILE, read_key

    usual = settings.data_dir / KEY_FILE
    if settings.http_key_file is None and not usual.exists():
        raise CommandError(
            f"no key to sign with: name the site's own (--http-key-file {usual}); it is made where there is none",
            ExitCode.WRONG_USAGE,
        )
    return Access.closed_site(settings.data_dir, read_key(settings.http_key_file or usual))


def _refuse_what_is_no_file(to: Path, key_file: Path | None) -> None:
    """Raise CommandError for what no token takes the place of: a link, a device (such as /dev/stdout), or the key."""
    if to.is_symlink() or (to.exists() and not to.is_file()):
        raise CommandError(f"{to} is a link or no file, and would be replaced: name a file", ExitCode.WRONG_USAGE)
    if key_file is not None and to.resolve() == key_file.resolve():
        raise CommandError(f"{to} is the key: name another file", ExitCode.WRONG_USAGE)


def _write_token(created: "Pass", file: Path, accounts: "Accounts") -> None:
    """Write a token to a file of its own; one that can't be written is revoked, since nobody has it."""
    from monitor.secure.private_files import write_private

    try:
        write_private(file, f"{created.text}\n".encode())
    except OSError:
        accounts.revoke_token(created.identity.pass_id, by=user_name(), now=utc_now())
        raise


@token_commands.command("list")
@with_settings(DataSettings)
def list_tokens(settings: DataSettings, in_json: InJson = False) -> None:
    """Show every token, the newest first.

    What each may do, until when, and when it was used.
    """
    from monitor.access.documents import token_document
    from monitor.console.access_sheet import tokens_sheet

    now = utc_now()
    with _open_accounts(settings) as accounts:
        tokens = accounts.tokens()
    documents = [token_document(token, now) for token in tokens]
    _print(documents, tokens_sheet(tokens, now), in_json=in_json, empty="no token was made")


@token_commands.command("revoke")
@with_settings(DataSettings)
def revoke_token(
    settings: DataSettings,
    token: Annotated[str, typer.Argument(metavar="NAME|ID", help="Name or id of the token.", show_default=False)],
) -> None:
    """Accept a token no more, from the next request on.

    Channels that it opened close within seconds.
    """
    with _open_accounts(settings) as accounts:
        revoked = accounts.revoke_token(_name(token), by=user_name(), now=utc_now())
    for one in revoked:
        typer.echo(f"the token {one.name} ({one.token_id}) is revoked")


def _print(documents: list[dict[str, object]], sheet: "Sheet", *, in_json: bool, empty: str) -> None:
    from monitor.console.documents import in_json as written

    if in_json:
        typer.echo(written(documents))
    else:
        print_sheet(sheet, empty=empty)
