"""What a row of a SCADA file says, or why it says nothing: no value is ever made up."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from grid.metrics import MAX_QUANTITY, MAX_WIND_SPEED
from turbine.replay.csvfile import CsvRow
from turbine.replay.presets import Column
from turbine.replay.timestamps import SkippedTimeError, TimeReader

_NO_VALUE = frozenset({"", "-", "na", "n/a", "nan", "null", "none", "#n/a"})


class Reason(StrEnum):
    """Why a row is left out."""

    EMPTY = "empty cell"
    UNREADABLE = "unreadable cell"
    OUT_OF_RANGE = "out of range"
    SKIPPED_TIME = "time that the zone skips"
    FUTURE = "in the future"
    REPEATED = "repeated time"
    SHAPE = "wrong number of cells"


class Row(NamedTuple):
    """A complete row. `amount` is mean power in kW or energy in kWh, as the file has it; `time` in microseconds."""

    line: int
    turbine: str
    time: int
    wind_speed: float
    amount: float
    broken: bool = False
    voltage: float | None = None
    current: float | None = None
    temperature: float | None = None


class LeftOut(NamedTuple):
    """A row that is not sent. Turbine and time where they could be read, so that its slot is not called missing."""

    line: int
    reason: Reason
    words: str
    turbine: str | None = None
    time: int | None = None


class _UnusableError(Exception):
    def __init__(self, reason: Reason, words: str) -> None:
        super().__init__(words)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class RowReader:
    """Reads rows by the places of their columns.

    `only_turbine` is the name of the turbine of a file without a column for it. `broken_values` are the words in the
    status column, in lower case, that mean broken, all others being ok; without them a status is `ok`, `broken`,
    or a number that means broken above 0. Times after `latest` (microseconds since 1970) are not taken.
    """

    places: Mapping[Column, int]
    width: int
    times: TimeReader
    only_turbine: str
    latest: int
    broken_values: frozenset[str] = frozenset()

    def read(self, row: CsvRow) -> Row | LeftOut:
        """Read one row; call it in the file's order, which tells equal times of day apart.

        A cell without a value in a column that a reading can do without (voltage, current, temperature) is unknown.
        """
        turbine: str | None = None
        time: int | None = None
        try:
            self._check_shape(row)
            turbine = self._turbine(row.cells)
            time = self._time(row.cells, turbine)
            return self._complete(row, turbine, time)
        except _UnusableError as error:
            return LeftOut(row.line, error.reason, str(error), turbine, time)

    def _check_shape(self, row: CsvRow) -> None:
        if not row.readable:
            raise _UnusableError(Reason.SHAPE, "no CSV at all")
        if row.lines > 1:
            raise _UnusableError(Reason.SHAPE, f"a quoted cell runs over {row.lines} lines up to this one")
        if len(row.cells) < self.width or any(row.cells[self.width :]):
            raise _UnusableError(Reason.SHAPE, f"{len(row.cells)} cells where the header has {self.width}")

    def _turbine(self, cells: list[str]) -> str:
        if Column.TURBINE not in self.places:
            return self.only_turbine
        return self._text(cells, Column.TURBINE)

    def _time(self, cells: list[str], turbine: str) -> int:
        text = self._text(cells, Column.TIME)
        try:
            time = self.times.read(text, turbine)
        except SkippedTimeError as error:
            raise _UnusableError(Reason.SKIPPED_TIME, str(error)) from None
        except ValueError as error:
            words = f"time {_quoted(text)}: {error}"
            raise _UnusableError(Reason.UNREADABLE, words) from None
        if time > self.latest:
            raise _UnusableError(Reason.FUTURE, f"time {_quoted(text)} is yet to come")
        return time

    def _complete(self, row: CsvRow, turbine: str, time: int) -> Row:
        cells = row.cells
        amount = Column.POWER_KW if Column.POWER_KW in self.places else Column.ENERGY_KWH
        return Row(
            row.line,
            turbine,
            time,
            self._number(cells, Column.WIND_SPEED),
            self._number(cells, amount),
            self._broken(cells),
            self._optional(cells, Column.VOLTAGE),
            self._optional(cells, Column.CURRENT),
            self._optional(cells, Column.TEMPERATURE),
        )

    def _broken(self, cells: list[str]) -> bool:
        if Column.STATUS not in self.places:
            return False
        text = self._text(cells, Column.STATUS)
        word = text.casefold()
        if self.broken_values:
            return word in self.broken_values
        if word in ("ok", "broken"):
            return word == "broken"
        try:
            return float(text) > 0
        except ValueError:
            words = f"status {_quoted(text)} is neither ok, broken nor a number; --broken-values says which are broken"
            raise _UnusableError(Reason.UNREADABLE, words) from None

    def _optional(self, cells: list[str], column: Column) -> float | None:
        place = self.places.get(column)
        if place is None or cells[place].strip().casefold() in _NO_VALUE:
            return None
        return self._number(cells, column)

    def _number(self, cells: list[str], column: Column) -> float:
        text = self._text(cells, column)
        try:
            # No delimiter is left inside an unquoted cell: a comma there is a decimal comma.
            number = float(text if "." in text else text.replace(",", "."))
        except ValueError:
            raise _UnusableError(Reason.UNREADABLE, f"{column} {_quoted(text)} is no number") from None
        least, most = (0.0, MAX_WIND_SPEED) if column is Column.WIND_SPEED else (-MAX_QUANTITY, MAX_QUANTITY)
        if not math.isfinite(number) or not least <= number <= most:
            raise _UnusableError(Reason.OUT_OF_RANGE, f"{column} {text} is not between {least:g} and {most:g}")
        return number

    def _text(self, cells: list[str], column: Column) -> str:
        text = cells[self.places[column]].strip()
        if text.casefold() in _NO_VALUE:
            raise _UnusableError(Reason.EMPTY, f"{column} is empty")
        return text


def _quoted(text: str) -> str:
    return ascii(text if len(text) <= 40 else text[:39] + "...")
