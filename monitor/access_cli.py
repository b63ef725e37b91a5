"""The commands about who may do what over HTTP: `grid-monitor user`, `grid-monitor token`."""

import typer

user_commands = typer.Typer(help="People who sign in to the pages.", no_args_is_help=True)
token_commands = typer.Typer(help="Bearer tokens of programs.", no_args_is_help=True)
