"""A late reading that says ok ends or parts what its turbine was taken for broken."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from sqlite_utils import Database

from grid.times import SECOND
from monitor.facts import OutageChanges, OutageReport, WindowChanges, WindowMark
from monitor.store.knowledge.outages import write_outages
from monitor.store.knowledge.windows import write_windows
from monitor.store.ledger import Ledger

NOON = 1_795_262_400 * SECOND
MINUTE = 60 * SECOND


@pytest.fixture
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    path = tmp_path_factory.mktemp("data") / "grid.db"
    Ledger.open(path).close()
    with closing(Database(path)) as opened:
        yield opened


def at(minute: float) -> int:
    return NOON + round(minute * MINUTE)


def hear(db: Database, status: str, *minutes: float) -> None:
    """Readings come, and their minutes are figured."""
    for minute in minutes:
        values = (7, at(minute), status, at(minute))
        db.conn.execute(
            "INSERT INTO readings (turbine_number, emitted_at, wind_speed, power_output_in_kwh, operational_status,"
            " received_at) VALUES (?, ?, 8, 1, ?, ?)",
            values,
        )
    due = sorted({WindowMark(7, at(minute) // MINUTE * MINUTE) for minute in minutes})
    windows = write_windows(db, WindowChanges(marked=due, due=due, at=NOON)).figured
    write_outages(db, OutageChanges(), windows)


def begins(minute: float) -> OutageReport:
    return OutageReport("turbine-7", "broken", at(minute), at(minute), ongoing=True)


def ends(since: float, until: float) -> OutageReport:
    return OutageReport("turbine-7", "broken", at(since), at(until), until=at(until), ongoing=False)


def write(db: Database, *reports: OutageReport) -> None:
    write_outages(db, OutageChanges(list(reports)))


def outages(db: Database) -> list[tuple[float, float, bool, float]]:
    rows = db.conn.execute("SELECT started_at, ended_at, ongoing, down_seconds FROM outages ORDER BY started_at")
    return [((since - NOON) / MINUTE, (until - NOON) / MINUTE, bool(on), down) for since, until, on, down in rows]


def test_a_late_ok_reading_gives_an_outage_its_exact_end(db: Database) -> None:
    write(db, begins(0))
    hear(db, "broken", 0, 1, 2)
    write(db, ends(0, 30))
    hear(db, "ok", 30)
    assert outages(db) == [(0, 30, False, 1800)]
    hear(db, "ok", 3, 9)
    assert outages(db) == [(0, 3, False, 180)]


def test_a_late_ok_reading_parts_what_lies_further_apart_than_the_tolerance(db: Database) -> None:
    write(db, begins(0))
    hear(db, "broken", 0, 1, 29)
    write(db, ends(0, 30))
    hear(db, "ok", 2)
    assert outages(db) == [(0, 2, False, 120), (29, 30, False, 60)]


def test_a_late_ok_reading_moves_the_beginning_of_what_goes_on(db: Database) -> None:
    write(db, begins(0))
    hear(db, "broken", 0, 1, 29)
    hear(db, "ok", 2)
    assert [(since, on) for since, _, on, _ in outages(db)] == [(0, False), (29, True)]
    write(db, ends(0, 31))
    assert outages(db) == [(0, 2, False, 120), (29, 31, False, 120)]


def test_what_a_controller_reported_stays_whatever_readings_say(db: Database) -> None:
    write(db, OutageReport("turbine-7", "broken", at(5), at(5), until=at(8)), begins(0))
    hear(db, "broken", 0)
    write(db, ends(0, 10))
    hear(db, "ok", 1)
    assert outages(db) == [(0, 8, False, 240)]


def test_a_clock_that_was_set_back_makes_no_outage_of_years(db: Database) -> None:
    hear(db, "ok", 0, 1)
    before = -10_000_000.0
    write(db, OutageReport("turbine-7", "broken", at(before), at(2), ongoing=True))
    assert outages(db) == []
    write(db, OutageReport("turbine-7", "broken", at(before), at(3), until=at(3), ongoing=False))
    assert outages(db) == []
    hear(db, "broken", before)
    assert outages(db) == [(before, before, False, 0)]
