"""Readings back from the turbines' text files: rows of the table, merged in order of receipt."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import lru_cache
from heapq import merge
from operator import itemgetter
from pathlib import Path
from typing import Any

from grid.times import from_datetime
from monitor.facts import Reading
from monitor.store.places import text_file_name
from monitor.store.tools.line_reader import LineReader, block_bytes

Row = tuple[Any, ...]
"""The columns of a reading."""

_NUMBER = rb"(-?[0-9][0-9.e+-]*)"
_MAYBE = rb"(?:null|(-?[0-9][0-9.e+-]*))"
_TIME = rb'"([^"]{19})\.([0-9]{6})Z"'
# As `to_line` writes it. Ten times as fast as reading the JSON, which other lines get.
_LINE = re.compile(
    rb'\{"turbine_number": ([0-9]{1,10}), "emitted_at": %(time)s, "wind_speed": %(number)s, '
    rb'"power_output_in_kwh": %(number)s, "operational_status": "(ok|broken)", "voltage": %(maybe)s, '
    rb'"current": %(maybe)s, "temperature": %(maybe)s, "session": (?:null|"([ !#-\[\]-~]*)"), '
    rb'"sequence": (?:null|([0-9]{1,19})), "received_at": %(time)s\}'
    % {b"time": _TIME, b"number": _NUMBER, b"maybe": _MAYBE}
)
_LINES_AT_ONCE = 64
_EMITTED_AT, _RECEIVED_AT = Reading._fields.index("emitted_at"), Reading._fields.index("received_at")
_received_at = itemgetter(_RECEIVED_AT)


def to_row(line: bytes, turbine_number: int) -> Row | None:
    """The reading in a line, without its end, as a row; None if it is no reading of this turbine.

    What the table would refuse is not looked for: such as a wind speed that is a word.
    """
    match = _LINE.fullmatch(line)
    try:
        row = _from_fields(json.loads(line)) if match is None else _from_groups(match.groups())
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError):
        return None
    return row if row[0] == turbine_number else None


def to_identity(line: bytes, turbine_number: int) -> tuple[int, int] | None:
    """When the reading in a line was emitted and received; None if it is no reading of this turbine."""
    row = to_row(line.rstrip(b"\n"), turbine_number)
    return None if row is None else (row[_EMITTED_AT], row[_RECEIVED_AT])


def _from_groups(groups: tuple[bytes, ...]) -> Row:
    (
        number, emitted, emitted_rest, wind_speed, power, status, voltage, current, temperature, session, sequence,
        received, received_rest,
    ) = groups  # fmt: skip
    return (
        int(number),
        _second(emitted) + int(emitted_rest),
        float(wind_speed),
        float(power),
        status.decode(),
        None if voltage is None else float(voltage),
        None if current is None else float(current),
        None if temperature is None else float(temperature),
        None if session is None else session.decode(),
        None if sequence is None else int(sequence),
        _second(received) + int(received_rest),
    )


def _from_fields(fields: dict[str, Any]) -> Row:
    times = {name: from_datetime(datetime.fromisoformat(fields[name])) for name in ("emitted_at", "received_at")}
    return tuple({**fields, **times}[name] for name in Reading._fields)


@lru_cache(maxsize=8192)
def _second(text: bytes) -> int:
    """Readings come in bunches of the same second."""
    return from_datetime(datetime.fromisoformat(f"{text.decode('ascii')}Z"))


def merged(
    folder: Path, turbines: list[int], on_foreign: Callable[[int, int], None], on_torn: Callable[[int], None]
) -> Iterator[Row]:
    """All readings in the text files of these turbines, by `received_at`; those of one file in the file's order.

    `on_foreign` hears of each line that is no reading of its turbine, by turbine and line number; `on_torn` of files
    whose last line has no end. If only the end of it is missing, it is a reading all the same. Few files are open,
    and memory is bounded. Raises StoreUnavailableError.
    """
    block = block_bytes(len(turbines))
    files = (
        _rows(LineReader(folder / text_file_name(number), block), number, on_foreign, on_torn) for number in turbines
    )
    return merge(*files, key=_received_at)


def _rows(
    file: LineReader, turbine_number: int, on_foreign: Callable[[int, int], None], on_torn: Callable[[int], None]
) -> Iterator[Row]:
    first_line_number = 1
    while lines := file.take(_LINES_AT_ONCE):
        for number, line in enumerate(lines, first_line_number):
            row = to_row(line, turbine_number)
            if row is None:
                on_foreign(turbine_number, number)
            else:
                yield row
        first_line_number += len(lines)
    if file.torn:
        on_torn(turbine_number)
        row = to_row(file.torn, turbine_number)
        if row is not None:
            yield row
