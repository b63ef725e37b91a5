"""The checker itself: a farm that is well is found well, and every planted error is found."""

import json
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from checker import check

from grid.metrics import OperationalStatus
from grid.times import SECOND, format_time
from monitor.facts import Changes, Reading
from monitor.store.ledger import Ledger
from monitor.store.lines import to_line

START = 1_790_000_000 * SECOND
TURBINES = 2
READINGS_OF_EACH = 10


def reading(turbine_number: int, sequence: int) -> Reading:
    return Reading(
        turbine_number=turbine_number,
        emitted_at=START + sequence * SECOND,
        wind_speed=8.0 + sequence / 3,
        power_output_in_kwh=0.1,
        operational_status=OperationalStatus.OK,
        voltage=None,
        current=None,
        temperature=None,
        session="s",
        sequence=sequence,
        received_at=START + sequence * SECOND + 1000,
    )


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A data folder in which everything is as it should be."""
    readings = [reading(number, sequence) for sequence in range(READINGS_OF_EACH) for number in range(1, TURBINES + 1)]
    (tmp_path / "turbines").mkdir()
    with Ledger.open(tmp_path / "grid.db") as ledger:
        ledger.commit(Changes(readings=readings, counted=Counter(received=len(readings))))
    for number in range(1, TURBINES + 1):
        lines = [to_line(row) for row in readings if row.turbine_number == number]
        text_file(tmp_path, number).write_text("".join(lines))
    return tmp_path


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    """What the turbines say that they emitted."""
    path = tmp_path / "emitted.jsonl"
    path.write_text("".join(emitted_line(n, s) for n in range(1, TURBINES + 1) for s in range(READINGS_OF_EACH)))
    return path


def emitted_line(turbine_number: int, sequence: int) -> str:
    row = reading(turbine_number, sequence)
    fields = {
        "turbine_number": turbine_number,
        "emitted_at": format_time(row.emitted_at),
        "wind_speed": row.wind_speed,
        "power_output_in_kwh": 0.1,
        "operational_status": "ok",
        "session": "s",
        "sequence": sequence,
    }
    return json.dumps(fields) + "\n"


def text_file(data_dir: Path, turbine_number: int) -> Path:
    return data_dir / "turbines" / f"turbine-{turbine_number}.txt"


def change(data_dir: Path, *statements: str) -> None:
    with closing(sqlite3.connect(data_dir / "grid.db")) as db:
        for statement in statements:
            db.execute(statement)
        db.commit()


def test_a_farm_that_is_well_is_found_well(data_dir: Path, truth: Path) -> None:
    verdict = check(data_dir, [truth], engineers=3)
    assert verdict.complaints == ()
    assert (verdict.emitted, verdict.lost, verdict.repeated) == (TURBINES * READINGS_OF_EACH, 0, 0)


def test_an_empty_truth_proves_nothing(data_dir: Path, truth: Path) -> None:
    truth.write_text("")
    with pytest.raises(AssertionError, match="nothing was emitted"):
        check(data_dir, [truth])


def lose_a_row(data_dir: Path) -> None:
    change(
        data_dir,
        "DELETE FROM readings WHERE id = 5",
        "UPDATE books SET count = count - 1 WHERE name IN ('received', 'stored')",
    )


def lose_a_line(data_dir: Path) -> None:
    lines = text_file(data_dir, 1).read_text().splitlines(keepends=True)
    text_file(data_dir, 1).write_text("".join(lines[:4] + lines[5:]))


def double_a_row(data_dir: Path) -> None:
    change(
        data_dir,
        "DROP INDEX readings_identity",
        "CREATE TEMP TABLE one AS SELECT * FROM readings WHERE id = 5",
        "UPDATE one SET id = 1000",
        "INSERT INTO readings SELECT * FROM one",
        "UPDATE books SET count = count + 1 WHERE name IN ('received', 'stored')",
    )


def double_a_line(data_dir: Path) -> None:
    with text_file(data_dir, 2).open("a") as file:
        file.write(to_line(reading(2, 3)))


def invent_a_line(data_dir: Path) -> None:
    with text_file(data_dir, 2).open("a") as file:
        file.write(to_line(reading(2, 999)))


def change_a_value(data_dir: Path) -> None:
    change(data_dir, "UPDATE readings SET wind_speed = 9.5 WHERE id = 5")


def count_one_too_many(data_dir: Path) -> None:
    change(data_dir, "UPDATE books SET count = count + 1 WHERE name = 'received'")


def count_a_row_that_is_not_there(data_dir: Path) -> None:
    change(data_dir, "UPDATE books SET count = count + 1 WHERE name IN ('received', 'stored')")


def lose_an_engineer(data_dir: Path) -> None:
    """He is at a turbine that has no incident."""
    visit = (
        "INSERT INTO visits (dispatch_id, incident_id, turbine_number, engineer, state, sent_at, commands)"
        " VALUES ('x-1', 99, 1, 1, 'sent', 1790000000000000, 1)"
    )
    change(data_dir, "PRAGMA foreign_keys = OFF", visit)


def damage_the_database(data_dir: Path) -> None:
    """A value that the table forbids."""
    change(data_dir, "PRAGMA ignore_check_constraints = ON", "UPDATE readings SET received_at = -1 WHERE id = 5")


PLANTED: list[tuple[Callable[[Path], None], str]] = [
    (lose_a_row, "1 readings are not in the database"),
    (lose_a_line, "1 readings are not in the text files"),
    (double_a_row, "1 readings are in the database once too often"),
    (double_a_line, "1 readings are in the text files once too often"),
    (invent_a_line, "1 readings are in the text files, but nobody emitted them"),
    (change_a_value, "1 readings have other values in the database"),
    (count_one_too_many, "the books do not balance"),
    (count_a_row_that_is_not_there, "the books say 21 stored, the database has 20"),
    (lose_an_engineer, "visit x-1 is open, but its incident 99 is not"),
    (damage_the_database, "quick_check: "),
]


@pytest.mark.parametrize(("plant", "complaint"), PLANTED, ids=[plant.__name__ for plant, _ in PLANTED])
def test_a_planted_error_is_found(plant: Callable[[Path], None], complaint: str, data_dir: Path, truth: Path) -> None:
    plant(data_dir)
    verdict = check(data_dir, [truth], engineers=3)
    assert any(complaint in said for said in verdict.complaints), verdict


def test_too_many_engineers_are_found(data_dir: Path, truth: Path) -> None:
    lose_an_engineer(data_dir)
    assert "1 engineers are out, the pool has 0" in check(data_dir, [truth], engineers=0).complaints


def test_what_a_killed_turbine_had_no_time_to_write_down_may_be_allowed(data_dir: Path, truth: Path) -> None:
    *lines, _ = truth.read_text().splitlines(keepends=True)
    truth.write_text("".join(lines))
    assert check(data_dir, [truth], unrecorded=1).complaints == ()
    assert check(data_dir, [truth]).complaints != ()
