"""The account as CSV, for spreadsheets."""

import csv
import io
from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from grid.times import format_time
from monitor.availability.figures import Availability

COLUMNS = tuple(field.name for field in fields(Availability))
_TIMES = ("since", "until")
_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def in_csv(lines: Iterable[Availability]) -> str:
    """Write lines as CSV (RFC 4180), with a header; what is not known is empty."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(COLUMNS)
    for line in lines:
        writer.writerow([cell(name, getattr(line, name)) for name in COLUMNS])
    return written.getvalue()


def cell(name: str, value: Any) -> Any:
    """A value as a cell: times as ISO 8601, and no text that a spreadsheet would take for a formula.

    Such text, as a region's name from outside may be, gets an apostrophe before it, as OWASP advises for CSV
    injection.
    """
    if value is None:
        return ""
    if name in _TIMES:
        return format_time(value)
    if isinstance(value, str) and value.startswith(_BEGINS_A_FORMULA):
        return f"'{value}"
    return value
