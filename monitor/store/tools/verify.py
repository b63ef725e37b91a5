"""Comparing the database with the text files, each of which is the other's witness."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from grid.times import format_time
from monitor.facts import Reading
from monitor.store import DATABASE
from monitor.store.errors import StoreUnavailableError
from monitor.store.lines import to_line
from monitor.store.places import TEXT_FILES, text_file_name, turbines_with_text_files
from monitor.store.tools.differences import Differences, Line, Pending
from monitor.store.tools.inspection import Inspection
from monitor.store.tools.line_reader import LineReader, block_bytes
from monitor.store.tools.window_check import check_windows

PATIENCE_SECONDS = 2.0
"""How long a line may take to come after its reading: the monitor writes it right after the commit."""

EXAMPLES = 3
"""How many differences of one kind are named for each turbine."""

_PAGE = 10_000
_MOST_PENDING = 200_000
_LOOK_EVERY_SECONDS = 0.05


@dataclass(slots=True)
class Found:
    """How often something was found at one turbine, and the first examples in words."""

    count: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, example: str) -> None:
        """Count one more."""
        self.count += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(example)


KINDS = {
    "no_line": "{count} readings are in the database, but not in {file}: {examples}",
    "no_reading": "{count} lines of {file} are not in the database: {examples}",
    "other_content": "{count} lines of {file} say other than the database: {examples}",
    "repeated": "{count} lines of {file} repeat others: {examples}",
    "foreign": "{count} lines of {file} are no readings of this turbine: {examples}",
    "torn": "{count} line of {file} has no end: {examples}",
}
"""What may be different, in words."""


@dataclass(slots=True)
class Verified:
    """What a comparison has found."""

    readings: int = 0
    lines: int = 0
    differences: dict[int, dict[str, Found]] = field(default_factory=dict)
    """By turbine and kind (see KINDS)."""
    damage: list[str] = field(default_factory=list)
    """What SQLite's own check found."""
    windows: int = 0
    """How many windows were figured again from their readings."""
    contradictions: list[str] = field(default_factory=list)
    """What should never be in the tables, and is: a sentence each."""
    pruned_lines: int = 0
    """Lines of pruned readings that are still there: no difference."""

    @property
    def agree(self) -> bool:
        """Whether all is well."""
        return not (self.differences or self.damage or self.contradictions)

    def sentences(self) -> Iterator[str]:
        """What was found, a sentence each; nothing when all is well."""
        yield from (f"the database is damaged: {found}" for found in self.damage)
        yield from self.contradictions
        for number, kinds in self.differences.items():
            for kind, found in kinds.items():
                examples = ", ".join(found.examples) + (", ..." if found.count > len(found.examples) else "")
                file = text_file_name(number)
                yield f"turbine {number}: {KINDS[kind].format(count=found.count, file=file, examples=examples)}"
        if self.pruned_lines:
            yield (
                f"{self.pruned_lines} lines of pruned readings are still in the text files: "
                "grid-monitor prune was interrupted, and finishes when it is run again"
            )


def verify(data_dir: Path, on_progress: Callable[[int, int], None] = lambda done, total: None) -> Verified:
    """Compare the database in `data_dir` with its text files, line by line, whether a monitor runs or not.

    Then windows with their readings, and whatever else must agree in the tables.
    What is being written at this moment is waited for. `on_progress` is called with how many readings are done, and
    how many there are, about. Raises StoreError: no database, one that can't be read, or readings pruned meanwhile.
    """
    with Inspection.open(data_dir / DATABASE) as ledger, Differences() as differences:
        return _Verification(data_dir / TEXT_FILES, ledger, differences, on_progress).run()


