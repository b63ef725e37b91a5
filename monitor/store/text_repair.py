"""Bringing the text files into step with the database: after a crash, a full disk, or somebody's hand in the folder."""

import os
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from monitor.facts import Reading
from monitor.store.lines import emitted_at_of, to_line
from monitor.store.open_files import OpenFiles
from monitor.store.places import turbines_with_text_files
from monitor.store.position import Position
from monitor.store.reader import LedgerReader

_PAGE = 10_000
"""Readings taken from the database at once."""

_BLOCK = 65_536
_AFTER_LINE_END = re.compile(rb"(?<=\n)")


@dataclass(slots=True)
class Repaired:
    """What was found and done in the text files, by turbine."""

    appended: int = 0
    """Lines of readings that the files lacked."""
    torn: list[int] = field(default_factory=list)
    """Their last line was cut off, because it had no end."""
    missing: list[int] = field(default_factory=list)
    """They had no file."""
    foreign: dict[int, int] = field(default_factory=dict)
    """How many lines were met that the database doesn't know: left alone, since the files are a witness."""
    unknown: list[int] = field(default_factory=list)
    """They have a file, but no reading in the database."""

    def sentences(self) -> list[str]:
        """What a person should know of it: nothing after an orderly stop."""
        said = [f"the last line of turbine-{number}.txt was torn: cut off" for number in self.torn]
        said += [
            f"turbine-{number}.txt has {count} lines that the database doesn't know: left alone"
            for number, count in self.foreign.items()
        ]
        said += [f"turbine-{number}.txt is of a turbine without readings: left alone" for number in self.unknown]
        if self.appended:
            said.append(f"{self.appended} readings were missing in the text files: written")
        return said


class TextRepair:
    """One repair. Up to the position only file sizes are looked at; readings committed after it are compared.

    Where a file is gone, shorter than it was, or unknown to the position, its own last line tells how far it is.
    """

    def __init__(self, files: OpenFiles, position: Position, reader: LedgerReader) -> None:
        self.done = Repaired()
        self._files = files
        self._position = position
        self._reader = reader
        self._measured: dict[int, int] = {}
        """Turbines whose file the position says nothing of: the `id` of the last reading in it."""
        self._present: dict[int, set[int]] = {}
        """`emitted_at` of the lines that stand behind the position already."""

    def run(self, known: list[int]) -> None:
        """Repair the files of these turbines. Raises OSError, and what the reader raises."""
        for turbine_number in known:
            self._look_at(turbine_number)
        if len(self._measured) < len(known):
            self._append_after(self._position.complete_up_to, None)
        last_id_of = self._reader.last_reading_id_of
        behind = {number: found for number, found in self._measured.items() if found < last_id_of(number)}
        if behind:
            self._append_after(min(behind.values()), behind)
        for turbine_number, unmatched in self._present.items():
            strangers = [at for at in unmatched if self._reader.reading_id(turbine_number, at) is None]
            self._count_foreign(turbine_number, len(strangers))

    def _look_at(self, turbine_number: int) -> None:
        try:
            file = self._files.path(turbine_number).open("rb+")
        except FileNotFoundError:
            self.done.missing.append(turbine_number)
            self._measured[turbine_number] = 0
            return
        with file:
            size = self._cut_torn_line(file, turbine_number)
            recorded = self._position.sizes.get(turbine_number)
            if recorded is None or size < recorded or not _ends_a_line(file, recorded):
                self._measure_by_last_line(file, turbine_number)
            elif size > recorded:
                self._note_lines_behind(file, recorded, turbine_number)

    def _cut_torn_line(self, file: BinaryIO, turbine_number: int) -> int:
        """Cut off what follows the last end of a line; returns the size."""
        size = file.seek(0, os.SEEK_END)
        if _ends_a_line(file, size):
            return size
        torn = next(_lines_backwards(file))
        self.done.torn.append(turbine_number)
        return file.truncate(size - len(torn))

    def _note_lines_behind(self, file: BinaryIO, recorded: int, turbine_number: int) -> None:
        file.seek(recorded)
        present = self._present[turbine_number] = set()
        for line in file:
            emitted_at = emitted_at_of(line, turbine_number)
            if emitted_at is None:
                self._count_foreign(turbine_number, 1)
            else:
                present.add(emitted_at)

    def _measure_by_last_line(self, file: BinaryIO, turbine_number: int) -> None:
        complete_up_to = 0
        for line in _lines_backwards(file):
            emitted_at = emitted_at_of(line, turbine_number)
            found = None if emitted_at is None else self._reader.reading_id(turbine_number, emitted_at)
            if found is not None:
                complete_up_to = found
                break
            self._count_foreign(turbine_number, 1)
        self._measured[turbine_number] = complete_up_to

    def _append_after(self, reading_id: int, behind: dict[int, int] | None) -> None:
        """Append what was committed after this reading: of the turbines behind, or of those in step (None)."""
        while page := self._reader.readings_after(reading_id, _PAGE, turbines=behind):
            lines: defaultdict[int, list[str]] = defaultdict(list)
            for found, reading in page:
                if self._is_lacking(found, reading, behind):
                    lines[reading.turbine_number].append(to_line(reading))
            for turbine_number, of_turbine in lines.items():
                self._files.append(turbine_number, "".join(of_turbine))
                self.done.appended += len(of_turbine)
            reading_id = page[-1][0]

    def _is_lacking(self, reading_id: int, reading: Reading, behind: dict[int, int] | None) -> bool:
        turbine_number = reading.turbine_number
        if behind is not None:
            return reading_id > behind[turbine_number]
        if turbine_number in self._measured:
            return False
        present = self._present.get(turbine_number)
        if not present or reading.emitted_at not in present:
            return True
        present.remove(reading.emitted_at)
        return False

    def _count_foreign(self, turbine_number: int, count: int) -> None:
        if count:
            self.done.foreign[turbine_number] = self.done.foreign.get(turbine_number, 0) + count


def turbines_with_files(files: OpenFiles) -> list[int]:
    """Numbers of the turbines that have a text file."""
    return turbines_with_text_files(files.folder)


def _ends_a_line(file: BinaryIO, offset: int) -> bool:
    if offset == 0:
        return True
    file.seek(offset - 1)
    return file.read(1) == b"\n"


def _lines_backwards(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file from its last, without reading more of it than is asked for."""
    start = file.seek(0, os.SEEK_END)
    parts: list[bytes] = []  # of a line that begins further up, the last one first
    while start:
        length = min(_BLOCK, start)
        start -= length
        file.seek(start)
        first, *others = _AFTER_LINE_END.split(file.read(length))
        if others:
            yield from filter(None, (b"".join([others.pop(), *reversed(parts)]), *reversed(others)))
            parts.clear()
        parts.append(first)
    if any(parts):
        yield b"".join(reversed(parts))
