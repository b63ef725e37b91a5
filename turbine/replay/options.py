"""What the user said about a replay, checked before a file is opened."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from turbine.replay.errors import ReplayError
from turbine.replay.presets import Preset


class EventLog(NamedTuple):
    """An event log to read, and the name of its turbine in the SCADA file where the user said it."""

    path: Path
    turbine: str | None


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """The options of a replay as they were typed; None means not given.

    `columns`: `turbine=NAME,time=NAME,...`. `timezone`: IANA name for times without a zone. `time_format`: of
    `datetime.strptime`, or `unix`. `interval`: seconds that a row stands for. `shift_to_now`: move all times so that
    the last reading is emitted now. `first_number`: of the turbines whose names are no numbers. `broken_values`:
    words in the status column, with commas between. `events`: `FILE` or `TURBINE=FILE`, with commas between.
    """

    file: Path
    columns: str | None = None
    preset: Preset | None = None
    timezone: str | None = None
    time_format: str | None = None
    interval: float | None = None
    shift_to_now: bool = False
    first_number: int = 1
    broken_values: str | None = None
    events: str | None = None

    def __post_init__(self) -> None:
        if self.interval is not None and not 0 < self.interval < math.inf:
            raise ReplayError("--interval is a number of seconds above 0")

    def broken_words(self) -> frozenset[str]:
        """The words that mean broken, in lower case; none when the option is not given."""
        return frozenset(part.casefold() for part in _parts(self.broken_values))

    def event_logs(self) -> list[EventLog]:
        """The logs to read, in the order given."""
        return [_event_log(part) for part in _parts(self.events)]


def parse_speed(text: str) -> float | None:
    """Read `--speed`: file seconds per second, or `max`, which is None: as fast as the broker acknowledges.

    Raises ReplayError.
    """
    if text.strip().casefold() == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = math.nan
    if not 0 < speed < math.inf:
        raise ReplayError(f"--speed is a number above 0, or max; not {text!r}")
    return speed


def _parts(text: str | None) -> Sequence[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def _event_log(text: str) -> EventLog:
    turbine, equals, path = text.partition("=")
    if not equals or Path(text).is_file():
        return EventLog(Path(text), None)
    return EventLog(Path(path.strip()), turbine.strip())
