"""The table and its bars: ratios, verdicts and their print; nothing here measures."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Bar:
    """What a measure must hold: at least, or at most, this much."""

    limit: float
    unit: str = ""
    at_least: bool = False

    def held_by(self, measure: float) -> bool:
        """Whether the measure holds; what was not measured (NaN) holds nothing."""
        return measure >= self.limit if self.at_least else measure <= self.limit

    def verdict(self, measure: float) -> str:
        """In words, such as `held (at least 1.0)`."""
        held = "held" if self.held_by(measure) else "**missed**"
        side = "at least" if self.at_least else "at most"
        unit = f" {self.unit}" if self.unit else ""
        return f"{held} ({side} {figure(self.limit)}{unit})"


@dataclass(slots=True)
class Table:
    """Rows under a title, printed as Markdown that reads well in a terminal, too."""

    title: str
    columns: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    missed: int = 0
    """How many bars were missed."""

    def add(self, *cells: str) -> None:
        """Add a row: a cell for each column."""
        if len(cells) != len(self.columns):
            raise ValueError(f"{len(cells)} cells for {len(self.columns)} columns")
        self.rows.append(cells)

    def judge(self, bar: Bar, measure: float) -> str:
        """The verdict as a cell; a missed one is counted."""
        self.missed += not bar.held_by(measure)
        return bar.verdict(measure)

    def __str__(self) -> str:
        widths = [max(len(row[place]) for row in (self.columns, *self.rows)) for place in range(len(self.columns))]
        lines = [_line(self.columns, widths), "|".join(["", *("-" * (width + 2) for width in widths), ""])]
        lines += [_line(row, widths) for row in self.rows]
        return "\n".join([f"### {self.title}", "", *lines, *(f"\n{note}" for note in self.notes), ""])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"


def figure(number: float) -> str:
    """A number with the digits that it deserves: 61,000, 12.4, 0.31; a dash for what was not measured."""
    if math.isnan(number):
        return "-"
    size = abs(number)
    if size >= 1000:
        return f"{round(number, -int(math.log10(size)) + 2):,.0f}"
    if size >= 100:
        return f"{number:.0f}"
    return f"{number:.1f}" if size >= 10 or number == round(number, 1) else f"{number:.2f}"


def median(values: Sequence[float]) -> float:
    """The median of what was measured; NaN if nothing was."""
    measured = [value for value in values if not math.isnan(value)]
    return statistics.median(measured) if measured else math.nan


def spread(values: Sequence[float]) -> str:
    """The median, and the range in brackets where there are several."""
    measured = [value for value in values if not math.isnan(value)]
    if len(measured) < 2:
        return figure(median(measured))
    return f"{figure(median(measured))} ({figure(min(measured))} to {figure(max(measured))})"


def median_ratio(values: Sequence[float], references: Sequence[float]) -> float:
    """The median of the ratios round by round: each value against the reference of its own round."""
    return median([value / reference for value, reference in zip(values, references, strict=True)])
