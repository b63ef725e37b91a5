"""Deleting what is too old, from the database and from the text files, beside the running monitor or without it."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

from monitor.store import DATABASE
from monitor.store.errors import StoreMissingError, StoreUnavailableError
from monitor.store.ledger import Ledger
from monitor.store.lock import DataFolderLock
from monitor.store.places import TEXT_FILES, pruned_file_name, text_file_name, turbines_with_text_files
from monitor.store.prunings import CutFile, Deleted, Slice
from monitor.store.replacement import sync_file
from monitor.store.text_files import TextFiles
from monitor.store.tools.inspection import FileSize, Inspection
from monitor.store.tools.line_rows import to_identity
from monitor.store.tools.owner import give_to_owner

SLICE_SECONDS = 0.010
"""How long the store of a running monitor may be busy with one slice, about: the intake waits for it."""

_IDS = range(500, 20_000)
"""How many ids a slice has: at first the fewest, then more or fewer by how long the last one took.

Fewer would gain nothing: what takes the time then is bringing the commit to the disk.
"""

_OPEN_FILES = 16

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


class StoreDoor(Protocol):
    """Who may write: the running monitor, or this process while none runs. Both raise StoreError."""

    @property
    def is_shared(self) -> bool:
        """Whether readings come in meanwhile, which must not wait long."""

    def delete(self, part: Slice) -> Deleted:
        """Delete what is too old of a slice, in one transaction."""

    def replace(self, cut: CutFile) -> None:
        """Put a text file without its pruned lines into its place."""


@dataclass(slots=True)
class Pruned:
    """What was deleted, or would be."""

    kept_since: int
    readings: int = 0
    dead_letters: int = 0
    lines: int = 0
    files: int = 0
    freed_bytes: int = 0
    """Of text files."""
    database: FileSize = field(default_factory=lambda: FileSize(0, 0))
    """Afterwards."""


def count_prunable(data_dir: Path, kept_since: int, on_progress: Progress) -> Pruned:
    """What `prune` would delete of the database; nothing is changed. Raises StoreError."""
    with Inspection.open(data_dir / DATABASE) as ledger:
        found = Pruned(kept_since, database=ledger.file_size())
        ids = ledger.ids_that_may_be_old(kept_since)
        for done, count in ledger.count_prunable(ids, kept_since):
            found.readings += count
            on_progress("looking", done, len(ids))
        found.dead_letters, _ = ledger.old_dead_letters(kept_since)
    return found


def prune(data_dir: Path, kept_since: int, door: StoreDoor, on_progress: Progress, *, by: str) -> Pruned:
    """Delete readings that were emitted and received before `kept_since`, and dead letters that came before it.

    A turbine's newest reading stays. The database comes first, then the text files; if this is interrupted, the next
    one goes on where it stopped, and until then verify and restore know what was pruned. `by` goes into the audit.
    Raises StoreError, also while another one is at work: both would write the same new text files.
    """
    with Inspection.open(data_dir / DATABASE) as ledger, _alone(data_dir):
        pruning = _Pruning(data_dir / TEXT_FILES, ledger, door, on_progress, Pruned(kept_since), by)
        pruning.delete_rows()
        pruning.cut_files()
        pruning.done.database = ledger.file_size()
    return pruning.done


@contextmanager
def _alone(data_dir: Path) -> Iterator[None]:
    """Hold the folder itself: another lock than the monitor's, which ends with its process too."""
    descriptor = os.open(data_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise StoreUnavailableError(f"another grid-monitor prune is at work in {data_dir}") from None
    try:
        yield
    finally:
        os.close(descriptor)


class _Pruning:
    def __init__(
        self, folder: Path, ledger: Inspection, door: StoreDoor, on_progress: Progress, done: Pruned, by: str
    ) -> None:
        self.done = done
        self._by = by
        self._folder = folder
        self._ledger = ledger
        self._door = door
        self._on_progress = on_progress
        self._pruning_id: int | None = None

    def delete_rows(self) -> None:
        count, letters = self._ledger.old_dead_letters(self.done.kept_since)
        ids = self._ledger.ids_that_may_be_old(self.done.kept_since)
        for deleted in self._delete("readings", ids):
            self.done.readings += deleted
        for deleted in self._delete("dead_letters", letters if count else range(0)):
            self.done.dead_letters += deleted

    def _delete(self, table: str, ids: range) -> Iterator[int]:
        """Delete what is too old of these ids, slice by slice.

        A store that is shared is left alone for as long as it was busy.
        """
        after, length = ids.start - 1, _IDS.start
        while after < ids.stop - 1:
            up_to = min(after + length, ids.stop - 1)
            part = Slice.model_validate(
                {
                    "table": table,
                    "kept_since": self.done.kept_since,
                    "after": after,
                    "up_to": up_to,
                    "pruning_id": self._pruning_id,
                    "by": self._by,
                }
            )
            deleted = self._door.delete(part)
            self._pruning_id = deleted.pruning_id
            yield deleted.rows
            self._on_progress(f"deleting {table.replace('_', ' ')}", up_to - ids.start + 1, len(ids))
            after = up_to
            if self._door.is_shared:
                time.sleep(deleted.seconds)
                length = _next_length(length, deleted.seconds)
            else:
                length = _IDS.stop

    def cut_files(self) -> None:
        """Cut the lines of whatever was pruned, now or earlier, out of the text files."""
        kept_since = self._ledger.kept_since()
        turbines = turbines_with_text_files(self._folder) if kept_since else []
        for done, turbine_number in enumerate(turbines, 1):
            self._cut_file(turbine_number, kept_since)
            self._on_progress("cutting text files", done, len(turbines))

    def _cut_file(self, turbine_number: int, kept_since: int) -> None:
        path = self._folder / text_file_name(turbine_number)
        new = self._folder / pruned_file_name(turbine_number)
        still_there = self._ledger.old_readings(turbine_number, kept_since)
        try:
            with path.open("rb") as old:
                cut, lines = _write_without(old, new, turbine_number, kept_since, still_there)
            if lines:
                sync_file(new)
                self._door.replace(cut)
                self.done.lines += lines
                self.done.files += 1
                self.done.freed_bytes += cut.read - cut.written
        except OSError as error:
            raise StoreUnavailableError(f"{path} can't be cut: {error.strerror}") from error
        finally:
            new.unlink(missing_ok=True)


def _next_length(length: int, seconds: float) -> int:
    if seconds > SLICE_SECONDS:
        return max(_IDS.start, length // 2)
    return min(_IDS.stop, length * 2) if seconds < SLICE_SECONDS / 4 else length


def _write_without(
    old: BinaryIO, new: Path, turbine_number: int, kept_since: int, still_there: set[int]
) -> tuple[CutFile, int]:
    """Write the lines that stay to `new`; returns what was done, and how many lines were left out.

    A line that is no reading of this turbine stays: it is a witness of something.
    """
    found = os.fstat(old.fileno())
    read = left_out = 0
    with new.open("wb") as file:
        new.chmod(found.st_mode & 0o777)
        give_to_owner(new, found)
        for line in old:
            if read + len(line) > found.st_size or not line.endswith(b"\n"):
                break  # written just now: what follows is copied when the files change places
            read += len(line)
            identity = to_identity(line, turbine_number)
            if identity is not None and max(identity) < kept_since and identity[0] not in still_there:
                left_out += 1
            else:
                file.write(line)
        written = file.tell()
    return CutFile(turbine_number=turbine_number, inode=found.st_ino, read=read, written=written), left_out


class OwnDoor:
    """Writes itself, while no monitor runs: it holds the data folder."""

    is_shared = False

    def __init__(self, ledger: Ledger, files: TextFiles) -> None:
        self._ledger = ledger
        self._files = files

    @classmethod
    @contextmanager
    def opened(cls, data_dir: Path) -> Iterator["OwnDoor"]:
        """Hold the data folder. Raises DataFolderInUseError if a monitor does, and StoreError."""
        path = data_dir / DATABASE
        if not path.exists():
            raise StoreMissingError(f"there is no database at {path}: name its --data-dir")
        with (
            DataFolderLock(data_dir),
            Ledger.open(path) as ledger,
            TextFiles(data_dir, max_open=_OPEN_FILES) as files,
            Inspection.open(path) as reader,
        ):
            files.repair(reader)
            yield cls(ledger, files)

    def delete(self, part: Slice) -> Deleted:
        """As StoreDoor."""
        begun = time.monotonic()
        pruning_id, rows = self._ledger.prune(part)
        return Deleted(pruning_id, rows, time.monotonic() - begun)

    def replace(self, cut: CutFile) -> None:
        """As StoreDoor."""
        self._files.replace(cut)
