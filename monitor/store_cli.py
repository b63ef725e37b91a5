"""The commands of grid-monitor that look after the store: verify, restore, backup, prune, export."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from grid.command_line import CommandError, ExitCode, with_settings
from grid.topics import MAX_TURBINE_NUMBER
from monitor.options import InJson, Moment, parse_moment
from monitor.settings import DataSettings
from monitor.store import DATABASE, ExportFormat

store_commands = typer.Typer()

Force = Annotated[bool, typer.Option("--force", help="Replace the file if there is one.")]

_SECONDS = {"h": 3600, "d": 86_400}
_LONGEST_DAYS = 100_000


@contextmanager
def _naming_errors() -> Iterator[None]:
    from monitor.store.errors import StoreError

    try:
        yield
    except StoreError as error:
        raise CommandError(str(error)) from None


@store_commands.command("verify")
@with_settings(DataSettings)
def verify_command(settings: DataSettings, in_json: InJson = False) -> None:
    """Compare the database with the text files.

    Line by line, beside the running monitor or without it, and SQLite's own checks too. Ends with 3
    if anything differs.
    """
    from monitor.console.documents import in_json as written
    from monitor.console.progress import ProgressBar
    from monitor.console.words import counted, plain
    from monitor.store.verify import verify

    with _naming_errors(), ProgressBar("comparing", sys.stderr) as bar:
        done = verify(settings.data_dir, bar.show)
    sentences = list(done.sentences())
    if in_json:
        typer.echo(written({"agree": done.agree, "readings": done.readings, "lines": done.lines, "found": sentences}))
    else:
        for sentence in sentences:
            typer.echo(plain(sentence))
        if done.agree:
            typer.echo(f"{counted(done.readings, 'reading')}: the database and the text files agree")
    raise typer.Exit(ExitCode.FINE if done.agree else ExitCode.UNHEALTHY)


@store_commands.command("restore")
@with_settings(DataSettings)
def restore_command(
    settings: DataSettings,
    backup: Annotated[
        Path | None,
        typer.Option("--backup", metavar="FILE", help="A back-up with what is nowhere else.", show_default=False),
    ] = None,
) -> None:
    """Rebuild the database from the text files.

    And from what is still readable in the damaged one, which is kept aside. The monitor must not
    run meanwhile.
    """
    from monitor.console.progress import ProgressBar
    from monitor.console.words import plain
    from monitor.store.restore import restore

    if backup is not None and not backup.is_file():
        raise CommandError(f"there is no back-up {backup}")
    with _naming_errors(), ProgressBar("reading", sys.stderr) as bar:
        done = restore(settings.data_dir, backup=backup, on_progress=bar.add)
    for sentence in done.sentences():
        typer.echo(plain(sentence))


@store_commands.command("backup")
@with_settings(DataSettings)
def backup_command(
    settings: DataSettings,
    target: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write the copy.", show_default=False)],
    force: Force = False,
) -> None:
    """Copy the database while the monitor writes it.

    The copy is of one moment, checked, and there as a whole or not at all.
    """
    from monitor.console.progress import ProgressBar
    from monitor.console.words import counted
    from monitor.store.backup import back_up

    with _naming_errors(), ProgressBar("copying", sys.stderr) as bar:
        done = back_up(settings.data_dir, target, force=force, on_progress=bar.show)
    typer.echo(f"{target}: {counted(done.readings, 'reading')}, {done.size / 1e6:,.1f} MB, checked")


@store_commands.command("export")
@with_settings(DataSettings)
def export_command(
    settings: DataSettings,
    turbine: Annotated[
        list[int] | None,
        typer.Option("--turbine", metavar="TURBINE", min=1, max=MAX_TURBINE_NUMBER, help="Only this one; repeatable."),
    ] = None,
    since: Moment = None,
    until: Moment = None,
    format_: Annotated[ExportFormat, typer.Option("--format", help="csv, jsonl or parquet.")] = ExportFormat.CSV,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Else standard output.", show_default=False)
    ] = None,
    force: Force = False,
) -> None:
    """Write readings for other programs.

    By turbine and in order of time; from --since on, and before --until. Times are UTC, wind speed
    is in m/s, energy in kWh, voltage in V, current in A, temperature in degrees Celsius.
    """
    from monitor.console.progress import ProgressBar
    from monitor.store.export import Wanted, export
    from monitor.store.inspection import Inspection

    first, end = parse_moment("--since", since), parse_moment("--until", until)
    if output is None and format_ is ExportFormat.PARQUET and sys.stdout.isatty():
        raise CommandError("Parquet is nothing for a terminal: name a file with --output", ExitCode.WRONG_USAGE)
    wanted = Wanted(tuple(sorted(set(turbine or ()))), first, end)
    with (
        _naming_errors(),
        Inspection.open(settings.data_dir / DATABASE) as ledger,
        _opened(output, force=force) as stream,
        ProgressBar("exporting", sys.stderr) as bar,
    ):
        export(ledger, wanted, format_, stream, bar.add)


@contextmanager
def _opened(output: Path | None, *, force: bool) -> Iterator[BinaryIO]:
    """The file to write to, which gets its name at the end, or standard output."""
    from monitor.store.new_file import new_file

    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        with ExitStack() as stack:
            unfinished = stack.enter_context(new_file(output, force=force))
            with unfinished.open("wb") as stream:
                yield stream
    except FileExistsError:
        raise CommandError(f"{output} is there already: name another file, or say --force") from None
