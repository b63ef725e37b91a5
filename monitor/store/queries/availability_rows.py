"""What the ledger holds of the availability of some turbines: one SELECT for each kind of row, not for each turbine."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from monitor.availability.coverage import Quarter
from monitor.availability.periods import MINUTE, QUARTER
from monitor.availability.spans import Span
from monitor.facts import Category, Outage
from monitor.store.knowledge.outage_rows import to_outage
from monitor.store.reader import LedgerReader
from monitor.store.rows import columns, listed

_ASKED = "WITH asked(number) AS MATERIALIZED (SELECT value FROM json_each(:turbines))"
_FIRST = f"""
{_ASKED}
SELECT number,
    (SELECT start_at FROM windows WHERE turbine_number = number AND width_seconds = 60 ORDER BY start_at LIMIT 1),
    (SELECT start_at FROM windows WHERE turbine_number = number AND width_seconds = 900 ORDER BY start_at LIMIT 1),
    (SELECT started_at FROM outages WHERE turbine_number = number ORDER BY started_at LIMIT 1)
FROM asked
"""  # noqa: S608 - our own words
# Several sums in one look-up: with GROUP BY, SQLite sorts all rows first, which takes three times as long.
_SUMS = """
WITH part(number, since, until) AS MATERIALIZED (
    SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]') FROM json_each(:parts)
)
SELECT number, since, (
    SELECT json_array(sum(covered_seconds), sum(broken_seconds), sum(energy_in_kwh)) FROM windows
    WHERE turbine_number = number AND width_seconds = :width AND start_at >= since AND start_at < until
) FROM part
"""
_WHICH_OUTAGES = f"""
FROM asked CROSS JOIN outages ON turbine_number = number
WHERE started_at < :until AND (ended_at >= :since OR ongoing = 1)
AND category <> '{Category.INFORMATION_UNAVAILABLE}'
"""
_OUTAGES = f"{_ASKED} SELECT {listed(columns(Outage))} {_WHICH_OUTAGES} ORDER BY started_at"
_SPANS = f"""
{_ASKED}, which AS MATERIALIZED (SELECT outage_id, controller_id, outage_type, started_at, ended_at {_WHICH_OUTAGES})
SELECT outage_id, from_at, until_at FROM which CROSS JOIN outage_spans USING (controller_id, outage_type)
WHERE from_at BETWEEN started_at AND ended_at
"""  # noqa: S608 - our own words
_QUARTERS = """
WITH stretch(number, since, until) AS MATERIALIZED (
    SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]')
    FROM json_each(:stretches)
)
SELECT number, since, start_at, covered_seconds, broken_seconds
FROM stretch CROSS JOIN windows ON turbine_number = number AND width_seconds = 900
WHERE start_at >= since AND start_at < until
"""


Part = tuple[int, int, int]
"""A turbine's number, from when on, and before when."""


class Sums(NamedTuple):
    """What windows tell of a time, added up."""

    covered_seconds: float
    broken_seconds: float
    energy_in_kwh: float


def first_known(reader: LedgerReader, turbines: Sequence[int]) -> Mapping[int, int]:
    """The minute of each turbine's first reading or outage, in event time; nothing of those that have neither."""
    known = {}
    for number, minute, quarter, outage in reader.rows(_FIRST, turbines=json.dumps(turbines)):
        inside = minute is not None and (quarter is None or minute < quarter + QUARTER)
        moments = [at for at in (minute if inside else quarter, outage) if at is not None]
        if moments:
            known[number] = min(moments) // MINUTE * MINUTE
    return known


def sums(
    reader: LedgerReader, parts: Iterable[Part], *, width_seconds: int
) -> Mapping[int, Sequence[tuple[int, Sums]]]:
    """What the windows tell that begin in each part, by turbine, with when the part begins; nothing where none is."""
    found: dict[int, list[tuple[int, Sums]]] = defaultdict(list)
    for number, since, written in reader.rows(_SUMS, parts=json.dumps(list(parts)), width=width_seconds):
        values = json.loads(written)
        if values[0] is not None:
            found[number].append((since, Sums(*values)))
    return found


def outages(
    reader: LedgerReader, turbines: Sequence[int], over: Span
) -> Mapping[int, Sequence[tuple[Outage, Sequence[Span]]]]:
    """Of each turbine, the outages that overlap a time, in order, with what was reported of each.

    Those that say that nothing is known of it are not among them.
    """
    which = {"turbines": json.dumps(turbines), "since": over.since, "until": over.until}
    reported: dict[int, list[Span]] = defaultdict(list)
    for outage_id, since, until in reader.rows(_SPANS, **which):
        reported[outage_id].append(Span(since, until))
    found: dict[int, list[tuple[Outage, Sequence[Span]]]] = defaultdict(list)
    for outage in map(to_outage, reader.rows(_OUTAGES, **which)):
        found[outage.turbine_number or 0].append((outage, reported[outage.outage_id]))
    return found


def quarters(reader: LedgerReader, stretches: Iterable[Part]) -> Mapping[tuple[int, int], Sequence[Quarter]]:
    """The quarter hours of each stretch, by turbine and from when on it is."""
    found: dict[tuple[int, int], list[Quarter]] = defaultdict(list)
    for number, since, *quarter in reader.rows(_QUARTERS, stretches=json.dumps(list(stretches))):
        found[number, since].append(Quarter(*quarter))
    return found
