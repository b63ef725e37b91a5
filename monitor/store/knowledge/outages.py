"""Outages in the ledger: reports are merged in the transaction of their batch, in whatever order they come."""

from collections.abc import Sequence

from sqlite_utils import Database

from grid.times import LATEST, SECOND
from monitor.facts import (
    BROKEN,
    Outage,
    OutageChanges,
    OutageNews,
    OutageReport,
    RememberedKnowledge,
    Window,
    turbine_of,
)
from monitor.outages.merging import Extent, Span, down_microseconds, lasting, outages_of, union
from monitor.store.knowledge.broken_runs import broken_runs
from monitor.store.knowledge.lost_energy import figure_lost_energies, mark_outages
from monitor.store.knowledge.ok_readings import is_of_the_past, working_times
from monitor.store.knowledge.outage_rows import OutageRows, ongoing_of, ongoing_outages, outages_between
from monitor.store.knowledge.outage_spans import Inserted, OfKind, cut_spans, insert_span, spans_between

_EVER = 2**62
"""Later than any time."""


def write_outages(db: Database, changes: OutageChanges, windows: Sequence[Window] = ()) -> list[OutageNews]:
    """Merge the reports of a batch, and what the windows figured now reveal; figure some of the lost energies.

    Returns what became of which outage. A report that tells nothing new changes nothing.
    """
    merge = _Merge(db, round(changes.tolerance_seconds * SECOND))
    for report in changes.reports:
        merge.take(report)
    for report in broken_runs(db, windows):
        merge.add(report)
    for kind, span in working_times(db, windows):
        merge.take_back(kind, span, windows[0].figured_at)
    mark_outages(db, windows)
    figure_lost_energies(db, merge.tolerance)
    return merge.rows.news()


def read_outages(db: Database, remembered: RememberedKnowledge) -> None:
    """Fill in the outages that go on, and whose outages are known."""
    remembered.ongoing_outages = ongoing_outages(db)
    remembered.controllers = [name for (name,) in db.execute("SELECT DISTINCT controller_id FROM outages")]


