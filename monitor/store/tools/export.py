"""Readings for other programs, as CSV, JSON lines or Parquet: by turbine, and in order of time."""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any, BinaryIO

from grid.times import format_time
from monitor.facts import Reading
from monitor.store import ExportFormat
from monitor.store.errors import StoreError
from monitor.store.lines import to_line
from monitor.store.rows import columns, is_time
from monitor.store.tools.inspection import Inspection

UNITS = {
    "wind_speed": "m/s",
    "power_output_in_kwh": "kWh since the turbine's previous reading",
    "voltage": "V",
    "current": "A",
    "temperature": "degrees Celsius",
    "emitted_at": "UTC",
    "received_at": "UTC",
}
"""What the columns with a unit are measured in."""

_ROW_GROUP = 100_000
"""Readings in one part of a Parquet file, which a reader can skip as a whole."""


class MissingLibraryError(StoreError):
    """A format needs a library that is not installed."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which readings to write: of these turbines, or of all; emitted from `since` on and before `until`."""

    turbines: tuple[int, ...] = ()
    since: int | None = None
    until: int | None = None


def export(
    ledger: Inspection,
    wanted: Wanted,
    format_: ExportFormat,
    output: BinaryIO,
    on_progress: Callable[[int], None] = lambda more: None,
) -> int:
    """Write the wanted readings to `output`; returns how many.

    They are read in pages, so that the monitor's log doesn't grow meanwhile; so what is committed while this runs may
    be among them. `on_progress` hears how many were written since it was called last. Raises MissingLibraryError,
    OSError, and what the reader raises.
    """
    pages = _pages(ledger, wanted)
    written = 0
    for count in _WRITERS[format_](pages, output):
        written += count
        on_progress(count)
    return written


def _pages(ledger: Inspection, wanted: Wanted) -> Iterator[list[Reading]]:
    for number in wanted.turbines or ledger.turbines_with_readings():
        yield from ledger.in_order_of_time(number, wanted.since, wanted.until)


def _write_csv(pages: Iterator[list[Reading]], output: BinaryIO) -> Iterator[int]:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns(Reading))
    for page in pages:
        writer.writerows(map(_csv_row, page))
        output.write(_emptied(text))
        yield len(page)
    output.write(_emptied(text))


def _csv_row(reading: Reading) -> tuple[Any, ...]:
    number, emitted_at, wind_speed, power, status, *rest, received_at = reading
    return (number, format_time(emitted_at), wind_speed, power, status.value, *rest, format_time(received_at))


def _emptied(text: io.StringIO) -> bytes:
    content = text.getvalue().encode()
    text.seek(0)
    text.truncate()
    return content


def _write_json_lines(pages: Iterator[list[Reading]], output: BinaryIO) -> Iterator[int]:
    for page in pages:
        output.write("".join(map(to_line, page)).encode("ascii"))
        yield len(page)


def _write_parquet(pages: Iterator[list[Reading]], output: BinaryIO) -> Iterator[int]:
    try:
        arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError:
        raise MissingLibraryError(
            "Parquet needs the library pyarrow: pip install 'grid-wind-farm-monitor[parquet]'"
        ) from None
    schema = _schema(arrow)
    with parquet.ParquetWriter(output, schema, compression="zstd") as writer:
        for group in _groups(pages):
            arrays = [
                arrow.array(values, type_) for values, type_ in zip(zip(*group, strict=True), schema.types, strict=True)
            ]
            writer.write_table(arrow.Table.from_arrays(arrays, schema=schema))
            yield len(group)


def _groups(pages: Iterator[list[Reading]]) -> Iterator[list[Reading]]:
    group: list[Reading] = []
    for page in pages:
        group += page
        if len(group) >= _ROW_GROUP:
            yield group
            group = []
    if group:
        yield group


def _schema(arrow: Any) -> Any:
    types = {
        "turbine_number": arrow.int32(),
        "operational_status": arrow.dictionary(arrow.int32(), arrow.string()),
        "session": arrow.dictionary(arrow.int32(), arrow.string()),
        "sequence": arrow.int64(),
    }
    moment = arrow.timestamp("us", tz="UTC")
    return arrow.schema(
        arrow.field(name, moment if is_time(name) else types.get(name, arrow.float64()), metadata=_metadata(name))
        for name in columns(Reading)
    )


def _metadata(column: str) -> dict[str, str] | None:
    return {"unit": UNITS[column]} if column in UNITS else None


_WRITERS: dict[ExportFormat, Callable[[Iterator[list[Reading]], BinaryIO], Iterator[int]]] = {
    ExportFormat.CSV: _write_csv,
    ExportFormat.JSONL: _write_json_lines,
    ExportFormat.PARQUET: _write_parquet,
}
