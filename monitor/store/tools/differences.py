"""Readings and lines without a counterpart: few in memory, the others in a temporary database of their own."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import datetime
from hashlib import blake2b
from types import TracebackType
from typing import NamedTuple, Self

from grid.times import from_datetime

_TABLE = """
CREATE TABLE unmatched (
    turbine_number INTEGER, emitted_at INTEGER, received_at INTEGER, line_number INTEGER, digest BLOB
);
CREATE INDEX unmatched_moment ON unmatched (turbine_number, emitted_at, line_number);
CREATE INDEX unmatched_digest ON unmatched (turbine_number, digest, line_number);
"""

_SETTLE_ALL = """
CREATE TEMP TABLE paired AS
SELECT r.rowid AS reading, (
    SELECT l.rowid FROM unmatched l
    WHERE l.turbine_number = r.turbine_number AND l.digest = r.digest AND l.line_number IS NOT NULL
    ORDER BY l.line_number LIMIT 1
) AS line
FROM unmatched r WHERE r.line_number IS NULL;
DELETE FROM unmatched WHERE rowid IN (
    SELECT reading FROM paired WHERE line IS NOT NULL UNION ALL SELECT line FROM paired WHERE line IS NOT NULL
);
DROP TABLE paired;
"""
_OF_THE_SAME_MOMENT = (
    "SELECT 1 FROM unmatched o WHERE o.turbine_number = u.turbine_number AND o.emitted_at = u.emitted_at"
)
_READINGS_WITHOUT_LINE = f"""
SELECT u.emitted_at FROM unmatched u WHERE u.turbine_number = ? AND u.line_number IS NULL
AND NOT EXISTS ({_OF_THE_SAME_MOMENT} AND o.line_number IS NOT NULL) ORDER BY u.emitted_at
"""  # noqa: S608 - our own text, as what follows
_OTHER_CONTENTS = f"""
SELECT u.line_number, u.emitted_at, u.received_at FROM unmatched u
WHERE u.turbine_number = ? AND u.line_number IS NOT NULL
AND EXISTS ({_OF_THE_SAME_MOMENT} AND o.line_number IS NULL) ORDER BY u.line_number
"""  # noqa: S608
_LINES_WITHOUT_READING = _OTHER_CONTENTS.replace("AND EXISTS", "AND NOT EXISTS")


class Identity(NamedTuple):
    """What a line says of itself: which reading it is, and when it was received."""

    turbine_number: int
    emitted_at: int
    received_at: int


class Line(NamedTuple):
    """A line without a counterpart. `emitted_at` and `received_at` are None if it is no reading of its turbine."""

    line_number: int
    emitted_at: int | None
    received_at: int | None


def identity_of(line: bytes) -> Identity | None:
    """Read what identifies a reading from its line; None if it is none."""
    try:
        fields = json.loads(line)
        turbine_number = fields["turbine_number"]
        times = [from_datetime(datetime.fromisoformat(fields[name])) for name in ("emitted_at", "received_at")]
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError):
        return None
    return Identity(turbine_number, *times) if type(turbine_number) is int else None


class Differences:
    """What has no counterpart, of all turbines. Enter it to use it; what it holds is gone on leaving."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)

    def __enter__(self) -> Self:
        self._db.executescript(f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; {_TABLE}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()

    def add_readings(self, turbine_number: int, lines: Iterable[tuple[bytes, int]]) -> None:
        """Note readings without a line: as the line should be, with `emitted_at`."""
        self._add((turbine_number, emitted_at, None, None, _digest(line)) for line, emitted_at in lines)

    def add_lines(self, turbine_number: int, lines: Iterable[tuple[bytes, int]]) -> None:
        """Note lines without a reading, with their numbers."""
        self._add(self._described(turbine_number, line, number) for line, number in lines)

    def _described(self, turbine_number: int, line: bytes, number: int) -> tuple[object, ...]:
        found = identity_of(line)
        if found is None or found.turbine_number != turbine_number:
            return turbine_number, None, None, number, _digest(line)
        return turbine_number, found.emitted_at, found.received_at, number, _digest(line)

    def _add(self, rows: Iterable[tuple[object, ...]]) -> None:
        self._db.execute("BEGIN")
        self._db.executemany("INSERT INTO unmatched VALUES (?, ?, ?, ?, ?)", rows)
        self._db.execute("COMMIT")

    def settle(self, turbine_number: int, line: bytes) -> None:
        """Forget a reading whose line has come after all."""
        self._db.execute(
            "DELETE FROM unmatched WHERE turbine_number = ? AND digest = ? AND line_number IS NULL",
            [turbine_number, _digest(line)],
        )

    def settle_all(self) -> None:
        """Forget each reading that has its line here, with the first such line."""
        self._db.executescript(_SETTLE_ALL)

    def turbines_with_readings(self) -> list[int]:
        """Numbers of the turbines that lack lines."""
        found = self._db.execute("SELECT DISTINCT turbine_number FROM unmatched WHERE line_number IS NULL")
        return [number for (number,) in found]

    def turbines(self) -> list[int]:
        """Numbers of all turbines with anything left over."""
        return [number for (number,) in self._db.execute("SELECT DISTINCT turbine_number FROM unmatched ORDER BY 1")]

    def readings_without_line(self, turbine_number: int) -> Iterator[int]:
        """`emitted_at` of the turbine's readings that no line tells of, in order."""
        return (emitted_at for (emitted_at,) in self._db.execute(_READINGS_WITHOUT_LINE, [turbine_number]))

    def other_contents(self, turbine_number: int) -> Iterator[Line]:
        """The turbine's lines of readings that are otherwise in the database, in order."""
        return (Line(*row) for row in self._db.execute(_OTHER_CONTENTS, [turbine_number]))

    def lines_without_reading(self, turbine_number: int) -> Iterator[Line]:
        """The turbine's other lines without a counterpart, in order."""
        return (Line(*row) for row in self._db.execute(_LINES_WITHOUT_READING, [turbine_number]))


class Pending:
    """The lines and readings of one turbine that may still meet: they stand in two orders that differ a little."""

    def __init__(self) -> None:
        self._readings: dict[bytes, int] = {}
        self._lines: dict[bytes, int] = {}
        self._repeats: list[tuple[bytes, int]] = []

    def __len__(self) -> int:
        return len(self._readings) + len(self._lines) + len(self._repeats)

    def meet(self, readings: Iterable[tuple[bytes, int]], lines: Iterable[bytes], first_line_number: int) -> None:
        """Let readings, as their lines should be, and lines cancel out; the others go on waiting."""
        self._readings.update(readings)
        for number, line in enumerate(lines, first_line_number):
            if line in self._readings:
                del self._readings[line]
            elif line in self._lines:
                self._repeats.append((line, number))
            else:
                self._lines[line] = number
        for line in self._readings.keys() & self._lines.keys():
            del self._readings[line], self._lines[line]

    def move_to(self, differences: Differences, turbine_number: int) -> None:
        """Have all that waits noted as different."""
        differences.add_readings(turbine_number, self._readings.items())
        differences.add_lines(turbine_number, [*self._lines.items(), *self._repeats])
        for waiting in (self._readings, self._lines, self._repeats):
            waiting.clear()


def _digest(line: bytes) -> bytes:
    return blake2b(line, digest_size=16).digest()
