"""Whole files become turbines: made-up ones with every kind of trouble, and the real ones."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grid.errors import CommandError, ExitCode
from grid.metrics import OperationalStatus, TurbineMetrics
from grid.repair import RepairCommand, RepairState
from grid.times import format_time, parse_time
from turbine.replay.farm import ReplayedFarm, numbered
from turbine.replay.spool import RUN

HEADER = "turbine,timestamp,wind_speed_m_s,power_kw\n"
Read = Callable[..., ReplayedFarm]
Live = Callable[[ReplayedFarm], list[TurbineMetrics]]


def rows(*lines: str) -> str:
    return HEADER + "".join(f"{line}\n" for line in lines)


def two_hours(turbine: str, *, minutes: int = 10, power: float = 600.0) -> list[str]:
    times = [f"2021-01-01T{minute // 60:02}:{minute % 60:02}:00Z" for minute in range(0, 120, minutes)]
    return [f"{turbine},{time},8.0,{power}" for time in times]


def sentence_of(read: Read, *arguments: Any, **options: Any) -> str:
    with pytest.raises(CommandError) as caught:
        read(*arguments, **options)
    assert caught.value.code is ExitCode.WRONG_USAGE
    assert "\n" not in str(caught.value)
    return str(caught.value)


# --- readings


def test_mean_power_becomes_the_energy_of_its_interval(read: Read, live: Live) -> None:
    readings = live(read(rows(*two_hours("A", minutes=10))))
    assert [reading.power_output_in_kwh for reading in readings] == [pytest.approx(100.0)] * 12


def test_each_turbine_has_the_interval_of_its_own_rows(read: Read, live: Live) -> None:
    farm = read(rows(*two_hours("A", minutes=10), *two_hours("B", minutes=30)))
    energy = {reading.turbine_number: reading.power_output_in_kwh for reading in live(farm)}
    assert energy == {1: pytest.approx(100.0), 2: pytest.approx(300.0)}


def test_a_given_interval_wins_over_the_files(read: Read, live: Live) -> None:
    readings = live(read(rows(*two_hours("A")), interval=60.0))
    assert readings[0].power_output_in_kwh == pytest.approx(10.0)


def test_a_turbine_with_one_row_takes_the_interval_of_the_others(read: Read, live: Live) -> None:
    readings = live(read(rows("B,2021-01-01T00:00:00Z,8,600", *two_hours("A"))))
    assert readings[0].power_output_in_kwh == pytest.approx(100.0)


def test_energy_in_the_file_is_taken_as_it_is(read: Read, live: Live) -> None:
    file = "t,v,kwh\n2021-01-01T00:00:00Z,8,-1.5\n"
    readings = live(read(file, columns="time=t,wind_speed=v,energy_kwh=kwh"))
    assert [reading.power_output_in_kwh for reading in readings] == [-1.5]


def test_readings_carry_the_files_time_and_are_counted(read: Read, live: Live) -> None:
    readings = live(read(rows(*two_hours("A"))))
    assert readings[1].emitted_at == parse_time("2021-01-01T00:10:00Z")
    assert [reading.sequence for reading in readings] == list(range(12))
    assert {reading.session for reading in readings} == {"test"}


def test_run_seconds_are_the_files_seconds_since_its_first_reading(read: Read) -> None:
    farm = read(rows("B,2021-01-01T00:10:00Z,8,1", *two_hours("A")))
    dues = {turbine.turbine_number: turbine.next_due() for turbine in farm.turbines}
    assert dues == {1: 600.0, 2: 0.0}


def test_an_unsorted_file_is_sent_in_order_of_time(read: Read, live: Live) -> None:
    readings = live(read(rows(*reversed(two_hours("A")))))
    times = [reading.emitted_at for reading in readings]
    assert len(times) == 12
    assert times == sorted(times, key=lambda time: time or 0)


def test_shifted_to_now_the_last_reading_ends_now(read: Read, live: Live, told: list[str]) -> None:
    times = [reading.emitted_at or 0 for reading in live(read(rows(*two_hours("A")), shift_to_now=True))]
    assert [format_time(time) for time in times[-2:]] == ["2026-06-01T11:50:00.000000Z", "2026-06-01T12:00:00.000000Z"]
    assert any("all times are moved" in sentence for sentence in told)


def test_voltage_current_and_temperature_are_sent_where_they_are_known(read: Read, live: Live) -> None:
    file = "t,v,p,U,I,T\n2021-01-01T00:00Z,8,1,690,100,55.5\n2021-01-01T00:10Z,8,1,,NaN,\n"
    first, second = live(
        read(file, columns="time=t,wind_speed=v,power_kw=p,voltage=U,current=I,temperature=T"),
    )
    assert (first.voltage, first.current, first.temperature) == (690.0, 100.0, 55.5)
    assert (second.voltage, second.current, second.temperature) == (None, None, None)


def test_a_users_own_file_needs_only_its_column_names(read: Read, live: Live) -> None:
    file = (
        "Zeit;WEA;Leistung, Mittel (kW);Wind (m/s)\r\n"
        "01.03.2024 00:00;Nord;1.200,5;7,5\r\n"
        "01.03.2024 00:15;Nord;1200,5;7,5\r\n"
    ).encode("cp1252")
    columns = "turbine=WEA,time=Zeit,wind_speed=wind (m/s),power_kw=Leistung, Mittel (kW)"
    farm = read(file, columns=columns, time_format="%d.%m.%Y %H:%M", timezone="Europe/Berlin")
    (reading,) = live(farm)
    assert reading.emitted_at == parse_time("2024-02-29T23:15:00Z")
    assert reading.wind_speed == 7.5
    assert reading.power_output_in_kwh == pytest.approx(1200.5 / 4)
    assert farm.left_out.total() == 1  # 1.200,5 may be 1.2 or 1200: it is not guessed


# --- rows that are left out


@pytest.mark.parametrize(
    ("line", "words", "reason"),
    [
        ("A,2021-01-01T01:05Z,,600", "line 14, turbine A: wind_speed is empty", "empty cell"),
        ("A,2021-01-01T01:05Z,8,NaN", "line 14, turbine A: power_kw is empty", "empty cell"),
        (",2021-01-01T01:05Z,8,600", "line 14: turbine is empty", "empty cell"),
        ("A,,8,600", "line 14, turbine A: time is empty", "empty cell"),
        ("A,yesterday,8,600", "line 14, turbine A: time 'yesterday'", "unreadable cell"),
        ("A,1970-01-01T00:00Z,8,600", "not between the years 2000 and 2199", "unreadable cell"),
        ("A,2021-01-01T01:05Z,strong,600", "wind_speed 'strong' is no number", "unreadable cell"),
        ("A,2021-01-01T01:05Z,-1,600", "wind_speed -1 is not between 0 and 200", "out of range"),
        ("A,2021-01-01T01:05Z,8,inf", "power_kw inf is not between", "out of range"),
        ("A,2021-01-01T01:05Z,8", "line 14: 3 cells where the header has 4", "wrong number of cells"),
        ("A,2021-01-01T01:05Z,8,1,234", "line 14: 5 cells where the header has 4", "wrong number of cells"),
        ("A,2021-01-01T01:00:00Z,9,9", "line 14, turbine A: an earlier line has the same", "repeated time"),
        ("A,2026-06-01T12:06Z,8,600", "line 14, turbine A: time '2026-06-01T12:06Z' is yet to come", "in the future"),
        ('A,2021-01-01T01:05Z,8,"6\n00"', "line 15: a quoted cell runs over 2 lines", "wrong number of cells"),
    ],
)
def test_a_row_that_can_not_be_sent_is_named_and_counted(
    read: Read, live: Live, told: list[str], line: str, words: str, reason: str
) -> None:
    farm = read(rows(*two_hours("A"), line))
    assert len(live(farm)) == 12
    assert any(sentence.startswith("left out: ") and words in sentence for sentence in told)
    assert f"1 row left out (1 {reason})" in farm.summary()[0]


def test_many_rows_left_out_for_one_reason_are_counted_and_not_all_named(
    read: Read, live: Live, told: list[str]
) -> None:
    empty = [f"A,2021-01-02T00:{minute:02}Z,,1" for minute in range(60)]
    farm = read(rows(*two_hours("A"), *empty))
    named = [sentence for sentence in told if sentence.startswith("left out: line")]
    assert len(named) == 20
    assert "60 rows left out (60 empty cell)" in farm.summary()[0]


def test_a_complete_row_is_sent_where_an_earlier_one_of_its_time_was_not(read: Read, live: Live) -> None:
    farm = read(rows("A,2021-01-01T00:00Z,,1", *two_hours("A")))
    assert len(live(farm)) == 12
    assert farm.left_out.total() == 1


def test_missing_slots_are_counted_and_empty_ones_are_not_missing(read: Read, told: list[str]) -> None:
    lines = two_hours("A")
    lines[3] = "A,2021-01-01T00:30:00Z,,"
    del lines[6:8]
    farm = read(rows(*lines))
    assert "A is turbine 1: 9 readings every 600 s, 2 slots missing" in told
    assert "1 left out, 2 slots missing" in farm.summary()[1]


def test_a_turbine_of_only_empty_cells_is_no_turbine_that_stands_still(read: Read) -> None:
    farm = read(rows(*two_hours("A"), "B,2021-01-01T00:00Z,,", "B,2021-01-01T00:10Z,,"))
    assert [turbine.turbine_number for turbine in farm.turbines] == [1]
    assert farm.summary()[2].startswith("turbine 2 (B): 0 sent")


# --- what a turbine is and does


def test_names_that_are_no_numbers_are_numbered_by_appearance(read: Read, told: list[str]) -> None:
    farm = read(rows(*two_hours("South"), *two_hours("North")), first_number=40)
    assert farm.numbers == {"South": 40, "North": 41}
    assert "South is turbine 40: 12 readings every 600 s" in told


def test_names_that_are_numbers_are_kept_and_others_go_around_them() -> None:
    assert numbered(["B", "2", "007", "C"], 1) == {"2": 2, "B": 1, "007": 3, "C": 4}


def test_numbers_end_where_topics_end() -> None:
    with pytest.raises(CommandError, match="another --first-number"):
        numbered(["A", "B"], 2_147_483_647)


def test_a_repair_is_claimed_and_changes_no_reading(read: Read, live: Live) -> None:
    lines = "t,v,p,s\n2021-01-01T00:00Z,8,1,broken\n2021-01-01T00:10Z,8,1,broken\n"
    farm = read(lines, columns="time=t,wind_speed=v,power_kw=p,status=s")
    order = {"dispatch_id": "d-1", "incident_id": 1, "engineer": 1, "issued_at": 1609459200}
    command = RepairCommand.model_validate(order)
    answers = farm.turbines[0].repair(7.0, command)
    assert [(answer.due, answer.result.result) for answer in answers] == [
        (7.0, RepairState.ACCEPTED),
        (7.0, RepairState.DONE),
    ]
    assert farm.turbines[0].repair(8.0, None) == []
    assert {reading.operational_status for reading in live(farm)} == {OperationalStatus.BROKEN}


def test_an_order_for_another_session_is_refused(read: Read) -> None:
    farm = read(rows(*two_hours("A")))
    order = {"dispatch_id": "d-1", "incident_id": 1, "engineer": 1, "issued_at": 1609459200, "session": "older"}
    (answer,) = farm.turbines[0].repair(0.0, RepairCommand.model_validate(order))
    assert answer.result.result is RepairState.REJECTED


def test_after_its_last_row_a_turbine_has_nothing_more_to_say(read: Read, live: Live) -> None:
    farm = read(rows(*two_hours("A")))
    live(farm)
    assert farm.turbines[0].next_due() is None
    with pytest.raises(ValueError, match="no more rows"):
        farm.turbines[0].produce_metrics()


def test_the_summary_tells_what_was_sent_and_what_was_not_yet(read: Read) -> None:
    farm = read(rows(*two_hours("A")))
    farm.turbines[0].produce_metrics()
    assert farm.summary() == [
        "12 rows read: 1 of 12 readings sent, no row left out; 0 slots missing; 100.0 kWh",
        "turbine 1 (A): 1 of 12 sent, 0 of them broken, 0 left out, 0 slots missing, 100.0 kWh",
    ]


# --- status


@pytest.mark.parametrize(
    ("cell", "broken_values", "expected"),
    [
        ("ok", None, "ok"),
        ("Broken", None, "broken"),
        ("0", None, "ok"),
        ("61.5", None, "broken"),
        ("Running", "stopped, Error", "ok"),
        ("error", "stopped, Error", "broken"),
        ("0", "0", "broken"),
    ],
)
def test_a_status_column_says_ok_or_broken(
    read: Read, live: Live, cell: str, broken_values: str | None, expected: str
) -> None:
    file = f"t,v,p,s\n2021-01-01T00:00Z,8,1,{cell}\n"
    farm = read(file, columns="time=t,wind_speed=v,power_kw=p,status=s", broken_values=broken_values, interval=600.0)
    assert [reading.operational_status.value for reading in live(farm)] == [expected]


def test_an_unknown_status_word_is_not_guessed(read: Read) -> None:
    file = "t,v,p,s\n2021-01-01T00:00Z,8,1,Maintenance\n"
    words = sentence_of(read, file, columns="time=t,wind_speed=v,power_kw=p,status=s")
    assert "status 'Maintenance' is neither ok, broken nor a number; --broken-values" in words


# --- what the user can mend


@pytest.mark.parametrize(
    ("file", "options", "words"),
    [
        (HEADER, {}, "has a header and no rows"),
        ("", {}, "has no rows"),
        ("a,b\n1,2\n", {}, "the columns 'a', 'b' are none that are known by name"),
        (rows(*two_hours("A")), {"columns": "time=when"}, "must also name wind_speed=, power_kw= or energy_kwh="),
        (rows(*two_hours("A")), {"columns": "time=t,wind_speed=v,power_kw=p"}, "there is no column 't"),
        (rows(*two_hours("A")), {"columns": "wind=v"}, "--columns can't be read at 'wind=v'"),
        (rows(*two_hours("A")), {"columns": "time=a,time=b"}, "--columns names time twice"),
        (rows(*two_hours("A")), {"preset": "marge"}, "the file has 'turbine', 'timestamp', 'wind_speed_m_s'"),
        (rows(*two_hours("A")), {"timezone": "Mars/Olympus"}, "there is no time zone 'Mars/Olympus'"),
        (rows(*two_hours("A")), {"time_format": "%d %m %Y"}, "no row of"),
        (rows("A,2021-01-01T00:00Z,8,1"), {}, "give --interval SECONDS"),
        (rows(*two_hours("A")), {"interval": 0.0}, "--interval is a number of seconds above 0"),
        (rows(*two_hours("A")), {"events": "nothing.csv"}, "there is no file nothing.csv"),
        (b"\x1f\x8b\x08damaged", {}, "is damaged"),
    ],
)
def test_what_a_user_can_mend_is_one_line(read: Read, file: str | bytes, options: dict[str, Any], words: str) -> None:
    assert words in sentence_of(read, file, **options)


def test_a_missing_file_is_one_line(read: Read, tmp_path: Path) -> None:
    assert sentence_of(read, tmp_path / "no.csv") == f"there is no file {tmp_path / 'no.csv'}"


def test_a_folder_is_no_file(read: Read, tmp_path: Path) -> None:
    assert "can't be read" in sentence_of(read, tmp_path)


def test_a_column_that_names_no_turbines_is_refused(read: Read) -> None:
    lines = [f"{number},2021-01-01T00:00Z,8,1" for number in range(10_001)]
    assert "has over 10,000 different names" in sentence_of(read, rows(*lines))


# --- large files


@pytest.mark.slow
def test_a_file_larger_than_a_run_in_memory_is_sorted_on_disk(read: Read) -> None:
    count = RUN + 1000
    lines = (f"{1 + n % 3},{1_600_000_000 + 600 * (count - n // 3)},8,6" for n in range(count))
    farm = read(rows(*lines), preset="kelmarsh", time_format="unix")
    assert sum(survey.stretch.rows for survey in farm.recording.surveys) == count
    for turbine in farm.turbines:
        dues = []
        while (due := turbine.next_due()) is not None:
            dues.append(due)
            turbine.produce_metrics()
        assert dues == sorted(dues)
    assert farm.left_out.total() == 0


# --- real farms


def test_the_kelmarsh_day_is_complete_but_for_its_empty_cells(
    read: Read, live: Live, told: list[str], shared_data: Path
) -> None:
    farm = read(shared_data / "kelmarsh" / "kelmarsh_2021-01-01_6_turbines.csv")
    readings = live(farm)
    assert farm.recording.rows == 864
    assert len(readings) == 859
    assert sum(reading.power_output_in_kwh < 0 for reading in readings) == 418
    named = [sentence for sentence in told if sentence.startswith("left out")]
    assert named == [
        f"left out: line {line}, turbine KWF{turbine}: wind_speed is empty"
        for turbine, line in enumerate([205, 349, 493, 637, 781], start=2)
    ]
    energy = [round(turbine.energy_kwh, 1) for turbine in farm.turbines]
    assert energy == [4264.8, 4678.2, 11421.3, 2333.2, 4470.4, 9393.7]


def test_marge_has_five_slots_missing_and_five_rows_of_shutdown(read: Read, live: Live, shared_data: Path) -> None:
    farm = read(shared_data / "marge" / "marge_2020-02-27_3_days.csv")
    readings = live(farm)
    assert len(readings) == farm.recording.rows == 3883
    assert sum(farm.recording.missing(survey) for survey in farm.recording.surveys) == 5
    assert sum(reading.operational_status is OperationalStatus.BROKEN for reading in readings) == 5
    assert len(farm.turbines) == 9


def test_yalova_is_read_compressed_with_its_own_times(read: Read, live: Live, shared_data: Path) -> None:
    farm = read(shared_data / "yalova" / "T1.csv.gz")
    readings = live(farm)
    assert len(readings) == 50_530
    assert farm.recording.missing(farm.recording.surveys[0]) == 2030
    assert sum(reading.power_output_in_kwh < 0 for reading in readings) == 57
    assert sum(reading.power_output_in_kwh for reading in readings) / 1000 == pytest.approx(11_012.88, abs=0.005)
