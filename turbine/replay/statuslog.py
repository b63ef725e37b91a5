"""A turbine's log of events, as Greenbyte exports it: the times during which it was stopped."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from grid.times import SECOND
from turbine.replay.csvfile import CsvFile, CsvRow
from turbine.replay.errors import ReplayError
from turbine.replay.timestamps import TimeReader

STOP = "stop"
_TURBINE = "Turbine:"
_START, _END, _STATUS = "Timestamp start", "Timestamp end", "Status"
_NO_END = frozenset({"", "-"})


class Stop(NamedTuple):
    """One stop, in microseconds since 1970: from `start` on, up to but not including `end`."""

    line: int
    start: int
    end: int | None


@dataclass(frozen=True, slots=True)
class StatusLog:
    """The stops of one turbine, by start. `turbine` is its name in the log, None where the log has none.

    A stop without an end is taken to last until the next stop begins, and the last one until the latest time that
    the log knows: `open_ended` has the lines of those. `unreadable` has the lines whose times can't be read.
    """

    turbine: str | None
    events: int
    stops: Sequence[Stop]
    spans: Sequence[tuple[int, int]]
    open_ended: Sequence[int]
    unreadable: Sequence[int]

    def stopped_at(self, time: int) -> bool:
        """Whether a stop is going on at that time (microseconds since 1970)."""
        place = bisect_right(self.spans, time, key=lambda span: span[0])
        return place > 0 and time < self.spans[place - 1][1]

    @property
    def hours(self) -> float:
        """Hours stopped; where stops overlap, their time counts once."""
        return sum(end - start for start, end in self.spans) / SECOND / 3600


@dataclass(frozen=True, slots=True)
class _Places:
    start: int
    end: int
    status: int


def read_status_log(path: Path, times: TimeReader) -> StatusLog:
    """Read the log of one turbine: every row with the status `Stop`; a log fits in memory.

    Raises ReplayError for a file that is no such log, and for one that has events but no time that can be read.
    """
    stops: list[Stop] = []
    unreadable: list[int] = []
    events, latest = 0, 0
    with CsvFile(path) as file:
        places = _places(file)
        for row in file:
            events += 1
            try:
                event = _read(row, places, times)
            except ValueError:
                unreadable.append(row.line)
                continue
            latest = max(latest, event.end or event.start)
            if row.cells[places.status].strip().casefold() == STOP:
                stops.append(event)
        turbine = _turbine_named(file.comments)
    if events == len(unreadable) > 0:
        raise ReplayError(f"no event of {path} has a time that can be read: line {unreadable[0]} is the first")
    stops.sort(key=lambda stop: (stop.start, stop.line))
    open_ended = [stop.line for stop in stops if stop.end is None]
    return StatusLog(turbine, events, stops, _without_overlap(_closed(stops, latest)), open_ended, unreadable)


def _places(file: CsvFile) -> _Places:
    missing = [name for name in (_START, _END, _STATUS) if name not in file.header]
    if missing:
        names = ", ".join(repr(name) for name in missing)
        raise ReplayError(f"{file.path} is no event log: it has no column {names}")
    return _Places(*(file.header.index(name) for name in (_START, _END, _STATUS)))


def _read(row: CsvRow, places: _Places, times: TimeReader) -> Stop:
    if len(row.cells) <= max(places.start, places.end, places.status):
        raise ValueError("too few cells")
    end_text = row.cells[places.end].strip()
    # Starts and ends are two orders of time: each tells its own equal times of day apart.
    start = times.read(row.cells[places.start].strip(), "start")
    end = None if end_text in _NO_END else times.read(end_text, "end")
    if end is not None and end < start:
        raise ValueError("ends before it starts")
    return Stop(row.line, start, end)


def _turbine_named(comments: Sequence[str]) -> str | None:
    for comment in comments:
        if comment.startswith(_TURBINE):
            return comment.removeprefix(_TURBINE).strip() or None
    return None


def _closed(stops: Sequence[Stop], latest: int) -> list[tuple[int, int]]:
    """Start and end of each stop, given by start; an open one ends with the next one's start, or at `latest`."""
    following = [*(stop.start for stop in stops[1:]), latest]
    return [
        (stop.start, stop.end if stop.end is not None else max(stop.start, after))
        for stop, after in zip(stops, following, strict=False)  # no stop at all has nothing that follows
    ]


def _without_overlap(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
