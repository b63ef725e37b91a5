"""A week of a utility's real outages, of which two in five are reported more than 12 minutes after they began."""

import gzip
import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime
from itertools import islice
from pathlib import Path
from random import Random

import pytest
from sqlite_utils import Database

from grid.times import SECOND
from monitor.facts import OutageChanges, OutageReport
from monitor.store.knowledge.outages import write_outages
from monitor.store.knowledge_tables import OUTAGES, WINDOWS

TOLERANCE = 720 * SECOND
SNAPSHOTS = 300
"""Two days of them: two snapshots lie ten minutes apart."""

Extents = list[tuple[str, int, int]]


def snapshots(folder: Path) -> Iterator[tuple[int, list[tuple[str, int]]]]:
    """When each was taken, and the outages in it: whose, and when it began."""
    with gzip.open(folder / "pge-outages" / "quiet-2019-07.snapshots.jsonl.gz", "rt") as lines:
        for line in lines:
            taken = json.loads(line)
            at = round(datetime.fromisoformat(taken["committed_at"]).timestamp() * SECOND)
            yield (
                at,
                [(one["outageNumber"], int(one["outageStartTime"]) * SECOND) for one in taken["snapshot"]],
            )


def moments(folder: Path) -> list[OutageReport]:
    """Each snapshot reports what is out then; at first sight, late as it is, also when that began."""
    found, seen = [], set[str]()
    for at, listed in islice(snapshots(folder), SNAPSHOTS):
        for number, began_at in listed:
            if number not in seen:
                found.append(OutageReport(f"pge-{number}", "grid_outage", min(began_at, at), at))
                seen.add(number)
            found.append(OutageReport(f"pge-{number}", "grid_outage", at, at))
    return found


def events(reports: Sequence[OutageReport], batch: int) -> Extents:
    with closing(Database(memory=True)) as db:
        db.executescript(WINDOWS + OUTAGES)
        for begin in range(0, len(reports), batch):
            write_outages(db, OutageChanges(list(reports[begin : begin + batch])))
        rows = db.conn.execute("SELECT controller_id, started_at, ended_at FROM outages ORDER BY 1, 2")
        return [(controller_id, started_at, ended_at) for controller_id, started_at, ended_at in rows]


def walked(reports: Sequence[OutageReport]) -> Extents:
    """What a walk over the sorted reports finds."""
    found: Extents = []
    for controller_id, at in sorted((report.controller_id, report.at) for report in reports):
        if found and found[-1][0] == controller_id and at - found[-1][2] <= TOLERANCE:
            found[-1] = (controller_id, found[-1][1], at)
        else:
            found.append((controller_id, at, at))
    return found


def test_late_is_the_normal_case(shared_data: Path) -> None:
    late: dict[str, bool] = {}
    for at, listed in snapshots(shared_data):
        for number, began_at in listed:
            late.setdefault(number, at - began_at > TOLERANCE)
    assert (len(late), sum(late.values())) == (2856, 1142)


@pytest.mark.slow
def test_real_reports_give_the_same_outages_in_any_order(shared_data: Path) -> None:
    arrived = moments(shared_data)
    expected = walked(arrived)
    assert len(expected) > len({report.controller_id for report in arrived}) > 500
    assert events(arrived, 60) == expected
    shuffled = [*arrived, *arrived[::7]]
    Random(7).shuffle(shuffled)
    assert events(shuffled, 500) == expected


def test_reports_with_their_beginning_make_one_outage_of_each(shared_data: Path) -> None:
    """However late a span is told, it reaches back to where it began."""
    reports = [
        OutageReport(f"pge-{number}", "grid_outage", began_at, at, until=at)
        for at, listed in islice(snapshots(shared_data), SNAPSHOTS)
        for number, began_at in listed
        if began_at <= at  # the others are planned
    ]
    found = events(reports, 100)
    assert len(found) == len({report.controller_id for report in reports})
