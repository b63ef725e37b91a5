"""An event log says when its turbine stood."""

from collections.abc import Callable
from pathlib import Path

import pytest

from grid.errors import CommandError
from grid.metrics import TurbineMetrics
from grid.times import parse_time
from turbine.replay.farm import ReplayedFarm
from turbine.replay.statuslog import StatusLog, read_status_log
from turbine.replay.timestamps import TimeReader

Write = Callable[..., Path]
Read = Callable[..., ReplayedFarm]
Live = Callable[[ReplayedFarm], list[TurbineMetrics]]

HEADER = "# exported\n#\n# Turbine: A\n#\nTimestamp start,Timestamp end,Duration,Status,Code,Message\r\n"


def log_of(write: Write, *events: str) -> StatusLog:
    path = write(HEADER + "".join(f"{event}\r\n" for event in events), "log.csv")
    return read_status_log(path, TimeReader())


def at(text: str) -> int:
    return parse_time(f"2021-01-01T{text}Z")


def event(start: str, end: str, status: str = "Stop") -> str:
    end = end if end == "-" else f"2021-01-01 {end}"
    return f"2021-01-01 {start},{end},-,{status},1,why"


def test_a_stop_lasts_from_its_start_until_just_before_its_end(write: Write) -> None:
    log = log_of(write, event("01:00:00", "02:00:00"))
    seen = [log.stopped_at(at(time)) for time in ("00:59:59", "01:00:00", "01:59:59", "02:00:00")]
    assert seen == [False, True, True, False]


def test_warnings_and_informations_are_no_stops(write: Write) -> None:
    log = log_of(write, event("01:00:00", "02:00:00", "Warning"), event("01:00:00", "02:00:00", "Informational"))
    assert not log.stopped_at(at("01:30:00"))
    assert log.events == 2


def test_overlapping_stops_count_once(write: Write) -> None:
    log = log_of(write, event("03:00:00", "05:00:00"), event("01:00:00", "04:00:00"), event("01:30:00", "02:00:00"))
    assert log.hours == pytest.approx(4.0)
    assert log.stopped_at(at("03:30:00"))


def test_a_stop_without_an_end_lasts_until_the_next_stop(write: Write) -> None:
    log = log_of(write, event("01:00:00", "-"), event("02:00:00", "-", "Warning"), event("03:00:00", "04:00:00"))
    assert log.open_ended == [6]
    assert log.hours == pytest.approx(3.0)


def test_the_last_stop_without_an_end_lasts_until_the_log_ends(write: Write) -> None:
    log = log_of(write, event("01:00:00", "-"), event("02:00:00", "02:30:00", "Warning"))
    assert log.hours == pytest.approx(1.5)
    assert not log.stopped_at(at("02:30:00"))


def test_an_event_whose_times_make_no_sense_is_left_out_and_told(write: Write) -> None:
    log = log_of(write, event("02:00:00", "01:00:00"), "never,-,-,Stop,1,why", "short", event("03:00:00", "04:00:00"))
    assert log.unreadable == [6, 7, 8]
    assert log.hours == pytest.approx(1.0)


def test_a_file_without_the_columns_of_a_log_is_refused(write: Write) -> None:
    with pytest.raises(CommandError, match="is no event log: it has no column 'Timestamp start'"):
        read_status_log(write("a,b\n1,2\n"), TimeReader())


def test_a_log_without_a_readable_time_is_refused(write: Write) -> None:
    with pytest.raises(CommandError, match="has a time that can be read: line 6"):
        log_of(write, "never,-,-,Stop,1,why")


SCADA = "turbine,timestamp,wind_speed_m_s,power_kw\n" + "".join(
    f"{turbine},2021-01-01T{hour:02}:00:00Z,8,1\n" for turbine in ("A", "B") for hour in range(4)
)


def test_a_log_breaks_the_turbine_that_it_names_and_no_other(read: Read, live: Live, write: Write) -> None:
    log_path = write(HEADER + event("01:00:00", "02:30:00") + "\r\n", "log.csv")
    readings = live(read(SCADA, events=str(log_path)))
    broken = [each for each in readings if each.operational_status == "broken"]
    assert [(each.turbine_number, each.emitted_at) for each in broken] == [(1, at("01:00:00")), (1, at("02:00:00"))]


def test_the_user_may_say_whose_log_it_is(read: Read, live: Live, write: Write) -> None:
    log_path = write(HEADER + event("01:00:00", "02:30:00") + "\r\n", "log.csv")
    readings = live(read(SCADA, events=f"B={log_path}"))
    assert {reading.turbine_number for reading in readings if reading.operational_status == "broken"} == {2}


def test_a_log_of_a_turbine_that_the_file_lacks_is_refused(read: Read, write: Write) -> None:
    log_path = write(HEADER.replace("Turbine: A", "Turbine: Kelmarsh 1") + event("01:00:00", "-") + "\r\n", "log.csv")
    with pytest.raises(CommandError, match=r"is of turbine 'Kelmarsh 1'.* has A, B: write --events TURBINE="):
        read(SCADA, events=str(log_path))


def test_two_logs_of_one_turbine_are_refused(read: Read, write: Write) -> None:
    log_path = write(HEADER + event("01:00:00", "02:30:00") + "\r\n", "log.csv")
    with pytest.raises(CommandError, match="two logs of turbine 'A'"):
        read(SCADA, events=f"{log_path},A={log_path}")


def test_the_kelmarsh_log_has_22_stops_in_608_hours(shared_data: Path) -> None:
    log = read_status_log(shared_data / "kelmarsh" / "Status_Kelmarsh_1_sample.csv", TimeReader())
    assert log.turbine == "Kelmarsh 1"
    assert (log.events, len(log.stops), log.open_ended) == (155, 22, [])
    assert round(log.hours, 3) == 608.227
