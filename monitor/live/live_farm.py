"""What changed on the farm since it was told last: pure, and cheap where only readings came."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from operator import attrgetter
from typing import Any

from grid.times import format_time
from monitor.console.known import Known, Reporting, mean_power_in_kw
from monitor.console.standing import PLACES_SHOWN, SKEW_SHOWN_SECONDS, Standing, skew_in_words
from monitor.console.view import TurbineRow, place_in_list
from monitor.facts import Health, Link, TurbineRecord
from monitor.live.documents import READING_COLUMNS, TENTH, Document, farm_document, in_tenths, row_document

TURBINES_AT_ONCE = 5000
"""A larger farm is told in several deltas, so that the caller may let others run between them."""

ROWS_AT_ONCE = 500

READING_KEYS = ("received_at", "wind_speed", "power_output_in_kwh", "mean_power_in_kw")
"""What a newer reading changes in a row, in the order of `Told.reading`."""

_basis = attrgetter("link", "link_reason", "link_since", "health", "model", "serial", "region", "rated_power_in_kw")
_incident_basis = attrgetter("incident_id", "state", "cause", "opened_at", "opened_by", "failed_visits")
_visit_basis = attrgetter("visit_id", "engineer", "state", "sent_at", "commands", "accepted_at", "done_at")
_readings = attrgetter("received_at", "wind_speed", "power_output_in_kwh", "interval_seconds")

_ONLINE, _UNKNOWN = Link.ONLINE, Health.UNKNOWN  # looked up once: that is not free in a loop

Reading = tuple[int | None, float | None, float | None, float | None]


@dataclass(slots=True)
class Told:
    """What was told of a turbine last."""

    number: int
    basis: tuple[Any, ...]
    """What its row was made from, but for the newest reading and the gaps."""
    rest: TurbineRow
    """Its row without the newest reading; as an object it takes a third of the memory of a document."""
    seen: tuple[Any, ...] = ()
    """The newest reading, as the record had it."""
    reading: Reading = (None, None, None, None)
    """The same as it was told."""

    def document(self) -> Document:
        """The whole row."""
        reading = zip(READING_KEYS, self.reading, strict=True)
        told = row_document(self.rest) | dict(reading)
        document = {key: value for key, value in told.items() if value is not None}
        if self.reading[0] is not None:
            document["received_at"] = format_time(self.reading[0])
        return document


class LiveFarm:
    """Compares what is known with what was told last, turbine by turbine.

    That needs no notice of what happened, so that nothing can be missed: not what changes by time alone, and not
    what is read back after the store failed. A turbine of which nothing is open costs about a microsecond.
    """

    def __init__(self) -> None:
        self._told: dict[int, Told] = {}
        self._missing: dict[int, int] = {}
        self._places: dict[int, int] = {}
        self._standings: Counter[Standing] = Counter()
        self._at = 0
        self.farm: Document = {}
        """The farm's part of the last message."""
        self.has_forgotten = False
        """Whether turbines are gone since the last message: only a snapshot can tell that."""

    @property
    def at(self) -> str:
        """When the farm was told last."""
        return format_time(self._at)

    def deltas(self, known: Known) -> Iterator[Document]:
        """What changed, as one message for every 5,000 turbines, and one if there are none.

        The caller may pause between two of them. All of them must be told, or a snapshot afterwards.
        """
        records = list(known.turbines)
        self.has_forgotten = False
        self._at = in_tenths(known.at)
        gaps = self._gaps(known)
        reporting: list[Reading] = []
        for first in range(0, max(1, len(records)), TURBINES_AT_ONCE):
            part = records[first : first + TURBINES_AT_ONCE]
            rows, readings = self._compare(part, known, gaps, reporting)
            if first + TURBINES_AT_ONCE >= len(records):
                self._end(known, reporting, records)
            yield {
                "kind": "delta",
                "at": self.at,
                "turbines": rows,
                "readings": dict(zip(READING_COLUMNS, readings, strict=True)),
                "farm": self.farm,
            }

    def rows(self) -> Iterator[list[Document]]:
        """All rows as they were told last, worst first, some hundreds at a time."""
        places = self._places
        order = sorted(self._told.values(), key=lambda told: place_in_list(told.rest.standing, told.number, places))
        rows = iter(order)
        while part := list(islice(rows, ROWS_AT_ONCE)):
            yield [told.document() for told in part]

    def snapshot(self) -> Document:
        """The whole farm as it was told last."""
        turbines = [row for part in self.rows() for row in part]
        return {"kind": "snapshot", "at": self.at, "turbines": turbines, "farm": self.farm}

    def _gaps(self, known: Known) -> set[int]:
        """The turbines that lack more or fewer readings than before."""
        gaps = {number for number, _ in known.missing.items() ^ self._missing.items()}
        self._missing, self._places = dict(known.missing), known.places
        return gaps

    def _compare(
        self, records: Sequence[TurbineRecord], known: Known, gaps: set[int], reporting: list[Reading]
    ) -> tuple[list[Document], Sequence[Sequence[Any]]]:
        """The rows that changed, and of other turbines the newer readings, as columns."""
        rows: list[Document] = []
        cases = {*known.incident_of, *known.visit_of, *known.hold_of}
        newer: list[tuple[Any, ...]] = []
        # Nearly all turbines have a newer reading, and are what they were: that must cost next to nothing.
        for record in records:
            number = record.turbine_number
            told = self._told.get(number)
            basis = _basis_of(record)
            if number in cases:
                basis = (*basis, *_case_basis(number, known))
            is_same = told is not None and told.basis == basis and number not in gaps
            if told is None or not is_same:
                told, is_same = self._tell_anew(record, basis, known, told)
            seen = _readings(record)
            if seen != told.seen:
                told.seen, told.reading = seen, _reading_of(record)
                if is_same:
                    newer.append((number, *told.reading))
            if not is_same:
                rows.append(told.document())
            if record.link is _ONLINE:
                reporting.append(told.reading)
        return rows, self._columns(newer)

    def _columns(self, newer: list[tuple[Any, ...]]) -> Sequence[Sequence[Any]]:
        if not newer:
            return [[] for _ in READING_COLUMNS]
        numbers, received, *values = zip(*newer, strict=True)
        at = self._at
        ages = [None if received_at is None else (at - received_at) // TENTH / 10 for received_at in received]
        return [numbers, ages, *values]

    def _tell_anew(
        self, record: TurbineRecord, basis: tuple[Any, ...], known: Known, before: Told | None
    ) -> tuple[Told, bool]:
        """Make the row; returns it, and whether it is what it was."""
        number = record.turbine_number
        rest = _without_reading(known.row(record))
        told = Told(number, basis, rest)
        self._standings[rest.standing] += 1
        self._told[number] = told
        if before is None:
            return told, False
        self._standings[before.rest.standing] -= 1
        told.seen, told.reading = before.seen, before.reading
        return told, before.rest == rest

    def _end(self, known: Known, reporting: list[Reading], records: Sequence[TurbineRecord]) -> None:
        if len(self._told) > len(records):
            self._forget({record.turbine_number for record in records})
        self.farm = farm_document(
            known.totals(self._standings, _sums(reporting)),
            known.engineers_and_places(),
            known.places,
            known.troubles,
            known.balance,
            known.monitor,
            known.alarms,
        )

    def _forget(self, there: set[int]) -> None:
        self.has_forgotten = True
        for number in self._told.keys() - there:
            self._standings[self._told.pop(number).rest.standing] -= 1


def _without_reading(row: TurbineRow) -> TurbineRow:
    """`emitted_at` is not told live: its lead over `received_at` is in the words, where it matters."""
    return replace(
        row, emitted_at=None, received_at=None, wind_speed=None, power_output_in_kwh=None, mean_power_in_kw=None
    )


def _basis_of(record: TurbineRecord) -> tuple[Any, ...]:
    """All of a record that its row depends on, but for the newest reading itself."""
    basis: tuple[Any, ...] = _basis(record)
    skew = record.clock_skew_seconds
    has_skew = skew is not None and not -SKEW_SHOWN_SECONDS <= skew <= SKEW_SHOWN_SECONDS
    if has_skew or record.link is not _ONLINE or record.health is _UNKNOWN:
        return (*basis, skew_in_words(skew), record.received_at)
    return basis


def _reading_of(record: TurbineRecord) -> Reading:
    """The newest reading as it is told."""
    at = record.received_at
    in_time = None if at is None else at - at % TENTH
    return in_time, record.wind_speed, record.power_output_in_kwh, mean_power_in_kw(record)


def _sums(online: list[Reading]) -> Reporting:
    """Add up the readings of the turbines that are connected, and not silent for too long."""
    readings = [reading for reading in online if reading[0] is not None]
    winds = [wind for _, wind, _, _ in readings if wind is not None]
    powers = [power for _, _, _, power in readings if power is not None]
    return Reporting(len(readings), len(powers), sum(powers), len(winds), sum(winds))


def _case_basis(number: int, known: Known) -> tuple[Any, ...]:
    """All that the row of a turbine depends on where something is open."""
    incident, visit = known.incident_of.get(number), known.visit_of.get(number)
    place = known.places.get(number)
    return (
        None if incident is None else _incident_basis(incident),
        None if visit is None else _visit_basis(visit),
        known.hold_of.get(number),
        None if place is None else min(place, PLACES_SHOWN + 1),
    )
