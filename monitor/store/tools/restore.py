"""Rebuilding the database from the text files, and from what a damaged one still tells."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlite_utils import Database

from monitor.clock import utc_now
from monitor.store import DATABASE
from monitor.store.errors import StoreMissingError, StoreUnavailableError, StoreVersionError, naming_errors
from monitor.store.lock import DataFolderLock
from monitor.store.places import TEXT_FILES, text_file_name, turbines_with_text_files
from monitor.store.replacement import hand_over, put_in_place, sync_file, waiting
from monitor.store.schema import FORMAT, migrate
from monitor.store.text_files import TextFiles
from monitor.store.tools.inspection import Inspection
from monitor.store.tools.owner import give_to_owner
from monitor.store.tools.rebuild import Rebuilding, Rebuilt
from monitor.store.tools.salvage import Salvage

_OPEN_FILES = 256

_FOR_SPEED = ("journal_mode = OFF", "synchronous = OFF", "locking_mode = EXCLUSIVE", "cache_size = -65536")
"""While it is built nobody else uses the database: if that is interrupted it is thrown away."""


@dataclass(slots=True)
class Restored:
    """What a restore has done."""

    readings: int = 0
    rebuilt: Rebuilt = field(default_factory=Rebuilt)
    set_aside: Path | None = None
    """Where the old database is now."""
    finished_only: bool = False
    """A restore that had been interrupted was brought to its end; nothing was read again."""
    text_files: list[str] = field(default_factory=list)
    """What was mended in the text files, a sentence each."""

    def sentences(self) -> Iterator[str]:
        """What a person should know of it."""
        if self.finished_only:
            yield "finished the restore that was interrupted"
        else:
            yield from _of_the_readings(self)
            yield from _of_the_rest(self.rebuilt)
            yield from self.text_files
        if self.set_aside is not None:
            yield f"the old database is kept as {self.set_aside}: delete it when you are content"


def _of_the_readings(restored: Restored) -> Iterator[str]:
    rebuilt = restored.rebuilt
    yield (
        f"restored {restored.readings:,} readings: {rebuilt.from_files:,} from the text files, "
        f"{rebuilt.from_databases:,} that only the old database had"
    )
    if rebuilt.contradicting:
        yield f"{rebuilt.contradicting:,} readings of damaged pages were left out: the index does not know them"
    if rebuilt.refused:
        yield f"{rebuilt.refused:,} readings or rows make no sense and were left out"
    for number, lines in rebuilt.foreign.items():
        shown = ", ".join(map(str, lines[:3])) + (", ..." if len(lines) > 3 else "")
        yield f"{len(lines):,} lines of {text_file_name(number)} are no readings of this turbine: left alone ({shown})"


def _of_the_rest(rebuilt: Rebuilt) -> Iterator[str]:
    kept = ", ".join(f"{count:,} {table}" for table, count in rebuilt.rows.items() if count)
    yield f"salvaged from the old database: {kept or 'nothing else'}"
    yield from rebuilt.losses


def restore(
    data_dir: Path, *, backup: Path | None = None, on_progress: Callable[[int], None] = lambda more: None
) -> Restored:
    """Build the database in `data_dir` anew, and set the old one aside. It takes no monitor to be at work there.

    Readings come from the text files, then those that only the old database has, then those of the `backup`; all else
    comes from the old database as far as it can be read, then from the back-up. `on_progress` hears how many readings
    were looked at since it was called last. Until the new database is complete the old one stays where it is. Raises
    StoreError, with nothing changed.
    """
    path = data_dir / DATABASE
    something = backup or path.exists() or waiting(path) or turbines_with_text_files(data_dir / TEXT_FILES)
    if not something:
        raise StoreMissingError(f"there is nothing to restore in {data_dir}: neither a database nor text files")
    with DataFolderLock(data_dir), naming_errors(path):
        try:
            if waiting(path):
                return Restored(set_aside=put_in_place(path), finished_only=True)
            return _restore(path, backup, on_progress)
        except OSError as error:
            raise StoreUnavailableError(f"{data_dir} can't be restored: {error}") from error


def _restore(path: Path, backup: Path | None, on_progress: Callable[[int], None]) -> Restored:
    building = path.with_name(f"{path.name}.restoring")
    _remove(building)  # what an interrupted restore has left
    done = Restored()
    try:
        done.rebuilt = _build(building, path, backup, on_progress)
        with Inspection.open(building) as reader, TextFiles(path.parent, max_open=_OPEN_FILES) as files:
            repaired = files.repair(reader)
            done.text_files = repaired.sentences()
            done.readings = reader.count_readings()
        _give_away(path.parent, building, repaired.missing)
        sync_file(building)
    except BaseException:
        with suppress(OSError):
            _remove(building)
        raise
    hand_over(path, building, datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ"))
    done.set_aside = put_in_place(path)
    return done


def _give_away(data_dir: Path, building: Path, missing: list[int]) -> None:
    """Give what was made here to whom the data folder belongs: the database, and the text files of these turbines."""
    folder = data_dir / TEXT_FILES
    made = [building, folder, *(folder / text_file_name(number) for number in missing)]
    for path in (*made, data_dir / "monitor.lock"):
        give_to_owner(path, data_dir.stat())


def _build(building: Path, path: Path, backup: Path | None, on_progress: Callable[[int], None]) -> Rebuilt:
    with ExitStack() as stack:
        sources = [stack.enter_context(Salvage(found)) for found in (path, backup) if found is not None]
        for source in sources:
            _refuse_newer(source)
        connection = stack.enter_context(closing(sqlite3.connect(building, isolation_level=None)))
        db = Database(connection, execute_plugins=False)
        for pragma in _FOR_SPEED:
            db.execute(f"PRAGMA {pragma}").fetchall()
        migrate(db, building)
        rebuilding = Rebuilding(db, path.parent / TEXT_FILES, sources, on_progress)
        return rebuilding.run(at=utc_now())


def _refuse_newer(source: Salvage) -> None:
    found = source.value("SELECT format FROM ledger")
    if isinstance(found, int) and FORMAT < found < 1000:  # what is beyond is damage
        raise StoreVersionError(
            f"the database was written by a newer grid-monitor (format {found}, this one knows {FORMAT}): "
            "use the newer program"
        )


def _remove(building: Path) -> None:
    for end in ("", "-wal", "-shm", "-journal"):
        building.with_name(f"{building.name}{end}").unlink(missing_ok=True)
