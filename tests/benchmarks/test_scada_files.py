"""What files say of themselves: on small ones made here, and on the real ones where they are."""

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from benchmarks.programs import BenchmarkError
from benchmarks.real_data import every_ten_minutes, real_data, report, standing_reports, write_carrier
from benchmarks.scada_files import (
    Slot,
    Stop,
    episodes,
    hours,
    joined,
    kelmarsh_day,
    kelmarsh_stops,
    shared_hours,
    yalova_year,
)

TEN = datetime(2021, 1, 1, 10, tzinfo=UTC)
CURVE = "Wind speed (m/s),Power (kW)\n4,100\n8,500\n"
LOG = """\
# Turbine: Kelmarsh 1
Timestamp start,Timestamp end,Duration,Status,Code,Message
2016-01-02 00:20:00,2016-01-02 01:00:00,00:40:00,Stop,2,Brake
2016-01-01 23:00:00,2016-01-02 00:10:00,01:10:00,Stop,1,Brake
2016-01-01 23:00:00,-,-,Warning,3,Fan
"""


def minutes(*numbers: int) -> list[datetime]:
    return [TEN + timedelta(minutes=number) for number in numbers]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files of both farms, of a few rows."""
    (tmp_path / "kelmarsh").mkdir()
    (tmp_path / "yalova").mkdir()
    kelmarsh = tmp_path / "kelmarsh"
    (kelmarsh / "mm92_power_curve.csv").write_text(CURVE)
    (kelmarsh / "Status_Kelmarsh_1_sample.csv").write_text(LOG)
    (kelmarsh / "kelmarsh_2021-01-01_6_turbines.csv").write_text(
        "turbine,timestamp,wind_speed_m_s,power_kw\n"
        "KWF2,2021-01-01T10:00:00Z,6.0,-3.0\nKWF2,2021-01-01T10:10:00Z,,-3.0\nKWF2,2021-01-01T10:20:00Z,9.0,597.0\n"
    )
    rows = "Date/Time,P,W,T,D\r\n31 12 2018 23:40,2500.5,9.5,2418.0,84.3\r\n31 12 2018 23:50,0.0,4.5,200.0,82.3\r\n"
    (tmp_path / "yalova" / "T1.csv.gz").write_bytes(gzip.compress(rows.encode("utf-8-sig")))
    return tmp_path


def test_reports_within_the_tolerance_are_one_event() -> None:
    assert episodes(minutes(0, 10, 20, 40), 12) == 2
    assert episodes(minutes(0, 10, 20, 30, 40), 12) == 1
    assert episodes([], 12) == 0


def test_a_turbine_that_made_nothing_in_wind_stood(folder: Path) -> None:
    (turbine,) = kelmarsh_day(folder).values()
    assert [slot.at for slot in turbine.standing] == [TEN]
    assert [slot.expected_kw for slot in turbine.slots] == [300.0, 500.0]
    assert (turbine.energy_kwh, turbine.lost_kwh, turbine.availability) == (99.0, 50.5, 0.5)


def test_stops_are_joined_over_short_pauses(folder: Path) -> None:
    stops = kelmarsh_stops(folder)
    assert (len(stops), len(joined(stops, 9)), len(joined(stops, 10))) == (2, 2, 1)
    assert joined(stops, 10) == [Stop(stops[0].since, stops[1].until)]
    assert hours(stops) == pytest.approx(110 / 60)


def test_hours_that_two_lists_of_stops_share() -> None:
    stops = [Stop(*minutes(0, 60)), Stop(*minutes(90, 120))]
    assert shared_hours(stops, [Stop(*minutes(30, 100)), Stop(*minutes(200, 300))]) == pytest.approx(40 / 60)


def test_the_year_has_its_own_theoretical_curve(folder: Path) -> None:
    year = yalova_year(folder)
    assert [slot.at.isoformat() for slot in year.standing] == ["2018-12-31T23:50:00+00:00"]
    assert [year.energy_kwh, year.expected_kwh] == pytest.approx([2500.5 / 6, 2618 / 6])


def test_a_stop_is_seen_every_ten_minutes_and_at_its_end() -> None:
    assert every_ten_minutes(Stop(*minutes(0, 25))) == minutes(0, 10, 20, 25)
    assert every_ten_minutes(Stop(*minutes(0, 20))) == minutes(0, 10, 20)
    assert every_ten_minutes(Stop(*minutes(0, 2))) == minutes(0, 2)


def test_a_slot_is_reported_for_the_ten_minutes_before_it() -> None:
    assert standing_reports(3, [Slot(TEN, 6.0, 0.0, 300.0)]) == [report("turbine-3", "standing", *minutes(-10, 0))]
    assert report("turbine-3", "stop", TEN) == {
        "controller_id": "turbine-3",
        "outage_type": "stop",
        "timestamp": "2021-01-01T10:00:00+00:00",
    }


def test_a_year_of_rows_carries_a_log(tmp_path: Path) -> None:
    moments = write_carrier(tmp_path / "2016.csv", 2016)
    lines = (tmp_path / "2016.csv").read_text().splitlines()
    assert len(moments) == len(lines) - 1 == 366 * 144
    assert lines[-1] == "KWF1,2016-12-31T23:50:00+00:00,8.0,896.0"


def test_without_the_files_a_sentence_says_so(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match="the real data are not in"):
        next(real_data(tmp_path, say=print))


def test_kelmarsh_says_of_itself_what_is_published(shared_data: Path) -> None:
    day = kelmarsh_day(shared_data)
    assert {number: len(turbine.standing) for number, turbine in day.items()} == {
        1: 101,
        2: 100,
        3: 0,
        4: 113,
        5: 76,
        6: 0,
    }
    energies = [round(turbine.energy_kwh, 1) for turbine in day.values()]
    assert energies == [4264.8, 4678.2, 11421.3, 2333.2, 4470.4, 9393.7]
    stops = kelmarsh_stops(shared_data)
    assert (len(stops), round(hours(stops), 3), len(joined(stops, 12))) == (22, 608.227, 9)


def test_yalova_says_of_itself_what_is_published(shared_data: Path) -> None:
    year = yalova_year(shared_data)
    assert (len(year.slots), len(year.standing)) == (50_530, 1_788)
    assert (round(year.energy_kwh / 1000, 2), round(year.expected_kwh / 1000, 2)) == (11_012.88, 12_566.60)
    assert episodes([slot.at for slot in year.standing], 12) == 237
