"""The lost energy of outages, figured in the ledger from windows, again whenever these change."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from grid.times import SECOND
from monitor.facts import (
    BROKEN,
    OFFLINE,
    LostEnergyBy,
    LostEnergyUnknown,
    Outage,
    OutageChanges,
    OutageReport,
    TurbineRecord,
    Window,
)
from monitor.store.knowledge.lost_energy import FIGURED_AT_ONCE, losses_wait
from monitor.store.knowledge.outage_rows import to_outage
from monitor.store.knowledge.outages import write_outages
from monitor.store.rows import columns, insertion, listed, to_row
from monitor.store.schema import migrate

QUARTER = 900 * SECOND
HOUR = 4 * QUARTER
NOON = 1_795_262_400 * SECOND
DAY = 24 * HOUR


@pytest.fixture
def db() -> Iterator[Database]:
    with closing(Database(memory=True)) as opened:
        migrate(opened, Path("memory"))
        yield opened


def window(number: int, start_at: int, wind_speed: float, power: float, **fields: Any) -> Window:
    width = fields.pop("width_seconds", 900)
    known: dict[str, Any] = {
        "readings": width,
        "interval_seconds": 1.0,
        "covered_seconds": float(width),
        "broken_seconds": 0.0,
        "wind_speed_mean": wind_speed,
        "wind_speed_min": wind_speed,
        "wind_speed_max": wind_speed,
        "energy_in_kwh": power * width / 3600,
        "mean_power_in_kw": power,
        "max_power_in_kw": power,
        "revision": 1,
        "figured_at": start_at + width * SECOND,
    }
    return Window(number, width, start_at, **(known | fields))


def keep(db: Database, *windows: Window) -> list[Window]:
    db.conn.executemany(f"{insertion(Window, 'windows')} ON CONFLICT DO NOTHING", map(to_row(Window), windows))
    return list(windows)


def learn(db: Database, number: int = 7) -> None:
    """Three days of all winds, in which the turbine makes 50 kW for each metre per second."""
    for quarter in range(288):
        wind_speed = quarter % 24 / 2
        keep(db, window(number, NOON - 4 * DAY + quarter * QUARTER, wind_speed, 50 * wind_speed))


def place(db: Database, number: int, **fields: Any) -> None:
    row = to_row(TurbineRecord)(TurbineRecord(number, NOON, **fields))
    db.conn.execute(insertion(TurbineRecord, "turbines"), row)


def stands(db: Database, number: int = 7, quarters: int = 4) -> list[Window]:
    made = [window(number, NOON + place * QUARTER, 8.0, 0.0, broken_seconds=900.0) for place in range(quarters)]
    return keep(db, *made)


def report(kind: str = BROKEN, number: int = 7, since: int = NOON, until: int = NOON + HOUR) -> OutageReport:
    return OutageReport(f"turbine-{number}", kind, since, until, until=until)


def write(db: Database, *reports: OutageReport, windows: list[Window] | None = None) -> None:
    write_outages(db, OutageChanges(list(reports)), windows or [])


def outages(db: Database) -> list[Outage]:
    rows = db.conn.execute(f"SELECT {listed(columns(Outage))} FROM outages ORDER BY outage_id")
    return [to_outage(row) for row in rows]


def test_it_is_told_by_the_wind_and_the_turbines_own_curve(db: Database) -> None:
    learn(db)
    stands(db)
    write(db, report())
    (outage,) = outages(db)
    assert outage.lost_energy_in_kwh == pytest.approx(400.0)
    assert (outage.lost_energy_by, outage.lost_energy_unknown) == (LostEnergyBy.OWN_CURVE, None)


def test_without_a_curve_of_its_own_the_models_is_taken(db: Database) -> None:
    place(db, 7, model="MM92", rated_power_in_kw=2050.0)
    stands(db)
    write(db, report())
    (outage,) = outages(db)
    assert outage.lost_energy_by is LostEnergyBy.MODEL_CURVE
    assert 500 < (outage.lost_energy_in_kwh or 0) < 1000


def test_without_any_curve_the_nearest_neighbours_of_the_region_are_asked(db: Database) -> None:
    place(db, 7, rated_power_in_kw=2000.0, region="North", latitude=54.0, longitude=8.0)
    for number in range(8, 12):
        place(db, number, rated_power_in_kw=1000.0, region="North", latitude=54.0, longitude=8.0 + number / 100)
        keep(db, *(window(number, NOON + place * QUARTER, 8.0, 300.0) for place in range(4)))
    for number, region, longitude in ((20, "North", 9.0), (21, "South", 8.0)):
        place(db, number, rated_power_in_kw=1000.0, region=region, latitude=54.0, longitude=longitude)
        keep(db, *(window(number, NOON + place * QUARTER, 8.0, 900.0) for place in range(4)))
    write(db, report())
    (outage,) = outages(db)
    assert outage.lost_energy_in_kwh == pytest.approx(600.0)
    assert outage.lost_energy_by is LostEnergyBy.NEIGHBOURS


def test_windows_of_neighbours_that_come_later_are_asked_too(db: Database) -> None:
    place(db, 7, rated_power_in_kw=2000.0, region="North")
    place(db, 8, rated_power_in_kw=2000.0, region="North")
    write(db, report())
    assert outages(db)[0].lost_energy_unknown is LostEnergyUnknown.NO_CURVE
    write(db, windows=keep(db, *(window(8, NOON + place * QUARTER, 8.0, 300.0) for place in range(4))))
    (outage,) = outages(db)
    assert outage.lost_energy_in_kwh == pytest.approx(300.0)
    assert outage.lost_energy_unknown is None


def test_windows_that_come_later_have_it_figured_again(db: Database) -> None:
    learn(db)
    write(db, report())
    assert outages(db)[0].lost_energy_unknown is LostEnergyUnknown.NO_WIND
    write(db, windows=stands(db))
    assert outages(db)[0].lost_energy_in_kwh == pytest.approx(400.0)
    db.conn.execute("UPDATE windows SET mean_power_in_kw = 200 WHERE start_at = ?", [NOON])
    write(db, windows=[window(7, NOON, 8.0, 200.0)])
    assert outages(db)[0].lost_energy_in_kwh == pytest.approx(350.0)


def test_windows_elsewhere_have_nothing_figured(db: Database) -> None:
    learn(db)
    stands(db)
    write(db, report())
    before = list(db.conn.iterdump())
    write(db, windows=[window(7, NOON + DAY, 8.0, 0.0), window(8, NOON, 8.0, 0.0)])
    assert list(db.conn.iterdump()) == before


def test_an_outage_of_information_loses_what_nobody_knows(db: Database) -> None:
    learn(db)
    write(db, report(OFFLINE))
    assert outages(db)[0].lost_energy_unknown is LostEnergyUnknown.NO_INFORMATION
    late = keep(db, *(window(7, NOON + place * QUARTER, 8.0, 400.0) for place in range(4)))
    write(db, windows=late)
    assert outages(db)[0].lost_energy_in_kwh == pytest.approx(0.0)


def test_one_that_goes_on_is_figured_with_each_quarter_hour(db: Database) -> None:
    learn(db)
    write(db, OutageReport("turbine-7", BROKEN, NOON, NOON, ongoing=True))
    for quarters in (1, 2):
        end = NOON + quarters * QUARTER
        moment = OutageReport("turbine-7", BROKEN, end, end)
        write(db, moment, windows=stands(db, quarters=quarters))
        assert outages(db)[0].lost_energy_in_kwh == pytest.approx(100.0 * quarters)


def test_a_short_outage_is_figured_from_minutes(db: Database) -> None:
    learn(db)
    minutes = [window(7, NOON + minute * 60 * SECOND, 8.0, 0.0, width_seconds=60) for minute in range(10)]
    keep(db, *minutes, window(7, NOON, 8.0, 133.3))  # of an outage: nothing is learnt from it
    write(db, report(until=NOON + 600 * SECOND))
    assert outages(db)[0].lost_energy_in_kwh == pytest.approx(400 / 6)


def test_a_moment_loses_nothing(db: Database) -> None:
    write(db, report(until=NOON))
    assert outages(db)[0].lost_energy_in_kwh == 0


def test_many_are_figured_a_few_with_each_commit(db: Database) -> None:
    learn(db)
    many = [report("pump", since=NOON + n * HOUR, until=NOON + n * HOUR + QUARTER) for n in range(FIGURED_AT_ONCE + 2)]
    write(db, *many)
    waiting = [outage for outage in outages(db) if outage.lost_energy_unknown is LostEnergyUnknown.NOT_FIGURED]
    assert len(waiting) == 2
    assert losses_wait(db)
    write(db)
    assert not losses_wait(db)
    assert LostEnergyUnknown.NOT_FIGURED not in {outage.lost_energy_unknown for outage in outages(db)}
    assert db.conn.execute("SELECT count(*) FROM outages_to_figure").fetchone() == (0,)


def test_late_readings_reveal_a_turbine_that_was_broken(db: Database) -> None:
    place(db, 7)
    insert = (
        "INSERT INTO readings (turbine_number, emitted_at, wind_speed, power_output_in_kwh, operational_status, "
        "received_at) VALUES (7, ?, 8, 0, ?, ?)"
    )
    for second in range(100):
        status = "broken" if 20 <= second < 70 else "ok"
        db.conn.execute(insert, [NOON + second * SECOND, status, NOON + DAY])
    minutes = [
        window(7, NOON, 8.0, 0.0, width_seconds=60, broken_seconds=40.0),
        window(7, NOON + 60 * SECOND, 8.0, 0.0, width_seconds=60, broken_seconds=10.0),
    ]
    for minute in minutes:
        write(db, windows=keep(db, minute))
    (outage,) = outages(db)
    assert ((outage.started_at - NOON) // SECOND, (outage.ended_at - NOON) // SECOND) == (20, 70)
    assert (outage.outage_type, outage.down_seconds) == (BROKEN, 50)
