"""The commands of grid-monitor that look after the store, on a real one."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from commands import Command, Outcome, command_in
from stores import fill, text_file

from grid.metrics import OperationalStatus
from grid.times import SECOND
from monitor.facts import Reading
from monitor.options import acting_as
from monitor.store.lock import DataFolderLock
from monitor.store.tools import verify as verification

MORNING = 1_700_000_000 * SECOND
"""2023-11-14 22:13:20 UTC"""


@pytest.fixture
def grid_monitor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs `grid-monitor` with arguments, in a folder with 20 readings of two turbines in `data`."""
    command = command_in(tmp_path, monkeypatch, capsys)
    monkeypatch.setattr(verification, "PATIENCE_SECONDS", 0.1)
    fill(Path("data"), [reading(number, second) for second in range(10) for number in (7, 8)])
    return command


def reading(turbine_number: int, second: int) -> Reading:
    at = MORNING + second * SECOND
    return Reading(turbine_number, at, 7.5, 0.25, OperationalStatus.OK, None, None, None, "s1", second, at)


def test_verify_says_that_both_agree(grid_monitor: Command) -> None:
    assert grid_monitor("verify") == Outcome(0, "20 readings: the database and the text files agree\n", "")


def test_verify_ends_with_3_and_says_what_differs(grid_monitor: Command) -> None:
    text_file(Path("data")).unlink()
    done = grid_monitor("verify")
    assert (done.code, done.err) == (3, "")
    assert done.out.startswith(
        "turbine 7: 10 readings are in the database, but not in turbine-7.txt: 2023-11-14T22:13:20"
    )
    document = json.loads(grid_monitor("verify", "--json").out)
    assert document["agree"] is False
    assert document["readings"] == 20
    assert document["found"] == done.out.splitlines()


def test_verify_without_a_database_is_one_clear_line(grid_monitor: Command) -> None:
    done = grid_monitor("verify", "--data-dir", "nowhere")
    assert (done.code, done.out) == (1, "")
    assert len(done.err.splitlines()) == 1


def test_restore_says_what_it_has_done(grid_monitor: Command) -> None:
    Path("data/grid.db").write_bytes(b"garbage" * 1000)
    done = grid_monitor("restore")
    assert (done.code, done.err) == (0, "")
    assert "restored 20 readings: 20 from the text files, 0 that only the old database had" in done.out
    assert "the old database is kept as data/grid.db.damaged-" in done.out
    assert grid_monitor("verify").code == 0


def test_a_damaged_database_is_refused_with_the_command_that_mends_it(grid_monitor: Command) -> None:
    Path("data/grid.db").write_bytes(b"garbage" * 1000)
    for command, code in (("turbines", 1), ("run", 1), ("verify", 3)):
        done = grid_monitor(command)
        assert done.code == code
        assert "run grid-monitor restore" in done.err


@pytest.mark.parametrize("lost", ["emptied", "deleted"])
def test_text_files_without_a_database_are_not_passed_over(grid_monitor: Command, lost: str) -> None:
    """A monitor that began anew here would look as if nothing had ever been stored."""
    Path("data/grid.db").write_bytes(b"") if lost == "emptied" else Path("data/grid.db").unlink()
    done = grid_monitor("run")
    assert done.code == 1
    assert "run grid-monitor restore to rebuild it" in done.err
    assert grid_monitor("restore").code == 0
    assert grid_monitor("verify").code == 0


def test_restore_beside_a_monitor_is_refused(grid_monitor: Command) -> None:
    with DataFolderLock(Path("data")):
        done = grid_monitor("restore")
    assert done.code == 1
    assert "stop it" in done.err


def test_restore_takes_a_backup_too(grid_monitor: Command) -> None:
    assert grid_monitor("backup", "copy.db").out.startswith("copy.db: 20 readings, ")
    Path("data/grid.db").unlink()
    text_file(Path("data")).unlink()
    assert "10 from the text files, 10 that only" in grid_monitor("restore", "--backup", "copy.db").out
    assert grid_monitor("restore", "--backup", "nothing.db").code == 1


def test_a_backup_replaces_nothing_unless_forced(grid_monitor: Command) -> None:
    assert grid_monitor("backup", "copy.db").code == 0
    refused = grid_monitor("backup", "copy.db")
    assert (refused.code, refused.err) == (
        1,
        "grid-monitor: copy.db is there already: name another file, or say --force\n",
    )
    assert grid_monitor("backup", "copy.db", "--force").code == 0


