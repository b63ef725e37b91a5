"""The commands that make a broker secure: `grid-monitor secure`."""

import typer

secure_commands = typer.Typer(help="Write and keep what a broker needs on a network.", no_args_is_help=True)
