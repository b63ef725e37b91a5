"""The farm in a program that follows the monitor: kept up by the monitor's messages."""

from collections.abc import Mapping
from sys import intern
from typing import Any

from grid.times import format_time
from monitor.console.view import place_in_list
from monitor.live.documents import READING_COLUMNS, TENTH, Document, read_time

_WORDS = ("standing", "state", "link", "health", "region", "model")
"""Of a row: the same few words for thousands of turbines, held once."""


class Mirror:
    """What the monitor told last, put together from a snapshot and deltas. Empty before the first snapshot."""

    def __init__(self) -> None:
        self.at: str | None = None
        """When the monitor told it."""
        self.farm: Document = {}
        self._rows: dict[int, Document] = {}
        self._is_sorted = True

    @property
    def turbines(self) -> dict[int, Document]:
        """Rows as documents, by turbine number, worst first. They change with the next message."""
        if not self._is_sorted:
            places = {number: place for place, number in enumerate(self.farm.get("waiting", ()), start=1)}
            rows = self._rows.values()
            in_order = sorted(rows, key=lambda row: place_in_list(row["standing"], row["turbine_number"], places))
            self._rows = {row["turbine_number"]: row for row in in_order}
            self._is_sorted = True
        return self._rows

    def apply(self, message: Mapping[str, Any]) -> None:
        """Take in a message of the monitor, whose rows are the mirror's from then on.

        Raises KeyError, TypeError, ValueError for one that is none.

        A delta's rows may be of turbines that were unknown; its readings of unknown turbines are passed over.
        """
        at = read_time(message["at"])
        rows = {row["turbine_number"]: _with_shared_words(row) for row in message["turbines"]}
        readings = message.get("readings")
        if message["kind"] == "snapshot":
            self._rows = rows
        else:
            self._rows.update(rows)
        if readings is not None:
            self._take_readings(at, readings)
        if rows or message["farm"].get("waiting") != self.farm.get("waiting"):
            self._is_sorted = False
        self.at = message["at"]
        self.farm = message["farm"]

    def snapshot(self) -> Document:
        """The whole farm as one message."""
        return {"kind": "snapshot", "at": self.at, "turbines": list(self.turbines.values()), "farm": self.farm}

    def _take_readings(self, at: int, readings: Mapping[str, Any]) -> None:
        known = self._rows
        times: dict[float | None, str | None] = {None: None}  # the ages of a message are few, to the tenth of a second
        for number, age, *values in zip(*(readings[name] for name in READING_COLUMNS), strict=True):
            row = known.get(number)
            if row is None:
                continue
            if age not in times:
                times[age] = format_time(at - round(age * 10) * TENTH)
            _put(row, "received_at", times[age])
            for key, value in zip(READING_COLUMNS[2:], values, strict=True):
                _put(row, key, value)


def _with_shared_words(row: Document) -> Document:
    for key in _WORDS:
        if (word := row.get(key)) is not None:
            row[key] = intern(word)
    return row


def _put(row: Document, key: str, value: Any) -> None:
    if value is None:
        row.pop(key, None)
    else:
        row[key] = value
