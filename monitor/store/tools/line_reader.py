"""Reading the turbines' text files beside the monitor that writes them, with bounded memory and few open files."""

import os
from pathlib import Path

from monitor.store.errors import StoreUnavailableError

MEMORY_BYTES = 32 * 1024 * 1024
"""What all files' blocks together may take, about."""

_BLOCK_BYTES = range(4 * 1024, 256 * 1024)


def block_bytes(files: int) -> int:
    """How much of each of so many files to read at once."""
    return max(_BLOCK_BYTES.start, min(_BLOCK_BYTES.stop, MEMORY_BYTES // max(files, 1)))


class LineReader:
    """The lines of one text file from its first, without their ends, as far as the file went when this was made.

    A file that is not there has none; neither has one that does not count `now`, until it is looked at again.
    It is open only while a block is read. All methods raise StoreUnavailableError for a file that can't be read, or
    that was replaced since: a pruning does that.
    """

    def __init__(self, path: Path, block: int, *, now: bool = True) -> None:
        self.line_number = 0
        """Of the line that was taken last; counted from 1."""
        self._path = path
        self._block = block
        self._lines: list[bytes] = []
        self._next = 0
        self._begun: list[bytes] = []
        """The parts of a line whose end was not read yet: joined once, since a line may be longer than many blocks."""
        self._offset = 0
        self._identity, self._end = (None, 0) if not now else self._look()

    @property
    def torn(self) -> bytes:
        """What follows the last end of a line, when all lines are taken."""
        return b"".join(self._begun)

    def take(self, count: int) -> list[bytes]:
        """The next lines, as many as there are."""
        while len(self._lines) - self._next < count and self._offset < self._end:
            self._read_block()
        taken = self._lines[self._next : self._next + count]
        self._next += len(taken)
        self.line_number += len(taken)
        return taken

    def look_again(self) -> bool:
        """Whether the file has grown: then there are more lines to take."""
        before = self._end
        identity, self._end = self._look()
        if self._identity is None:
            self._identity = identity
        return self._end > before

    def _look(self) -> tuple[tuple[int, int] | None, int]:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None, 0
        except OSError as error:
            raise self._unreadable(error) from error
        return (found.st_dev, found.st_ino), found.st_size

    def _read_block(self) -> None:
        try:
            with self._path.open("rb", buffering=0) as file:
                found = os.fstat(file.fileno())
                if (found.st_dev, found.st_ino) != self._identity or found.st_size < self._end:
                    raise StoreUnavailableError(f"{self._path} was replaced while it was read: begin again")
                file.seek(self._offset)
                block = file.read(min(self._block, self._end - self._offset))
        except OSError as error:
            raise self._unreadable(error) from error
        self._offset += len(block)
        *lines, rest = block.split(b"\n")
        if lines:
            lines[0] = b"".join([*self._begun, lines[0]])
            self._begun.clear()
        self._begun.append(rest)
        self._lines = self._lines[self._next :] + lines
        self._next = 0

    def _unreadable(self, error: OSError) -> StoreUnavailableError:
        return StoreUnavailableError(f"{self._path} can't be read: {error.strerror}")
