"""What happens, a line each: as text for people and journals, or as JSON for machines."""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from types import TracebackType
from typing import Any, Self, TextIO

from grid.times import SECOND, format_time
from monitor.console.view import FarmTotals, FarmView
from monitor.console.words import age, counted, moment, plain
from monitor.facts import Event

FARM_EVERY_SECONDS = 60.0


def utc_now() -> int:
    """The time now, UTC in microseconds."""
    return time.time_ns() * SECOND // 1_000_000_000


class _Stream:
    """Writes lines at once. A stream that is not read holds the writer up: a journal's back-pressure, not a loss."""

    interval_seconds = FARM_EVERY_SECONDS

    def __init__(self, stream: TextIO | None = None, clock: Callable[[], int] = utc_now) -> None:
        self._stream = stream or sys.stdout
        self._clock = clock

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to give back: every line is out already."""

    def _write(self, line: str) -> None:
        self._stream.write(line + "\n")
        self._stream.flush()


class LinesConsole(_Stream):
    """Lines such as `2026-11-21 03:45:00Z Engineer 2 sent to turbine 7: ...`; the farm once a minute."""

    def show(self, view: FarmView) -> None:
        """Write the farm in one line."""
        self._line(view.at, farm_in_words(view))

    def tell(self, event: Event) -> None:
        """Write a decision."""
        self._line(event.at, event_in_words(event))

    def say(self, sentence: str, *, action: str) -> None:
        """Write what the monitor does or meets; the action word is for machines and left out."""
        del action
        self._line(self._clock(), sentence)

    def _line(self, at: int, sentence: str) -> None:
        self._write(f"{moment(at)} {plain(sentence)}")


class JsonConsole(_Stream):
    """One JSON object a line: `time`, `action`, `sentence`, then what else is known; the farm once a minute."""

    def show(self, view: FarmView) -> None:
        """Write the farm's totals, with the action `farm`."""
        totals = view.totals
        numbers: dict[str, Any] = asdict(totals)
        numbers["by_standing"] = {standing.value: count for standing, count in totals.by_standing}
        troubles = [
            {"kind": trouble.kind, "since": format_time(trouble.since), "detail": trouble.detail}
            for trouble in view.troubles
        ]
        numbers |= {"engineers_free": totals.engineers_free, "troubles": troubles, "books": dict(view.books)}
        self._object(view.at, "farm", farm_in_words(view), numbers)

    def tell(self, event: Event) -> None:
        """Write a decision with all its fields."""
        fields = asdict(event)
        at, action, sentence = fields.pop("at"), fields.pop("action"), fields.pop("sentence")
        self._object(at, action, sentence, fields)

    def say(self, sentence: str, *, action: str) -> None:
        """Write what the monitor does or meets."""
        self._object(self._clock(), action, sentence, {})

    def _object(self, at: int, action: str, sentence: str, rest: dict[str, Any]) -> None:
        # ASCII only: control characters and all else that a terminal might obey are escaped.
        self._write(json.dumps({"time": format_time(at), "action": action, "sentence": sentence, **rest}))


def event_in_words(event: Event) -> str:
    """A decision as a line shows it: its sentence names the turbine; the person behind it is added if missing."""
    by = f" (by {event.by})" if event.by and event.by not in event.sentence else ""
    return f"{event.sentence}{by}"


def farm_in_words(view: FarmView) -> str:
    """The farm in one line."""
    parts = [standings_in_words(view.totals), engineers_in_words(view.totals)]
    if view.totals.readings_per_second is not None:
        parts.append(f"{view.totals.readings_per_second:,.1f} readings/s")
    return "; ".join(parts)


def standings_in_words(totals: FarmTotals) -> str:
    """`6 turbines: 1 waiting, 1 visited, 4 ok`."""
    counts = ", ".join(f"{count:,} {standing}" for standing, count in totals.by_standing)
    return f"{counted(totals.turbines, 'turbine')}: {counts}" if counts else "no turbine seen yet"


def engineers_in_words(totals: FarmTotals) -> str:
    """`2 of 3 engineers free, 4 in line, longest for 40 s`."""
    text = f"{totals.engineers_free} of {counted(totals.engineers, 'engineer')} free"
    if totals.engineers_out > totals.engineers:
        text += f", {totals.engineers_out} still out"
    if totals.longest_wait_seconds is None:
        return text
    return f"{text}, {totals.waiting:,} in line, longest for {age(totals.longest_wait_seconds)}"