class _Merge:
    """Merges reports into the tables; `tolerance` is in microseconds."""

    def __init__(self, db: Database, tolerance: int) -> None:
        self._db = db
        self.tolerance = tolerance
        self.rows = OutageRows(db)

    def take(self, report: OutageReport) -> None:
        """Merge one report, of the monitor's own or of a controller."""
        kind = OfKind(report.controller_id, report.outage_type)
        if report.ongoing is None:
            if kind.outage_type == BROKEN and turbine_of(kind.controller_id) is not None:
                insert_span(self._db, _reported(kind), _span_of(report))
            self.add(report)
        elif report.ongoing:
            if not self._is_of_the_past(report):
                self._begin(kind, report.at, report.received_at)
        else:
            self._take_end(kind, report)

    def add(self, report: OutageReport) -> None:
        """Merge a report of what is over."""
        self._add(OfKind(report.controller_id, report.outage_type), _span_of(report), report.received_at)

    def take_back(self, kind: OfKind, cut: Span, at: int) -> None:
        """Nothing was out between both ends of a time, but for what controllers have reported. It may have no end."""
        found = outages_between(self._db, kind, cut.from_at, cut.from_at)
        since = found[-1].ongoing_since if found else None
        if since is not None and since < cut.until_at:
            insert_span(self._db, kind, Span(since, cut.from_at))
            since = cut.until_at if cut.until_at < LATEST else None
        cut_spans(self._db, kind, cut, kept=_reported(kind))
        self._figure_again(kind, found, Span(cut.from_at, cut.from_at), since, at)

    def _take_end(self, kind: OfKind, report: OutageReport) -> None:
        span, ongoing = _span_of(report), ongoing_of(self._db, kind)
        if ongoing is not None and ongoing.ongoing_since is not None:
            # Not since `report.at`: late readings may have told meanwhile that it goes on since another time.
            since = ongoing.ongoing_since
            self._end(kind, ongoing, Span(since, max(since, span.until_at)), report.received_at)
        elif not self._is_of_the_past(report):
            self._add(kind, span, report.received_at)

    def _is_of_the_past(self, report: OutageReport) -> bool:
        number = turbine_of(report.controller_id)
        return report.outage_type == BROKEN and number is not None and is_of_the_past(self._db, number, report)

    def _add(self, kind: OfKind, span: Span, at: int) -> None:
        """Add what is over: that joins outages, and never parts them."""
        inserted = insert_span(self._db, kind, span)
        if inserted is None:
            return
        found = self._near(kind, inserted.span)
        if not found:
            length = (inserted.span.until_at - inserted.span.from_at) / SECOND
            self.rows.insert(kind, Extent(*inserted.span, length), None, at)
            return
        since = found[-1].ongoing_since
        extent = Extent(
            min(found[0].started_at, inserted.span.from_at),
            max(found[-1].ended_at, inserted.span.until_at),
            (sum(round(outage.down_seconds * SECOND) for outage in found) + self._more(inserted, found[-1])) / SECOND,
        )
        self._join(found, extent, since, at)

    def _more(self, inserted: Inserted, last: Outage) -> int:
        """How much longer something was out than was known, in microseconds: only the neighbours can tell."""
        before, after = inserted.before, inserted.after
        if last.ongoing_since is not None:
            until = max(last.ended_at, inserted.span.until_at)
            before = union([*before, Span(last.ongoing_since, last.ended_at)])
            after = union([*after, Span(last.ongoing_since, until)])
        return down_microseconds(after, self.tolerance) - down_microseconds(before, self.tolerance)

    def _near(self, kind: OfKind, span: Span) -> list[Outage]:
        return outages_between(self._db, kind, span.from_at - self.tolerance, span.until_at + self.tolerance)

    def _begin(self, kind: OfKind, since: int, at: int) -> None:
        """Something goes on from now: whatever was reported after its beginning belongs to it.

        What goes on already has gone on until now, however long ago that was reported.
        """
        told, ongoing = Span(since, since), ongoing_of(self._db, kind)
        if ongoing is not None and ongoing.ongoing_since is not None and ongoing.ongoing_since < since:
            insert_span(self._db, kind, told)
            since = ongoing.ongoing_since
        found = outages_between(self._db, kind, since - self.tolerance, _EVER)
        self._figure_again(kind, found, told, since, at)

    def _end(self, kind: OfKind, ongoing: Outage, span: Span, at: int) -> None:
        """It is over: what was reported long after its end is another outage."""
        insert_span(self._db, kind, span)
        near = self._near(kind, span)
        found = near if ongoing in near else [*near, ongoing]
        self._figure_again(kind, found, span, None, at)

    def _figure_again(self, kind: OfKind, found: list[Outage], span: Span, since: int | None, at: int) -> None:
        """Make outages of all spans in the time of those that were `found`; the oldest number is kept."""
        first = min([span.from_at, *(outage.started_at for outage in found)])
        last = max([span.until_at, *(outage.ended_at for outage in found)])
        spans = spans_between(self._db, kind, first, last)
        spans = spans if since is None else lasting([*spans, Span(last, last)], since)
        extents = outages_of(spans, self.tolerance)
        left = list(found)
        for index, extent in enumerate(extents):
            goes_on = since if index == len(extents) - 1 else None
            mine = [outage for outage in left if _overlap(outage, extent)]
            left = [outage for outage in left if outage not in mine]
            if mine:
                self._join(mine, extent, goes_on, at)
            else:
                self.rows.insert(kind, extent, goes_on, at)

    def _join(self, found: list[Outage], extent: Extent, since: int | None, at: int) -> None:
        kept = min(found, key=lambda outage: outage.outage_id)
        others = [outage for outage in found if outage is not kept]
        if others:
            self.rows.join(kept, others)
        self.rows.update(kept, extent, since, at)


def _span_of(report: OutageReport) -> Span:
    return Span(report.at, max(report.at, report.at if report.until is None else report.until))


def _reported(kind: OfKind) -> OfKind:
    """Under which kind that is kept apart which controllers report of turbines as broken: no reading takes it back."""
    return OfKind(kind.controller_id, f"{kind.outage_type}:reported")


def _overlap(outage: Outage, extent: Extent) -> bool:
    return outage.started_at <= extent.ended_at and outage.ended_at >= extent.started_at
