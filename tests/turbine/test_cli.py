"""grid-turbines as its user meets it: help, dry runs, and one clear line for each mistake."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from surroundings import environment

from grid.metrics import TurbineMetrics
from turbine.settings import TurbineSettings

PROGRAM = [sys.executable, "-c", "from turbine.cli import main; main()"]


def grid_turbines(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *arguments], capture_output=True, text=True, timeout=30, check=False, cwd=cwd, env=environment()
    )


def json_lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def without_start(reading: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in reading.items() if name not in {"emitted_at", "session"}}


def test_help_names_every_option() -> None:
    answer = grid_turbines("--help")
    assert answer.returncode == 0
    for name in TurbineSettings.model_fields:
        assert f"--{name.replace('_', '-')}" in answer.stdout
        assert f"GRID_{name.upper()}" in answer.stdout


def test_version_is_the_packages() -> None:
    answer = grid_turbines("--version")
    assert answer.stdout.startswith("grid-turbines ")
    assert answer.returncode == 0


def test_help_loads_nothing_heavy() -> None:
    script = "import sys, turbine.cli; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert not {"aiomqtt", "paho.mqtt.client", "rich", "turbine.fleet", "turbine.replay.farm"} & set(loaded)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--count", "0"], "--count: "),
        (["--upload-interval", "-1"], "--upload-interval: "),
        (["--speed", "10"], "--speed only with --replay"),
        (["--anomalies", "truth"], "--anomalies needs an --anomaly-rate"),
        (["--replay", "missing.csv", "--dry-run"], "missing.csv"),
        (["--replay", "missing.csv", "--speed", "fast"], "--speed"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(arguments: list[str], words: str, tmp_path: Path) -> None:
    answer = grid_turbines(*arguments, cwd=tmp_path)
    assert answer.returncode == 2
    assert answer.stdout == ""
    (line,) = answer.stderr.splitlines()
    assert line.startswith("grid-turbines: ")
    assert words in line


def test_a_file_that_can_not_be_written_is_one_line(tmp_path: Path) -> None:
    answer = grid_turbines("--dry-run", "--emitted", str(tmp_path / "no" / "where"))
    assert answer.returncode == 1
    (line,) = answer.stderr.splitlines()
    assert "can't be written: No such file or directory" in line


def test_a_full_disk_is_one_line() -> None:
    answer = grid_turbines("--dry-run", "--emitted", "/dev/full")
    assert answer.returncode == 1
    assert answer.stderr.splitlines()[-1] == "grid-turbines: /dev/full can't be written: No space left on device"


def test_a_dry_run_with_a_duration_prints_all_readings_at_once() -> None:
    started = time.monotonic()
    answer = grid_turbines("--dry-run", "--count", "2", "--duration", "600", "--upload-interval", "10", "--seed", "1")
    assert time.monotonic() - started < 15
    sent = [TurbineMetrics.model_validate_json(line) for line in answer.stdout.splitlines()]
    assert len(sent) == 120
    assert {reading.turbine_number for reading in sent} == {1, 2}
    assert answer.returncode == 0


def test_the_same_seed_prints_the_same_run() -> None:
    arguments = ("--dry-run", "--count", "3", "--duration", "60", "--anomaly-rate", "0.1")
    first, second, other = (grid_turbines(*arguments, "--seed", seed).stdout for seed in ("1", "1", "2"))
    runs = [[without_start(reading) for reading in json_lines(output)] for output in (first, second, other)]
    assert len(runs[0]) == 180
    assert runs[0] == runs[1] != runs[2]


def test_a_drawn_seed_is_said_so_that_the_run_can_be_repeated() -> None:
    drawn = grid_turbines("--dry-run", "--duration", "20")
    seed = drawn.stderr.split("seed ")[1].strip()
    again = grid_turbines("--dry-run", "--duration", "20", "--seed", seed)
    assert [without_start(one) for one in json_lines(drawn.stdout)] == [
        without_start(one) for one in json_lines(again.stdout)
    ]


def test_static_wind_is_as_in_the_assignment() -> None:
    for reading in json_lines(grid_turbines("--dry-run", "--wind", "static", "--duration", "40").stdout):
        assert (reading["wind_speed"], reading["power_output_in_kwh"]) == (100.0, 3000.0)


def test_the_emitted_file_has_every_reading_and_the_truth_file_every_anomaly(tmp_path: Path) -> None:
    emitted, truth = tmp_path / "emitted", tmp_path / "truth"
    arguments = ("--dry-run", "--count", "5", "--duration", "400", "--seed", "1", "--anomaly-rate", "0.05")
    answer = grid_turbines(*arguments, "--emitted", str(emitted), "--anomalies", str(truth))
    assert emitted.read_text(encoding="utf-8") == answer.stdout
    readings = {(one["turbine_number"], one["emitted_at"]): one for one in json_lines(answer.stdout)}
    anomalies = json_lines(truth.read_text(encoding="utf-8"))
    assert len(anomalies) == pytest.approx(0.05 * 2000, rel=0.4)
    for anomaly in anomalies:
        reading = readings[anomaly["turbine_number"], anomaly["emitted_at"]]
        assert reading[anomaly["quantity"]] == anomaly["value"] != anomaly["true_value"]


def test_a_paced_dry_run_prints_as_time_goes_and_ends_at_ctrl_c() -> None:
    process = subprocess.Popen([*PROGRAM, "--dry-run", "--upload-interval", "0.1"], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        for _ in range(3):
            assert json.loads(process.stdout.readline())["turbine_number"] == 1
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 130
    finally:
        process.kill()
        process.communicate()


def test_a_replay_can_be_printed(tmp_path: Path) -> None:
    file = tmp_path / "own.csv"
    file.write_text("who,when,ms,kw\nA,2024-01-01T00:00:00Z,5,600\nA,2024-01-01T00:10:00Z,6,1200\n", encoding="utf-8")
    columns = "turbine=who,time=when,wind_speed=ms,power_kw=kw"
    answer = grid_turbines("--replay", str(file), "--columns", columns, "--dry-run", "--speed", "max")
    assert answer.returncode == 0, answer.stderr
    assert [reading["power_output_in_kwh"] for reading in json_lines(answer.stdout)] == [100.0, 200.0]
