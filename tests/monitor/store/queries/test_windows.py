"""Windows as they are asked for: an area's are complete when none of its turbines' windows then is open."""

from pathlib import Path

from grid.metrics import OperationalStatus
from grid.times import SECOND
from monitor.facts import Changes, KnowledgeChanges, Now, Reading, TurbineRecord
from monitor.store.ledger import Ledger
from monitor.store.queries.windows import Wanted, area_windows
from monitor.store.reader import LedgerReader
from monitor.windows.windows import Windows

NOON = 1_780_315_200 * SECOND
QUARTER = 900 * SECOND


def readings(number: int, begin: int, end: int) -> list[Reading]:
    """One every ten seconds."""
    times = range(NOON + begin * SECOND, NOON + end * SECOND, 10 * SECOND)
    return [Reading(number, at, 8.0, 0.5, OperationalStatus.OK, None, None, None, None, None, NOON) for at in times]


def test_an_areas_quarter_hour_is_open_while_any_minute_in_it_is(tmp_path: Path) -> None:
    path = tmp_path / "grid.db"
    with Ledger.open(path) as ledger:
        ledger.commit(Changes(turbines=[TurbineRecord(7, NOON), TurbineRecord(8, NOON)]))
        windows = Windows(ledger.load().knowledge, now=Now(NOON, 0.0))
        batches = [readings(7, 0, 2000), *[[]] * 10, readings(8, 60, 90)]
        for step, batch in enumerate(batches):
            decided = windows.take(batch, Now(NOON, step * 1.0))
            windows.settle(ledger.commit(Changes(batch, knowledge=KnowledgeChanges(decided))).knowledge.windows)
        with LedgerReader.open(path) as reader:
            found = area_windows(reader, "", Wanted(900, NOON, NOON + 2 * QUARTER, 10), now=NOON)
    assert [(shown.window.turbines, shown.is_complete) for shown in found] == [(1, False), (1, True)]
