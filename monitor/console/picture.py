"""The picture of the farm that the live table draws: it fits the terminal, and says what it leaves out."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from io import StringIO
from textwrap import wrap

from rich.console import Console as Terminal
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from monitor.console.lines import engineers_in_words, missing_in_words, standings_in_words
from monitor.console.standing import Standing, in_words
from monitor.console.view import FarmView, Trouble, TroubleKind, TurbineRow, age_of
from monitor.console.words import age, counted, plain, quantity, since, time_of_day

WIDE = 110
"""Columns from which on there is room for more than the essential."""
AIRY = 30
"""Rows from which on blank lines are affordable."""
OLD_VIEW_SECONDS = 5.0
RECENT_SHARE = 5
"""What happened last gets at least one row in so many."""
HEADER_ROWS = 1

_WEB_FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)

# Grey and calm: saturated colour only for what needs a person, and never colour alone.
_STYLES = {
    Standing.REFUSED: "bold red",
    Standing.WAITING: "bold red",
    Standing.VISITED: "bold",
    Standing.OFFLINE: "yellow",
    Standing.STALE: "yellow",
    Standing.HELD: "",
    Standing.UNKNOWN: "dim",
    Standing.OK: "dim",
}
_BANNERS = {
    TroubleKind.BROKER_AWAY: "BROKER AWAY",
    TroubleKind.DATABASE_REFUSES: "DATABASE REFUSES WRITES",
    TroubleKind.BOOKS_UNBALANCED: "BOOKS DO NOT BALANCE",
    TroubleKind.MONITOR_AWAY: "NO MONITOR RUNS",
    TroubleKind.STREAM_DOWN: "NO NEWS FROM THE MONITOR",
}

Recent = tuple[tuple[int, str], ...]
"""What happened last, newest last: time and sentence."""


def farm_picture(
    view: FarmView | None, recent: Recent, *, now: int, width: int, height: int, pages: str = ""
) -> RenderableType:
    """Draw the farm in `width` columns and `height` rows.

    Turbines that do not fit are counted below the table by state. `view` is None before the first one. `pages` says
    where the pages are, above what happened last.
    """
    blank = [Text()] if height >= AIRY else []
    top = [*_heading(view, now, width, is_airy=height >= AIRY), *blank]
    room = height - len(top) - HEADER_ROWS
    if view is None or not view.rows:
        return Group(*top, *_no_turbine(view), *blank, *_recent_lines(recent, room - len(blank), width, pages))
    kept_for_recent = len(blank) + 1 + max(3, height // RECENT_SHARE) if recent else 0
    shown = _rows_that_fit(view, room - kept_for_recent)
    below = [*_left_out(view.rows[shown:]), *blank]
    recent_lines = _recent_lines(recent, room - shown - len(below), width, pages)
    return Group(*top, _table(view.rows[:shown], view.at, width), *below, *recent_lines)


def export_picture(view: FarmView, recent: Recent, *, width: int = 100, height: int = 24) -> str:
    """The same picture as an SVG document, for the README. It fetches nothing: its font is the reader's own."""
    terminal = Terminal(record=True, width=width, height=height, file=StringIO(), force_terminal=True)
    terminal.print(farm_picture(view, recent, now=view.at, width=width, height=height))
    return _WEB_FONT.sub("", terminal.export_svg(title="grid-monitor")).replace("Fira Code", "ui-monospace")


def _heading(view: FarmView | None, now: int, width: int, *, is_airy: bool) -> list[RenderableType]:
    if view is None:
        return [_line("Wind farm: the monitor starts", "bold")]
    totals = view.totals
    heading: list[RenderableType] = [
        _two_ends(standings_in_words(totals), time_of_day(view.at), "bold"),
        _two_ends(engineers_in_words(totals, view.at), _flow(view, width), "bold" if totals.waiting else ""),
    ]
    if is_airy and view.balance is not None:
        heading.append(_line(view.balance.in_words(), "dim"))
    if view.missing:
        heading.append(_line(missing_in_words(view.missing), "yellow"))
    heading += [_banner(trouble, view.at) for trouble in view.troubles]
    if since(view.at, now) > OLD_VIEW_SECONDS:
        heading.append(_line(f" OLD PICTURE: the monitor is busy since {time_of_day(view.at)} ", "reverse bold"))
    return heading


def _flow(view: FarmView, width: int) -> str:
    """What comes in: readings per second, and the dead letters since the start where there is room."""
    rate = view.totals.readings_per_second
    parts = [] if rate is None else [f"{rate:,.1f} readings/s"]
    dead_letters = view.books.get("rejected", 0)
    if dead_letters and width >= WIDE:
        parts.append(counted(dead_letters, "dead letter"))
    return ", ".join(parts)


def _two_ends(left: str, right: str, style: str) -> Table:
    line = Table.grid(expand=True, padding=(0, 1))
    line.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    line.add_column(justify="right", no_wrap=True)
    line.add_row(Text(left, style), Text(right, "dim"))
    return line


def _banner(trouble: Trouble, at: int) -> Text:
    text = f" {_BANNERS[trouble.kind]} for {age(since(trouble.since, at))}, since {time_of_day(trouble.since)}"
    return _line(f"{text}: {trouble.detail} " if trouble.detail else f"{text} ", "reverse bold red")


def _no_turbine(view: FarmView | None) -> list[RenderableType]:
    if view is None:
        return []
    return [_line("Turbines appear with their first message. Six of them: grid-turbines --count 6")]


