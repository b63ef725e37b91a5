"""What happens, a line each: as text for people and journals, or as JSON for machines."""

import json
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import asdict
from itertools import islice
from types import TracebackType
from typing import Any, Self, TextIO

from grid.times import format_time
from monitor.clock import utc_now
from monitor.console.line_writer import LineWriter
from monitor.console.talkative import Talkative
from monitor.console.view import FarmTotals, FarmView
from monitor.console.words import age, counted, moment, plain, since
from monitor.facts import Event

FARM_EVERY_SECONDS = 60.0
LEFT_OUT = "lines_left_out"
MOST_NAMED = 3
"""How many turbines are named that lack readings."""


class _Stream(ABC):
    """Has lines written, and is never held up by that: see `LineWriter`.

    Of a turbine that is talked of too often some lines are left out, and counted: the ledger has all decisions.
    """

    interval_seconds = FARM_EVERY_SECONDS

    def __init__(self, stream: TextIO | None = None, clock: Callable[[], int] = utc_now) -> None:
        self._clock = clock
        self._lines = LineWriter(stream or sys.stdout, self._left_out)
        self._talkative = Talkative()

    def __enter__(self) -> Self:
        self._lines.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the last lines a second."""
        self._count_left_out(sys.maxsize)
        self._lines.close()

    def show(self, view: FarmView) -> None:
        """Write the farm in one line."""
        self._count_left_out(self._clock())
        self._write_farm(view)

    def tell(self, event: Event) -> None:
        """Write a decision."""
        self._count_left_out(self._clock())
        if not self._talkative.is_too_much(event.turbine_number):
            self._write_event(event)

    def _count_left_out(self, at: int) -> None:
        for turbine_number, lines in self._talkative.left_out(at).items():
            sentence = f"{counted(lines, 'more line')} about turbine {turbine_number} left out; the ledger has them all"
            self._write_left_out(sentence, turbine_number, lines)

    def check(self) -> None:
        """Raise BrokenPipeError if nobody reads any more."""
        self._lines.check()

    @abstractmethod
    def _write_farm(self, view: FarmView) -> None:
        """Write how the farm is."""

    @abstractmethod
    def _write_event(self, event: Event) -> None:
        """Write a decision."""

    @abstractmethod
    def _write_left_out(self, sentence: str, turbine_number: int, lines: int) -> None:
        """Write that so many lines about a turbine were left out."""

    @abstractmethod
    def _left_out(self, lines: int) -> str:
        """The line that stands for so many that could not be written."""


class LinesConsole(_Stream):
    """Lines such as `2026-11-21 03:45:00Z Engineer 2 sent to turbine 7: ...`; the farm once a minute."""

    def _write_farm(self, view: FarmView) -> None:
        self._line(view.at, farm_in_words(view))

    def _write_event(self, event: Event) -> None:
        self._line(event.at, event_in_words(event))

    def _write_left_out(self, sentence: str, turbine_number: int, lines: int) -> None:
        del turbine_number, lines
        self._line(self._clock(), sentence)

    def say(self, sentence: str, *, action: str) -> None:
        """Write what the monitor does or meets; the action word is for machines and left out."""
        del action
        self._line(self._clock(), sentence)

    def _line(self, at: int, sentence: str) -> None:
        self._lines.write(f"{moment(at)} {plain(sentence)}")

    def _left_out(self, lines: int) -> str:
        return f"... {counted(lines, 'line')} left out"


class JsonConsole(_Stream):
    """One JSON object a line: `time`, `action`, `sentence`, then what else is known; the farm once a minute."""

    def _write_farm(self, view: FarmView) -> None:
        totals = view.totals
        numbers: dict[str, Any] = asdict(totals)
        waits_since = numbers.pop("longest_wait_since")
        numbers["longest_wait_seconds"] = None if waits_since is None else since(waits_since, view.at)
        numbers["by_standing"] = {standing.value: count for standing, count in totals.by_standing}
        troubles = [
            {"kind": trouble.kind, "since": format_time(trouble.since), "detail": trouble.detail}
            for trouble in view.troubles
        ]
        numbers |= {"engineers_free": totals.engineers_free, "troubles": troubles, "books": dict(view.books)}
        numbers["balance"] = None if view.balance is None else asdict(view.balance)
        numbers["missing_by_turbine"] = view.missing
        self._object(view.at, "farm", farm_in_words(view), numbers)

    def _write_event(self, event: Event) -> None:
        fields = asdict(event)
        at, action, sentence = fields.pop("at"), fields.pop("action"), fields.pop("sentence")
        self._object(at, action, sentence, fields)

    def _write_left_out(self, sentence: str, turbine_number: int, lines: int) -> None:
        self._object(self._clock(), LEFT_OUT, sentence, {"turbine_number": turbine_number, "lines": lines})

    def say(self, sentence: str, *, action: str) -> None:
        """Write what the monitor does or meets."""
        self._object(self._clock(), action, sentence, {})

    def _object(self, at: int, action: str, sentence: str, rest: dict[str, Any]) -> None:
        self._lines.write(_in_json(at, action, sentence, rest))

    def _left_out(self, lines: int) -> str:
        return _in_json(self._clock(), LEFT_OUT, f"{counted(lines, 'line')} left out", {"lines": lines})


def _in_json(at: int, action: str, sentence: str, rest: dict[str, Any]) -> str:
    # ASCII only: control characters and all else that a terminal might obey are escaped.
    return json.dumps({"time": format_time(at), "action": action, "sentence": sentence, **rest})


def event_in_words(event: Event) -> str:
    """A decision as a line shows it: its sentence names the turbine; the person behind it is added if missing."""
    by = f" (by {event.by})" if event.by and event.by not in event.sentence else ""
    return f"{event.sentence}{by}"


def farm_in_words(view: FarmView) -> str:
    """The farm in one line."""
    parts = [standings_in_words(view.totals), engineers_in_words(view.totals, view.at)]
    if view.totals.readings_per_second is not None:
        parts.append(f"{view.totals.readings_per_second:,.1f} readings/s")
    if view.balance is not None:
        parts.append(view.balance.in_words())
    if view.missing:
        parts.append(missing_in_words(view.missing))
    return "; ".join(parts)


def missing_in_words(missing: Mapping[int, int]) -> str:
    """`7 readings are missing: 5 of turbine 3, 2 of turbine 9`; where it is many turbines, the first ones."""
    shown = [f"{readings:,} of turbine {number}" for number, readings in islice(missing.items(), MOST_NAMED)]
    others = len(missing) - len(shown)
    named = ", ".join([*shown, *([f"the rest of {counted(others, 'more turbine')}"] if others else [])])
    total = sum(missing.values())
    return f"{counted(total, 'reading')} {'is' if total == 1 else 'are'} missing: {named}"


def standings_in_words(totals: FarmTotals) -> str:
    """`6 turbines: 1 waiting, 1 visited, 4 ok`."""
    counts = ", ".join(f"{count:,} {standing}" for standing, count in totals.by_standing)
    return f"{counted(totals.turbines, 'turbine')}: {counts}" if counts else "no turbine seen yet"


def engineers_in_words(totals: FarmTotals, now: int) -> str:
    """`2 of 3 engineers free, 4 in line, longest for 40 s`."""
    text = f"{totals.engineers_free} of {counted(totals.engineers, 'engineer')} free"
    if totals.engineers_out > totals.engineers:
        text += f", {totals.engineers_out} still out"
    if totals.longest_wait_since is None:
        return text
    return f"{text}, {totals.waiting:,} in line, longest for {age(since(totals.longest_wait_since, now))}"
