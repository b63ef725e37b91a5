"""The commands of grid-monitor that show and explain what the ledger holds, on a real one."""

import json
from pathlib import Path

import pytest
from commands import Command, command_in

from grid.metrics import OperationalStatus
from grid.times import SECOND
from monitor.facts import (
    Action,
    Changes,
    DeadLetter,
    DeadLetterReason,
    Decisions,
    Event,
    Health,
    Incident,
    IncidentCause,
    IncidentOutcome,
    IncidentState,
    Link,
    Reading,
    TurbineRecord,
    Visit,
    VisitState,
)
from monitor.store.ledger import Ledger

BROKE_AT = 1_795_232_700 * SECOND
"""2026-11-21 03:45:00 UTC"""


@pytest.fixture
def grid_monitor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs `grid-monitor` with arguments, in an empty folder and environment."""
    return command_in(tmp_path, monkeypatch, capsys)


def reading(seconds: int, status: OperationalStatus, sequence: int) -> Reading:
    at = BROKE_AT + seconds * SECOND
    return Reading(7, at, 7.125, 0.25, status, 690.0, 120.5, None, "s1", sequence, at + 2 * SECOND)


def story() -> Changes:
    """Turbine 7 broke, was visited and repaired; a message that was none came in between."""
    at = BROKE_AT + 2 * SECOND
    incident = Incident(
        1,
        7,
        IncidentCause.BROKEN,
        IncidentState.CLOSED,
        at,
        closed_at=at + 40 * SECOND,
        outcome=IncidentOutcome.REPAIRED,
    )
    visit = Visit(
        1, "f3a-1-1", 1, 7, 2, "s1", VisitState.VERIFIED, at, accepted_at=at + SECOND, ended_at=at + 40 * SECOND
    )
    events = [
        Event(at, 7, Action.INCIDENT_OPENED, "broken, and was ok before", incident_id=1),
        Event(at, 7, Action.ENGINEER_DISPATCHED, "engineer 2 is sent", incident_id=1, visit_id=1, engineer=2),
        Event(at + 40 * SECOND, 7, Action.INCIDENT_CLOSED, "ok again: repaired", incident_id=1, visit_id=1),
    ]
    turbine = TurbineRecord(
        7,
        BROKE_AT - 3600 * SECOND,
        link=Link.ONLINE,
        link_since=BROKE_AT - 3600 * SECOND,
        health=Health.OK,
        emitted_at=BROKE_AT + 40 * SECOND,
        received_at=BROKE_AT + 42 * SECOND,
        wind_speed=7.125,
        power_output_in_kwh=0.25,
        interval_seconds=1.0,
    )
    return Changes(
        readings=[
            reading(-1, OperationalStatus.OK, 0),
            reading(0, OperationalStatus.BROKEN, 1),
            reading(40, OperationalStatus.OK, 2),
        ],
        turbines=[turbine],
        decisions=Decisions(incidents=[incident], visits=[visit], events=events),
        dead_letters=[
            DeadLetter(at, "grid/turbines/x\x1b[2J/metrics", b"{\xff", 2, DeadLetterReason.NOT_JSON, "no JSON")
        ],
    )


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A data folder with the story in it; no monitor runs."""
    with Ledger.open(tmp_path / "data" / "grid.db") as ledger:
        ledger.commit(story())
    return tmp_path / "data"


READING_COMMANDS = [["turbines"], ["readings", "7"], ["incidents"], ["visits"], ["explain", "1"], ["dead-letters"]]


@pytest.mark.parametrize("arguments", READING_COMMANDS)
def test_without_a_database_there_is_one_clear_line(
    grid_monitor: Command, tmp_path: Path, arguments: list[str]
) -> None:
    outcome = grid_monitor(*arguments)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err == (
        "grid-monitor: there is no database at data/grid.db yet: start grid-monitor, or name its --data-dir\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", READING_COMMANDS)
def test_reading_does_not_change_the_database(grid_monitor: Command, data_dir: Path, arguments: list[str]) -> None:
    before = (data_dir / "grid.db").read_bytes()
    assert grid_monitor(*arguments).code == 0
    assert (data_dir / "grid.db").read_bytes() == before


@pytest.mark.parametrize("arguments", READING_COMMANDS)
def test_reading_works_while_a_monitor_writes(grid_monitor: Command, data_dir: Path, arguments: list[str]) -> None:
    with Ledger.open(data_dir / "grid.db") as ledger:
        ledger.commit(Changes(readings=[reading(50, OperationalStatus.OK, 3)]))
        assert grid_monitor(*arguments).code == 0


@pytest.mark.parametrize("arguments", READING_COMMANDS)
def test_what_is_read_is_one_json_document_on_request(
    grid_monitor: Command, data_dir: Path, arguments: list[str]
) -> None:
    outcome = grid_monitor(*arguments, "--json")
    assert outcome.out.replace("\n", "").isprintable()
    assert json.loads(outcome.out)


def test_turbines_are_shown_with_their_state(grid_monitor: Command, data_dir: Path) -> None:
    outcome = grid_monitor("turbines")
    header, row, _, totals = outcome.out.splitlines()
    assert header.split() == ["turbine", "state", "wind", "m/s", "power", "kW", "heard", "why"]
    assert row.split()[:4] == ["7", "ok", "7.1", "900.0"]
    assert totals == "1 turbine: 1 ok"


