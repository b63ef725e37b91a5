"""One text file per turbine, `turbines/turbine-<n>.txt`: every committed reading as a line, in order of commit.

The files follow the database, and never stop it: when their disk fails they fall behind, and catch up later.
"""

import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from monitor.facts import Committed, Reading
from monitor.store.errors import StoreUnavailableError, TextFilesBehindError
from monitor.store.lines import to_line
from monitor.store.open_files import OpenFiles, append_rest
from monitor.store.places import pruned_file_name
from monitor.store.position import Position
from monitor.store.prunings import CutFile
from monitor.store.reader import LedgerReader
from monitor.store.text_repair import Repaired, TextRepair, turbines_with_files

POSITION_EVERY_SECONDS = 5.0
"""How often the files are brought to the disk: a start compares what was committed since."""

_SLICE_SECONDS = 0.001
"""How long one `append` may spend on bringing files to the disk: with thousands of them it takes many."""


class TextFiles:
    """The text files of one data folder, used by one thread at a time. `repair` them before the first `append`."""

    def __init__(
        self, data_folder: Path, *, max_open: int = 256, position_every_seconds: float = POSITION_EVERY_SECONDS
    ) -> None:
        self._folder = data_folder / "turbines"
        self._files = OpenFiles(self._folder, max_open=max_open)
        self._position = Position()
        self._position_every_seconds = position_every_seconds
        self._position_due = 0.0
        self._written_up_to = 0
        self._changed: set[int] = set()
        """Turbines whose file grew since the last snapshot."""
        self._snapshot: Position | None = None
        """What the position will be when the files in `_to_sync` are on the disk."""
        self._to_sync: list[int] = []
        self._behind: str | None = "the text files were not compared with the database yet"

    @property
    def behind(self) -> str | None:
        """Why the files lack readings, as a sentence; None while they have all."""
        return self._behind

    def repair(self, reader: LedgerReader) -> Repaired:
        """Bring the files into step with the database: at the start, and whenever they fell behind.

        Cuts torn last lines, writes what is missing, never a line twice, and leaves alone what the database doesn't
        know. Without damage it looks only at the end of each file, and at the readings since the last position.
        Raises TextFilesBehindError while the disk fails, and what the reader raises.
        """
        self._forget_open_work()
        try:
            return self._repair(reader)
        except OSError as error:
            raise self._fell_behind(error.strerror or str(error)) from error

    def append(self, committed: Committed) -> None:
        """Write the new readings of a commit; what `repair` has written already is left out.

        One write per turbine. Raises TextFilesBehindError when the disk fails, and from then on until `repair`
        succeeds: the readings are safe in the database.
        """
        if self._behind is not None:
            raise TextFilesBehindError(self._behind)
        last_id = committed.first_id + len(committed.stored) - 1
        if last_id <= self._written_up_to:
            return
        if committed.first_id > self._written_up_to + 1:
            raise self._fell_behind("a commit was left out")
        try:
            self._write(committed.stored[self._written_up_to + 1 - committed.first_id :])
            self._written_up_to = last_id
            self._move_position()
        except OSError as error:
            raise self._fell_behind(error.strerror or str(error)) from error

    def replace(self, cut: CutFile) -> None:
        """Put a file without its pruned lines into the place of the old one, with what was appended meanwhile.

        Whatever happens, the file is the old one or the new one. Raises TextFilesBehindError, and
        StoreUnavailableError if these are not the files that were meant, or the disk fails.
        """
        if self._behind is not None:
            raise TextFilesBehindError(self._behind)
        path = self._files.path(cut.turbine_number)
        new = path.with_name(pruned_file_name(cut.turbine_number))
        try:
            if path.stat().st_ino != cut.inode or new.stat().st_size != cut.written:
                raise StoreUnavailableError(f"{path} was replaced meanwhile: prune again")
            append_rest(path, cut.read, new)
            self._forget_size(cut.turbine_number)
            self._files.forget(cut.turbine_number)
            new.replace(path)
        except OSError as error:
            raise StoreUnavailableError(f"{path} can't be replaced: {error.strerror}") from error

    def close(self) -> None:
        """Bring all files to the disk, and close them. A disk that fails now is found at the next start."""
        try:
            if self._behind is None:
                self._complete_position()
        except OSError as error:
            raise self._fell_behind(error.strerror or str(error)) from error
        finally:
            self._files.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _repair(self, reader: LedgerReader) -> Repaired:
        self._folder.mkdir(parents=True, exist_ok=True)
        ledger_id, last_id, known = reader.ledger_id(), reader.last_reading_id(), reader.turbines_with_readings()
        position = Position.load(self._position_file)
        if position.ledger_id != ledger_id or position.complete_up_to > last_id:
            position = Position(ledger_id)  # of another database, or this one has lost readings
        repair = TextRepair(self._files, position, reader)
        repair.run(known)
        repair.done.unknown = sorted(set(turbines_with_files(self._files)) - set(known))
        self._written_up_to = last_id
        self._position = position
        self._changed = {number for number in known if self._size(number) != position.sizes.get(number)}
        self._complete_position()
        self._behind = None
        return repair.done

    def _write(self, readings: list[Reading]) -> None:
        lines: defaultdict[int, list[str]] = defaultdict(list)
        for reading in readings:
            lines[reading.turbine_number].append(to_line(reading))
        self._changed.update(lines)
        for turbine_number, of_turbine in lines.items():
            self._files.append(turbine_number, "".join(of_turbine))

    # --- the position: what is written is brought to the disk in slices, then the position is moved

    def _move_position(self) -> None:
        if self._snapshot is None:
            if time.monotonic() < self._position_due:
                return
            self._take_snapshot()
        deadline = time.monotonic() + _SLICE_SECONDS
        while self._to_sync and time.monotonic() < deadline:
            self._files.sync(self._to_sync.pop())
        if not self._to_sync:
            self._save_snapshot()

    def _forget_size(self, turbine_number: int) -> None:
        """From here on a start measures this file by its last line; the next position has its size again."""
        self._changed.add(turbine_number)
        if self._snapshot is not None:
            self._snapshot = _without(self._snapshot, turbine_number)
        self._position = _without(self._position, turbine_number)
        self._position.save(self._position_file)

    def _complete_position(self) -> None:
        """Bring everything to the disk now, and move the position there."""
        unfinished = self._to_sync
        self._take_snapshot()
        for turbine_number in {*unfinished, *self._to_sync}:
            self._files.sync(turbine_number)
        self._save_snapshot()

    def _take_snapshot(self) -> None:
        before = (self._snapshot or self._position).sizes
        sizes = before | {number: self._size(number) for number in self._changed}
        self._snapshot = replace(self._position, complete_up_to=self._written_up_to, sizes=sizes)
        self._to_sync = list(self._changed)
        self._changed = set()

    def _save_snapshot(self) -> None:
        if self._snapshot is not None and self._snapshot != self._position:
            self._snapshot.save(self._position_file)
            self._files.sync_folder()
            self._position = self._snapshot
        self._snapshot = None
        self._to_sync = []
        self._position_due = time.monotonic() + self._position_every_seconds

    def _forget_open_work(self) -> None:
        self._files.close()
        self._snapshot = None
        self._to_sync = []

    def _fell_behind(self, reason: str) -> TextFilesBehindError:
        self._forget_open_work()
        self._behind = f"the text files in {self._folder} lack readings: {reason}; the database has them all"
        return TextFilesBehindError(self._behind)

    def _size(self, turbine_number: int) -> int:
        return self._files.path(turbine_number).stat().st_size

    @property
    def _position_file(self) -> Path:
        return self._folder / "position.json"


def _without(position: Position, turbine_number: int) -> Position:
    return replace(
        position, sizes={number: size for number, size in position.sizes.items() if number != turbine_number}
    )
