"""The commands of grid-monitor that look after the store: verify, restore, backup, prune, export."""

import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from grid.command_line import with_settings
from grid.errors import CommandError, ExitCode
from grid.times import SECOND
from grid.topics import MAX_TURBINE_NUMBER
from monitor.clock import utc_now
from monitor.options import InJson, Moment, acting_as, parse_moment, user_name
from monitor.settings import DataSettings
from monitor.store import DATABASE, ExportFormat

if TYPE_CHECKING:
    from monitor.store.tools.prune import Pruned, StoreDoor

store_commands = typer.Typer()

Force = Annotated[bool, typer.Option("--force", help="Replace the file if there is one.")]

_SECONDS = {"h": 3600, "d": 86_400}


@contextmanager
def _naming_errors(*, if_damaged: ExitCode = ExitCode.FAILED) -> Iterator[None]:
    from monitor.store.errors import StoreDamagedError, StoreError

    try:
        yield
    except StoreDamagedError as error:
        raise CommandError(str(error), if_damaged) from None
    except StoreError as error:
        raise CommandError(str(error)) from None


@store_commands.command("verify")
@with_settings(DataSettings)
def verify_command(settings: DataSettings, in_json: InJson = False) -> None:
    """Compare the database with the text files.

    Line by line, beside the running monitor or without it; windows with what their readings come to,
    and SQLite's own checks too. Ends with 3 if anything differs or is damaged.
    """
    from monitor.console.documents import in_json as written
    from monitor.console.progress import ProgressBar
    from monitor.console.words import counted, plain
    from monitor.store.tools.verify import verify

    with _naming_errors(if_damaged=ExitCode.UNHEALTHY), ProgressBar("comparing", sys.stderr) as bar:
        done = verify(settings.data_dir, bar.show)
    sentences = list(done.sentences())
    if in_json:
        counts = {"readings": done.readings, "lines": done.lines, "windows": done.windows}
        typer.echo(written({"agree": done.agree, **counts, "found": sentences}))
    else:
        for sentence in sentences:
            typer.echo(plain(sentence))
        if done.agree:
            typer.echo(f"{counted(done.readings, 'reading')}: the database and the text files agree")
            if done.windows:
                typer.echo(f"{counted(done.windows, 'window')} of these: they tell what their readings come to")
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
    from monitor.store.tools.restore import restore

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
    from monitor.store.tools.backup import back_up

    with _naming_errors(), ProgressBar("copying", sys.stderr) as bar:
        done = back_up(settings.data_dir, target, force=force, on_progress=bar.show)
    typer.echo(f"{target}: {counted(done.readings, 'reading')}, {done.size / 1e6:,.1f} MB, checked")


@store_commands.command("prune")
@with_settings(DataSettings)
def prune_command(
    settings: DataSettings,
    keep: Annotated[str, typer.Option("--keep", metavar="AGE", help="How much to keep, such as 90d or 12h.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be deleted.")] = False,
) -> None:
    """Delete readings and dead letters that are too old.

    Those that were emitted and received longer ago than --keep, in the database and the text files;
    each turbine's newest reading stays. Beside the running monitor, or without it.
    """
    from monitor.console.progress import ProgressBar
    from monitor.store.tools.prune import count_prunable, prune

    now = utc_now()
    kept_since = max(0, now - _parse_age(keep))
    with _naming_errors(), ProgressBar("looking", sys.stderr) as bar:
        if dry_run:
            done = count_prunable(settings.data_dir, kept_since, bar.tell)
        else:
            with _store_door(settings.data_dir) as door:
                done = prune(settings.data_dir, kept_since, door, bar.tell, by=acting_as(user_name()).who)
    for sentence in _pruned_in_words(done, dry_run=dry_run):
        typer.echo(sentence)


def _parse_age(text: str) -> int:
    """An age from the command line in microseconds."""
    match = re.fullmatch(r"([0-9]{1,6})([dh])", text)
    if match is None:
        raise CommandError(f"--keep {text!r}: a number of days or hours, such as 90d or 12h", ExitCode.WRONG_USAGE)
    return int(match[1]) * _SECONDS[match[2]] * SECOND


@contextmanager
def _store_door(data_dir: Path) -> Iterator["StoreDoor"]:
    """Who writes: the monitor that runs on this folder, or this process, which then holds the folder."""
    from monitor.control.pruning import MonitorDoor
    from monitor.store.errors import DataFolderInUseError
    from monitor.store.tools.prune import OwnDoor

    with ExitStack() as stack:
        door: StoreDoor
        try:
            door = stack.enter_context(OwnDoor.opened(data_dir))
        except DataFolderInUseError:
            door = MonitorDoor(data_dir)
        yield door


def _pruned_in_words(done: "Pruned", *, dry_run: bool) -> Iterator[str]:
    from monitor.console.words import counted, moment

    what = f"{counted(done.readings, 'reading')} and {counted(done.dead_letters, 'dead letter')}"
    if dry_run:
        yield f"{what} from before {moment(done.kept_since)} would be deleted"
        return
    yield f"deleted {what} from before {moment(done.kept_since)}"
    if done.files:
        freed = f"{done.freed_bytes / 1e6:,.1f} MB freed"
        yield f"cut {counted(done.lines, 'line')} out of {counted(done.files, 'text file')}: {freed}"
    whole, free = (f"{size / 1e6:,.1f} MB" for size in done.database)
    yield (
        f"the database keeps its {whole} on the disk, of which {free} are free now and are used first; "
        "a copy by grid-monitor backup leaves them out"
    )


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
    from monitor.store.tools.export import Wanted, export
    from monitor.store.tools.inspection import Inspection

    first, end = parse_moment("--since", since), parse_moment("--until", until)
    if first is not None and end is not None and first >= end:
        raise CommandError(f"--since {since} is not before --until {until}", ExitCode.WRONG_USAGE)
    if output is None and format_ is ExportFormat.PARQUET and sys.stdout.isatty():
        raise CommandError("Parquet is nothing for a terminal: name a file with --output", ExitCode.WRONG_USAGE)
    wanted = Wanted(tuple(sorted(set(turbine or ()))), first, end)
    with (
        _naming_errors(),
        Inspection.open(settings.data_dir / DATABASE) as ledger,
        _opened(output, settings.data_dir, force=force) as stream,
        ProgressBar("exporting", sys.stderr) as bar,
    ):
        export(ledger, wanted, format_, stream, bar.add)


@contextmanager
def _opened(output: Path | None, data_dir: Path, *, force: bool) -> Iterator[BinaryIO]:
    """The file to write to, which gets its name at the end, or standard output."""
    from monitor.store.tools.new_file import new_file

    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with new_file(output, data_dir=data_dir, force=force) as unfinished, unfinished.open("wb") as stream:
        yield stream
