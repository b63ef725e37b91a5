"""Rows in the order in which they are sent, on disk: by turbine, then time, whatever the order of the file.

A file may be sorted by time, by turbine, or not at all, and be larger than memory. So rows go into a temporary file
in sorted runs, which are merged (an external merge sort). At most `RUN` rows are in memory, some 35 MB; the disk
holds 61 bytes a row, twice that while runs are merged. Later each turbine reads its own stretch, a block at a time.
"""

import contextlib
import heapq
import os
import struct
import tempfile
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import IO, NamedTuple

from turbine.replay.errors import ReplayError

RUN = 200_000
"""Rows that are sorted in memory at once."""

BLOCK = 128
"""Rows that a turbine reads at once."""

# Big-endian and unsigned from the left: the order of the bytes is the order of turbine, time and line.
_RECORD = struct.Struct(">IQQBddddd")
_UNKNOWN = float("nan")


class Record(NamedTuple):
    """A row as it is kept: `turbine` is its place in the order of appearance, `amount` kW or kWh as in the file."""

    turbine: int
    time: int
    line: int
    kind: int
    wind_speed: float = 0.0
    amount: float = 0.0
    voltage: float | None = None
    current: float | None = None
    temperature: float | None = None

    def packed(self) -> bytes:
        """The record as bytes whose order is that of turbine, time and line."""
        optional = (_UNKNOWN if value is None else value for value in self[6:])
        return _RECORD.pack(*self[:6], *optional)


OK, BROKEN, LEFT_OUT = 0, 1, 2
"""The kinds of records. What is left out is kept for its time only: its slot is not missing."""


def unpack(packed: bytes) -> Record:
    """The record of these bytes."""
    values = _RECORD.unpack(packed)
    return Record(*values[:6], *(None if value != value else value for value in values[6:]))


class Stretch(NamedTuple):
    """Where one turbine's records lie: the number of the first, and how many there are."""

    first: int
    rows: int


class Spool:
    """A temporary file of packed records. It is gone when the program ends, however it ends."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="grid-replay-")  # noqa: SIM115
        self._count = 0

    def append(self, records: Iterable[bytes]) -> Stretch:
        """Write records at the end. Raises ReplayError when the disk has no room."""
        first = self._count
        try:
            for record in records:
                self._file.write(record)
                self._count += 1
            self._file.flush()
        except OSError as error:
            raise ReplayError(f"the rows can't be sorted in {tempfile.gettempdir()}: {error.strerror}") from None
        return Stretch(first, self._count - first)

    def read(self, stretch: Stretch, block: int = BLOCK) -> Iterator[bytes]:
        """The records of a stretch, read a block at a time; many stretches can be read in turn."""
        size = _RECORD.size
        for number in range(stretch.first, stretch.first + stretch.rows, block):
            taken = min(block, stretch.first + stretch.rows - number)
            chunk = os.pread(self._file.fileno(), taken * size, number * size)
            for start in range(0, len(chunk), size):
                yield chunk[start : start + size]

    def close(self) -> None:
        """Give the disk space back."""
        with contextlib.suppress(OSError):  # a full disk, told already, and now in the way of what is still buffered
            self._file.close()


def in_order(records: Iterable[bytes], run: int = RUN) -> Iterator[bytes]:
    """The records sorted; all are taken before the first is given."""
    source = iter(records)
    batch = sorted(islice(source, run))
    if len(batch) < run:
        yield from batch
        return
    spool = Spool()
    try:
        runs = []
        while batch:
            runs.append(spool.append(batch))
            batch = sorted(islice(source, run))
        yield from heapq.merge(*(spool.read(stretch) for stretch in runs))
    finally:
        spool.close()