def _rows_that_fit(view: FarmView, room: int) -> int:
    """How many turbines to show: one row goes to counting the others, if there are any."""
    return len(view.rows) if len(view.rows) <= room else max(1, room - 1)


def _left_out(rows: tuple[TurbineRow, ...]) -> list[RenderableType]:
    if not rows:
        return []
    counts = Counter(row.standing for row in rows)
    states = ", ".join(f"{counts[standing]:,} {standing}" for standing in Standing if counts[standing])
    return [_line(f"... and {counted(len(rows), 'more turbine')}: {states}", "dim")]


def _table(rows: tuple[TurbineRow, ...], now: int, width: int) -> Table:
    columns = _columns_that_fit(rows, now, width)
    table = Table(box=None, expand=_WHY in columns, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="underline")
    for column, wide in columns.items():
        table.add_column(
            column.name_on(width),
            justify="right" if column.of_numbers else "left",
            no_wrap=True,
            overflow="ellipsis",
            width=None if column is _WHY else wide,
            ratio=1 if column is _WHY else None,
        )
    for row in rows:
        table.add_row(*(column.cell(row, now) for column in columns))
    return table


@dataclass(frozen=True)
class _Column:
    """A column of the table: at least and at most so wide. Where there is no room the highest `rank` goes first."""

    name: str
    least: int
    most: int
    rank: int
    cell: Callable[[TurbineRow, int], Text]
    """What it shows of a turbine, at a moment."""
    of_numbers: bool = True
    wide_name: str = ""

    def name_on(self, width: int) -> str:
        """What stands above it on a terminal of this width."""
        return self.wide_name if width >= WIDE and self.wide_name else self.name

    def width(self, rows: tuple[TurbineRow, ...], now: int, width: int) -> int:
        """How wide it is with these rows, on a terminal of this width."""
        widest = max(len(self.name_on(width)), *(self.cell(row, now).cell_len for row in rows))
        return min(self.most, max(self.least, widest))


def _columns_that_fit(rows: tuple[TurbineRow, ...], now: int, width: int) -> dict[_Column, int]:
    """The columns that a terminal of this width has room for, with their widths; the turbine's number is the last."""
    chosen = {column: column.width(rows, now, width) for column in _COLUMNS if width >= WIDE or column not in _FOR_WIDE}
    for column in sorted(chosen, key=lambda column: column.rank, reverse=True):
        missing = sum(chosen.values()) + _GAP * (len(chosen) - 1) - width
        if missing <= 0 or column is _NUMBER:
            break
        if column is _STATE and chosen[_STATE] - missing >= _LEAST_STATE:
            chosen[_STATE] -= missing
        else:
            del chosen[column]
    return chosen


def _number(row: TurbineRow, now: int) -> Text:
    del now
    return Text(str(row.turbine_number))


def _state(row: TurbineRow, now: int) -> Text:
    del now
    return Text(row.state, _STYLES[row.standing])


def _heard(row: TurbineRow, now: int) -> Text:
    return Text(age_of(row.received_at, now), _calm(row))


def _online(row: TurbineRow, now: int) -> Text:
    return Text(age_of(row.online_since, now), _calm(row))


def _calm(row: TurbineRow) -> str:
    return "dim" if row.standing in (Standing.OK, Standing.UNKNOWN) else ""


_GAP = 2
_LEAST_STATE = 4
_NUMBER = _Column("turbine", 7, 10, 0, _number)
_STATE = _Column("state", 18, 24, 1, _state, of_numbers=False)
_WIND = _Column("m/s", 4, 8, 6, lambda row, _: Text(quantity(row.wind_speed)), wide_name="wind m/s")
_ENERGY = _Column("energy kWh", 10, 14, 5, lambda row, _: Text(quantity(row.power_output_in_kwh, 3)))
_POWER = _Column("kW", 7, 10, 4, lambda row, _: Text(quantity(row.mean_power_in_kw)), wide_name="power kW")
_HEARD = _Column("heard", 6, 7, 3, _heard)
_ONLINE = _Column("online", 6, 7, 3, _online)
_WHY = _Column("why", 8, 8, 2, lambda row, now: Text(plain(in_words(row.why, now))), of_numbers=False)
_COLUMNS = (_NUMBER, _STATE, _WIND, _ENERGY, _POWER, _HEARD, _ONLINE, _WHY)
_FOR_WIDE = (_ENERGY, _ONLINE)


def _recent_lines(recent: Recent, room: int, width: int, pages: str) -> list[RenderableType]:
    """The newest of what happened, in whole sentences and at most `room` rows; the newest of all is cut to fit."""
    lines: list[Text] = []
    for at, sentence in reversed(recent):
        paragraph = _paragraph(at, sentence, width)
        if lines and len(lines) + len(paragraph) > room - 1:
            break
        lines[:0] = paragraph
    shown = lines[: max(0, room - 1)]
    return [_two_ends("what happened last", plain(pages), "underline"), *shown] if shown else []


def _paragraph(at: int, sentence: str, width: int) -> list[Text]:
    time = f"{time_of_day(at)}  "
    first, *others = wrap(plain(sentence), max(20, width - len(time))) or [""]
    return [_line(time, "dim").append(first, "not dim"), *(_line(" " * len(time) + other) for other in others)]


def _line(text: str, style: str = "") -> Text:
    return Text(plain(text), style, no_wrap=True, overflow="ellipsis")