def test_prune_says_what_it_would_delete_and_then_deletes_it(grid_monitor: Command) -> None:
    looked = grid_monitor("prune", "--keep", "1d", "--dry-run")
    assert looked.out.startswith("18 readings and 0 dead letters from before 20")
    assert grid_monitor("verify").out.startswith("20 readings")
    done = grid_monitor("prune", "--keep", "1d")
    assert done.out.startswith("deleted 18 readings and 0 dead letters from before 20")
    assert "cut 18 lines out of 2 text files" in done.out
    assert "MB are free now" in done.out
    assert grid_monitor("verify").out.startswith("2 readings")


def test_a_pruning_names_the_account_whatever_the_environment_says(
    grid_monitor: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "anna")
    grid_monitor("prune", "--keep", "1d")
    [pruned] = json.loads(grid_monitor("audit", "--json").out)
    assert (pruned["action"], pruned["who"]) == ("prune", acting_as("anna").who)
    assert "(account " in pruned["who"]


@pytest.mark.parametrize("age", ["90", "d", "-1d", "2y", "1.5d", "9999999d", ""])
def test_an_age_that_is_none_is_wrong_usage(grid_monitor: Command, age: str) -> None:
    done = grid_monitor("prune", f"--keep={age}")
    assert done.code == 2
    assert "such as 90d or 12h" in done.err


def test_an_age_before_all_times_deletes_nothing(grid_monitor: Command) -> None:
    assert grid_monitor("prune", "--keep", "999999d").out.startswith("deleted 0 readings")


def test_export_writes_to_standard_output_or_a_file(grid_monitor: Command) -> None:
    shown = grid_monitor("export", "--turbine", "7", "--since", "2023-11-14T22:13:25", "--until", "2023-11-14T22:13:27")
    assert [line.split(",")[:2] for line in shown.out.splitlines()] == [
        ["turbine_number", "emitted_at"],
        ["7", "2023-11-14T22:13:25.000000Z"],
        ["7", "2023-11-14T22:13:26.000000Z"],
    ]
    assert grid_monitor("export", "--format", "jsonl", "--output", "all.jsonl") == Outcome(0, "", "")
    assert (
        Path("all.jsonl").read_text() == text_file(Path("data"), 7).read_text() + text_file(Path("data"), 8).read_text()
    )
    refused = grid_monitor("export", "--output", "all.jsonl")
    assert (refused.code, refused.err) == (
        1,
        "grid-monitor: all.jsonl is there already: name another file, or say --force\n",
    )
    assert grid_monitor("export", "--output", "all.jsonl", "--force").code == 0
    assert Path("all.jsonl").read_text().startswith("turbine_number,")
    assert sorted(path.name for path in Path().iterdir()) == ["all.jsonl", "data"]


def test_an_export_does_not_overwrite_the_database(grid_monitor: Command) -> None:
    refused = grid_monitor("export", "--output", "data/grid.db", "--force")
    assert (refused.code, len(refused.err.splitlines())) == (1, 1)
    assert grid_monitor("verify").code == 0


def test_a_time_that_ends_before_it_begins_is_wrong_usage(grid_monitor: Command) -> None:
    refused = grid_monitor("export", "--since", "2023-11-15", "--until", "2023-11-14")
    assert (refused.code, refused.out) == (2, "")


def test_an_export_that_fails_leaves_no_file(grid_monitor: Command) -> None:
    assert grid_monitor("export", "--output", "nowhere/all.csv").code == 1
    assert grid_monitor("export", "--data-dir", "nowhere", "--output", "all.csv").code == 1
    assert sorted(path.name for path in Path().iterdir()) == ["data"]


def test_a_reader_that_has_seen_enough_is_no_error(grid_monitor: Command, tmp_path: Path) -> None:
    fill(Path("data"), [reading(9, second) for second in range(20_000)])
    program = [sys.executable, "-c", "from monitor.cli import main; main()", "export", "--turbine", "9"]
    export = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path)
    assert export.stdout is not None
    assert export.stderr is not None
    assert export.stdout.readline().startswith(b"turbine_number,")
    export.stdout.close()
    with export.stderr:
        assert export.stderr.read() == b""
    assert export.wait(20) == 0
