"""Outages by filters, the latest first, and the spans that one was reported with."""

from dataclasses import dataclass
from typing import Any

from monitor.facts import Outage
from monitor.outages.merging import Span
from monitor.store.knowledge.outage_rows import to_outage
from monitor.store.reader import LedgerReader
from monitor.store.rows import columns, listed

MOST_SPANS = 1000
"""Of an outage, in one answer."""

_SELECT = f"SELECT {listed(columns(Outage))} FROM outages"  # noqa: S608 - our own names
_SPANS = """
SELECT from_at, until_at FROM outage_spans
WHERE controller_id = ? AND outage_type = ? AND from_at BETWEEN ? AND ? ORDER BY from_at DESC LIMIT ?
"""

Key = tuple[int, int]
"""Where an outage stands in the list: its beginning and its number."""


@dataclass(frozen=True, slots=True)
class OutageFilter:
    """Which outages; what is None doesn't count. `since` and `until`: those of which any part lies between."""

    controller_id: str | None = None
    turbine_number: int | None = None
    outage_type: str | None = None
    since: int | None = None
    until: int | None = None
    ongoing: bool | None = None


@dataclass(frozen=True, slots=True)
class OutagePage:
    """Outages, and where the next page begins; None on the last one."""

    outages: list[Outage]
    next_key: Key | None


def outages_page(reader: LedgerReader, wanted: OutageFilter, *, limit: int, after: Key | None = None) -> OutagePage:
    """At most `limit` outages, the latest beginning first, those beyond the key `after`."""
    wheres = [*_conditions(wanted)]
    if after is not None:
        wheres.append(("(started_at, outage_id) < (?, ?)", after))
    where = f" WHERE {' AND '.join(condition for condition, _ in wheres)}" if wheres else ""
    sql = f"{_SELECT}{where} ORDER BY started_at DESC, outage_id DESC LIMIT {limit + 1}"
    found = [to_outage(row) for row in reader.rows(sql, *(value for _, values in wheres for value in values))]
    shown = found[:limit]
    more = len(found) > limit
    return OutagePage(shown, (shown[-1].started_at, shown[-1].outage_id) if more else None)


def outage(reader: LedgerReader, outage_id: int) -> Outage | None:
    """One outage; None if there is none of this number, also where another one took it in."""
    found = reader.rows(f"{_SELECT} WHERE outage_id = ?", outage_id)
    return to_outage(found[0]) if found else None


def spans_of(reader: LedgerReader, of: Outage) -> list[Span]:
    """What was reported of an outage, in order: the latest `MOST_SPANS`. A span that goes on is not among them."""
    rows = reader.rows(_SPANS, of.controller_id, of.outage_type, of.started_at, of.ended_at, MOST_SPANS)
    return [Span(*row) for row in reversed(rows)]


def _conditions(wanted: OutageFilter) -> list[tuple[str, tuple[Any, ...]]]:
    known = [
        ("controller_id = ?", wanted.controller_id),
        ("turbine_number = ?", wanted.turbine_number),
        ("outage_type = ?", wanted.outage_type),
        ("(ended_at >= ? OR ongoing = 1)", wanted.since),
        ("started_at < ?", wanted.until),
        ("ongoing = ?", None if wanted.ongoing is None else int(wanted.ongoing)),
    ]
    return [(condition, (value,)) for condition, value in known if value is not None]