class _Verification:
    """One comparison. Memory is bounded: readings come in pages, lines in blocks, differences go to a disk."""

    def __init__(
        self,
        folder: Path,
        ledger: Inspection,
        differences: Differences,
        on_progress: Callable[[int, int], None],
    ) -> None:
        self._folder = folder
        self._ledger = ledger
        self._differences = differences
        self._on_progress = on_progress
        self._done = Verified()
        # The order counts. What a file holds now was committed before, so the database has it by then; what the
        # database has by then may come to the files a little later.
        numbers = turbines_with_text_files(folder)
        self._block = block_bytes(len(numbers))
        self._files = {number: LineReader(self._path(number), self._block) for number in numbers}
        self._books = ledger.stored_by_the_books()
        self._prunings = ledger.prunings()
        self._pending: defaultdict[int, Pending] = defaultdict(Pending)

    def run(self) -> Verified:
        self._compare_readings()
        self._take_remaining_lines()
        self._differences.settle_all()
        self._wait_for_lines()
        self._name_differences()
        self._check_tables()
        if self._ledger.prunings() != self._prunings:
            raise StoreUnavailableError("readings were pruned while they were compared: verify again")
        return self._done

    def _compare_readings(self) -> None:
        last_id, reading_id = self._books.last_id, 0
        while page := self._ledger.readings_after(reading_id, _PAGE):
            of_turbines: defaultdict[int, list[Reading]] = defaultdict(list)
            for reading_id, reading in page:
                if reading_id <= last_id:
                    of_turbines[reading.turbine_number].append(reading)
            for turbine_number, readings in of_turbines.items():
                self._compare(turbine_number, readings)
                self._done.readings += len(readings)
            if sum(map(len, self._pending.values())) > _MOST_PENDING:
                self._move_pending()
            self._on_progress(min(reading_id, last_id), last_id)
            if reading_id >= last_id:
                return

    def _compare(self, turbine_number: int, readings: list[Reading]) -> None:
        """Compare a turbine's next readings with its next lines; as a rule they are the same."""
        expected = "".join(map(to_line, readings)).encode("ascii").split(b"\n")[:-1]
        file = self._file(turbine_number)
        first_line_number = file.line_number + 1
        lines = file.take(len(expected))
        if lines != expected or turbine_number in self._pending:
            moments = (reading.emitted_at for reading in readings)
            self._pending[turbine_number].meet(zip(expected, moments, strict=True), lines, first_line_number)

    def _take_remaining_lines(self) -> None:
        for turbine_number, file in self._files.items():
            first_line_number = file.line_number + 1
            while lines := file.take(_PAGE):
                self._pending[turbine_number].meet((), lines, first_line_number)
                first_line_number = file.line_number + 1
                if len(self._pending[turbine_number]) > _MOST_PENDING:
                    self._move_pending()
            self._done.lines += file.line_number
        self._move_pending()

    def _move_pending(self) -> None:
        for turbine_number, pending in self._pending.items():
            pending.move_to(self._differences, turbine_number)
        self._pending.clear()

    def _wait_for_lines(self) -> None:
        """Give the monitor time to write the lines of what it had committed a moment before."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while late := self._turbines_with_late_lines():
            for turbine_number in late:
                file = self._files[turbine_number]
                if file.look_again():
                    for line in file.take(_PAGE):
                        self._differences.settle(turbine_number, line)
            if time.monotonic() > deadline:
                return
            time.sleep(_LOOK_EVERY_SECONDS)

    def _turbines_with_late_lines(self) -> set[int]:
        torn = {number for number, file in self._files.items() if file.torn}
        return torn.union(self._differences.turbines_with_readings())

    def _name_differences(self) -> None:
        torn = {number for number, file in self._files.items() if file.torn}
        for turbine_number in sorted(torn.union(self._differences.turbines())):
            kinds = {kind: Found() for kind in KINDS}
            for emitted_at in self._differences.readings_without_line(turbine_number):
                kinds["no_line"].add(format_time(emitted_at))
            for line in self._differences.other_contents(turbine_number):
                kinds["other_content"].add(_in_words(line))
            self._name_lines(turbine_number, self._differences.lines_without_reading(turbine_number), kinds)
            if turbine_number in torn:
                kinds["torn"].add(f"line {self._files[turbine_number].line_number + 1}")
            found = {kind: found for kind, found in kinds.items() if found.count}
            if found:
                self._done.differences[turbine_number] = found

    def _name_lines(self, turbine_number: int, lines: Iterable[Line], kinds: dict[str, Found]) -> None:
        kept_since = self._ledger.kept_since()
        for line in lines:
            if line.emitted_at is None or line.received_at is None:
                kinds["foreign"].add(_in_words(line))
            elif self._ledger.reading_id(turbine_number, line.emitted_at) is not None:
                kinds["repeated"].add(_in_words(line))
            elif line.emitted_at < kept_since and line.received_at < kept_since:
                self._done.pruned_lines += 1
            else:
                kinds["no_reading"].add(_in_words(line))

    def _check_tables(self) -> None:
        self._done.damage = self._ledger.damage()
        self._done.contradictions = self._ledger.invariants()
        checked = check_windows(self._ledger)
        self._done.windows = checked.figured
        self._done.contradictions += checked.sentences()
        kept = self._books.stored - self._books.pruned
        if kept != self._done.readings:
            self._done.contradictions.append(
                f"by the books {kept} readings are stored, and the database has {self._done.readings}"
            )

    def _file(self, turbine_number: int) -> LineReader:
        if turbine_number not in self._files:
            self._files[turbine_number] = LineReader(self._path(turbine_number), self._block, now=False)
        return self._files[turbine_number]

    def _path(self, turbine_number: int) -> Path:
        return self._folder / text_file_name(turbine_number)


def _in_words(line: Line) -> str:
    moment = "" if line.emitted_at is None else f" ({format_time(line.emitted_at)})"
    return f"line {line.line_number}{moment}"
