"""What late readings take back: a turbine worked while it was taken for broken."""

from collections.abc import Iterator, Sequence

from sqlite_utils import Database

from grid.times import LATEST, SECOND
from monitor.facts import BROKEN, MINUTE_SECONDS, OutageReport, Window, controller_of
from monitor.outages.merging import Span
from monitor.store.knowledge.outage_rows import ongoing_of, outages_between
from monitor.store.knowledge.outage_spans import OfKind, spans_between

_OK = """
SELECT min(emitted_at) FROM readings
WHERE turbine_number = ? AND emitted_at > ? AND emitted_at < ? AND operational_status = 'ok'
"""
_BROKEN = """
SELECT emitted_at FROM readings
WHERE turbine_number = ? AND emitted_at > ? AND emitted_at <= ? AND operational_status = 'broken'
ORDER BY emitted_at LIMIT 1
"""
_OK_BEFORE_THE_REPORT = """
SELECT EXISTS (SELECT 1 FROM readings
WHERE turbine_number = ? AND emitted_at > ? AND received_at < ? AND operational_status = 'ok')
"""


def working_times(db: Database, windows: Sequence[Window]) -> Iterator[tuple[OfKind, Span]]:
    """From the first ok reading until the next broken one, where a turbine is taken for broken meanwhile.

    Without a next one it is until what was taken for broken ends, or has no end (`LATEST`) where that goes on.
    Only in minutes that were figured now: what has not changed was looked at before. The next one is looked for as far
    as the turbine is taken for broken, which is done once: then it is no longer.
    """
    for window in windows:
        if window.width_seconds == MINUTE_SECONDS:
            kind = OfKind(controller_of(window.turbine_number), BROKEN)
            end_at = window.start_at + MINUTE_SECONDS * SECOND
            if outages_between(db, kind, window.start_at, end_at):
                for span in _working(db, window.turbine_number, kind, Span(window.start_at, end_at)):
                    yield kind, span


def _working(db: Database, number: int, kind: OfKind, minute: Span) -> Iterator[Span]:
    ongoing = ongoing_of(db, kind)
    spans = spans_between(db, kind, *minute)
    if ongoing is not None and ongoing.ongoing_since is not None:
        spans = [*(span for span in spans if span.from_at < ongoing.ongoing_since), Span(ongoing.ongoing_since, LATEST)]
    for span in spans:
        after, before = max(span.from_at, minute.from_at - 1), min(span.until_at, minute.until_at)
        while (ok := _first(db, _OK, number, after, before)) is not None:
            broken = _first(db, _BROKEN, number, ok, span.until_at)
            yield Span(ok, min(span.until_at + 1, LATEST) if broken is None else broken)
            after = before if broken is None else broken


def _first(db: Database, sql: str, *values: int) -> int | None:
    found = db.conn.execute(sql, values).fetchone()
    return None if found is None else found[0]


def is_of_the_past(db: Database, number: int, report: OutageReport) -> bool:
    """Whether the turbine was known to work after the beginning of what it reports now.

    So it is where its clock was set back: then nothing goes on since that time, and minutes tell what was.
    """
    row = db.conn.execute(_OK_BEFORE_THE_REPORT, (number, report.at, report.received_at)).fetchone()
    return bool(row[0])