def test_old_news_raise_the_question_whether_the_monitor_runs(
    grid_monitor: Command, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.ledger_cli.utc_now", lambda: BROKE_AT + 7300 * SECOND)
    assert grid_monitor("turbines").err == "the newest reading came 2 h ago: does the monitor run?\n"


def test_readings_are_shown_newest_first(grid_monitor: Command, data_dir: Path) -> None:
    assert grid_monitor("readings", "7", "--newest", "2").out.splitlines() == [
        "emitted at            wind m/s    kWh  status      V      A  °C  sequence  late",
        "2026-11-21 03:45:40Z       7.1  0.250  ok      690.0  120.5   -         2  2 s",
        "2026-11-21 03:45:00Z       7.1  0.250  broken  690.0  120.5   -         1  2 s",
    ]


@pytest.mark.parametrize(
    ("limits", "sequences"),
    [
        (["--since", "2026-11-21T03:45:00Z"], [2, 1]),
        (["--until", "2026-11-21T03:45:00"], [0]),
        (["--since", "2026-11-21 04:45:00+01:00", "--until", "2026-11-21T03:45:01"], [1]),
        (["--since", "2026-11-21"], [2, 1, 0]),
    ],
)
def test_readings_of_a_span_of_time(
    grid_monitor: Command, data_dir: Path, limits: list[str], sequences: list[int]
) -> None:
    found = json.loads(grid_monitor("readings", "7", "--json", *limits).out)
    assert [document["sequence"] for document in found] == sequences


def test_readings_in_json_have_the_columns_of_the_table(grid_monitor: Command, data_dir: Path) -> None:
    newest = json.loads(grid_monitor("readings", "7", "--json").out)[0]
    assert newest == {
        "turbine_number": 7,
        "emitted_at": "2026-11-21T03:45:40.000000Z",
        "wind_speed": 7.125,
        "power_output_in_kwh": 0.25,
        "operational_status": "ok",
        "voltage": 690.0,
        "current": 120.5,
        "temperature": None,
        "session": "s1",
        "sequence": 2,
        "received_at": "2026-11-21T03:45:42.000000Z",
    }


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (["readings", "8"], 1, "turbine 8 was never heard of"),
        (["explain", "99"], 1, "there is no incident 99"),
        (["readings", "7", "--since", "yesterday"], 2, "--since 'yesterday': no time such as 2026-11-21T18:00"),
    ],
)
def test_what_does_not_exist_is_one_clear_line(
    grid_monitor: Command, data_dir: Path, arguments: list[str], code: int, line: str
) -> None:
    outcome = grid_monitor(*arguments)
    assert (outcome.code, outcome.out, outcome.err) == (code, "", f"grid-monitor: {line}\n")


@pytest.mark.parametrize("number", ["0", "-1", "2147483648", "seven"])
def test_a_number_that_no_turbine_has_is_wrong_usage(grid_monitor: Command, data_dir: Path, number: str) -> None:
    assert grid_monitor("readings", "--", number).code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["explain", "9223372036854775808"],
        ["incidents", "--newest", "99999999999999999999"],
        ["readings", "7", "--newest", f"1{26 * '0'}"],
    ],
)
def test_a_number_that_no_database_holds_is_wrong_usage(
    grid_monitor: Command, data_dir: Path, arguments: list[str]
) -> None:
    outcome = grid_monitor(*arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert "9007199254740991" in outcome.err


def test_a_data_folder_whose_name_is_too_long_is_one_clear_line(grid_monitor: Command) -> None:
    outcome = grid_monitor("turbines", "--data-dir", "d" * 300)
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (1, "", 1)
    assert outcome.err.endswith("can't be opened: File name too long\n")


def test_incidents_and_visits_can_be_chosen(grid_monitor: Command, data_dir: Path) -> None:
    assert "repaired" in grid_monitor("incidents", "--turbine", "7").out
    assert grid_monitor("incidents", "--open").out == "no incidents\n"
    assert "verified by an ok reading" in grid_monitor("visits").out
    assert grid_monitor("visits", "--turbine", "8").out == "no visits\n"


def test_an_incident_is_explained_as_a_story(grid_monitor: Command, data_dir: Path) -> None:
    assert (
        grid_monitor("explain", "1").out
        == """\
Incident 1: turbine 7, reported broken
opened   2026-11-21 03:45:02Z
then     wind 7.1 m/s, 0.250 kWh, broken, emitted 2026-11-21 03:45:00Z
closed   2026-11-21 03:45:42Z, repaired after 40 s

Visits
visit  incident  turbine  engineer  sent at               lasted  how it went
    1         1        7         2  2026-11-21 03:45:02Z    40 s  verified by an ok reading

What was decided, and why
at                    after  what
2026-11-21 03:45:02Z    0 s  broken, and was ok before
2026-11-21 03:45:02Z    0 s  engineer 2 is sent
2026-11-21 03:45:42Z   40 s  ok again: repaired
"""
    )


def test_an_explanation_in_json_holds_the_whole_story(grid_monitor: Command, data_dir: Path) -> None:
    document = json.loads(grid_monitor("explain", "1", "--json").out)
    assert document["incident"]["outcome"] == "repaired"
    assert document["reading"]["sequence"] == 1
    assert [visit["dispatch_id"] for visit in document["visits"]] == ["f3a-1-1"]
    assert [event["action"] for event in document["events"]] == [
        "incident_opened",
        "engineer_dispatched",
        "incident_closed",
    ]


def test_dead_letters_are_shown_without_their_power_over_terminals(grid_monitor: Command, data_dir: Path) -> None:
    outcome = grid_monitor("dead-letters")
    assert outcome.out.splitlines()[1:] == [
        r"2026-11-21 03:45:02Z  not json      2  grid/turbines/x\x1b[2J/metrics  no JSON",
        "",
        "1 dead letter: 1 not json",
    ]
    (document,) = json.loads(grid_monitor("dead-letters", "--json").out)
    assert document["payload"] == r"{\xff"
