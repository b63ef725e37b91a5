"""Readings on paper: in the order in which chaos would let them onto the wire."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from surroundings import environment

from grid.errors import ExitCode
from grid.metrics import TurbineMetrics
from turbine.chaos import ChaosKind, ChaosPlan, Disturbance, Rates
from turbine.dry_run import DisturbedReadings, readings
from turbine.farm import build_turbines
from turbine.pace import Pace
from turbine.program import run_turbines
from turbine.settings import TurbineSettings

STARTED = 1_800_000_000_000_000
Identity = tuple[int, int]


def identity(reading: TurbineMetrics) -> Identity:
    return reading.turbine_number, reading.sequence or 0


def let_out(rates: Rates, seconds: float = 60.0) -> tuple[list[Identity], list[Identity], list[Disturbance]]:
    """A run of three turbines at one reading a second: what was emitted, what came out, and what was done."""
    told: list[Disturbance] = []
    emitted: list[TurbineMetrics] = []
    settings = TurbineSettings.model_validate({"count": 3})
    farm = build_turbines(settings, seed=1, run_started_at=STARTED, tell=lambda anomaly: None)
    disturbed = DisturbedReadings(ChaosPlan(rates, 1, told.append), emitted.append)
    out = [identity(reading) for reading in disturbed.let_out(readings(farm, Pace(None), seconds))]
    return [identity(reading) for reading in emitted], out, told


def test_without_chaos_what_is_emitted_comes_out() -> None:
    emitted, out, told = let_out({})
    assert out == emitted
    assert len(out) == 180
    assert told == []


def test_with_chaos_all_comes_out_and_copies_twice() -> None:
    emitted, out, told = let_out(dict.fromkeys((ChaosKind.LATE, ChaosKind.REORDER, ChaosKind.DUPLICATE), 0.2))
    copies = [(one.turbine_number, one.sequence) for one in told if one.kind is ChaosKind.DUPLICATE]
    assert sorted(out) == sorted([*emitted, *copies])
    assert out != emitted
    assert copies


def test_a_late_reading_comes_out_with_the_first_that_is_due_after_it() -> None:
    _, out, told = let_out({ChaosKind.LATE: 0.1}, seconds=400.0)
    for late in told[:20]:
        place = out.index((late.turbine_number, late.sequence))
        before = [sequence for number, sequence in out[:place] if number == late.turbine_number]
        assert max(before) == pytest.approx(late.sequence + (late.seconds or 0.0), abs=5), "some of these are late too"


def dry_run(folder: Path, *, chaos: str, **settings: object) -> tuple[list[str], list[str], list[dict[str, object]]]:
    """What came out, what was emitted, and what was done, of a run of the whole program."""
    made = TurbineSettings.model_validate(
        {
            "count": 2, "seed": 1, "duration": 50, "dry_run": True,
            "emitted": folder / "emitted", "chaos_log": folder / "log", "chaos": chaos,
        }
        | settings
    )  # fmt: skip
    out = io.StringIO()
    assert run_turbines(made, out=out, err=io.StringIO()) is ExitCode.FINE
    log = [json.loads(line) for line in (folder / "log").read_text().splitlines()]
    return out.getvalue().splitlines(), (folder / "emitted").read_text().splitlines(), log


def test_a_dry_run_prints_in_disorder_and_writes_down_the_truth(tmp_path: Path) -> None:
    printed, emitted, log = dry_run(tmp_path, chaos="late,reorder=0.2")
    assert printed != emitted
    assert sorted(printed) == sorted(emitted)
    assert {line["kind"] for line in log} == {"late", "reorder"}


def test_what_skewed_clocks_show_is_the_truth_and_anomalies_are_found_by_it(tmp_path: Path) -> None:
    printed, emitted, log = dry_run(
        tmp_path, chaos="skew=0.2", anomaly_rate=0.2, anomalies=tmp_path / "anomalies", time_to_fail=0
    )
    assert printed == emitted
    assert {line["kind"] for line in log} == {"skew"}
    shown = {(line["turbine_number"], line["emitted_at"]): line for line in map(json.loads, emitted)}
    anomalies = [json.loads(line) for line in (tmp_path / "anomalies").read_text().splitlines()]
    assert len(anomalies) > 5
    for anomaly in anomalies:
        assert shown[anomaly["turbine_number"], anomaly["emitted_at"]][anomaly["quantity"]] == anomaly["value"]


REPLAYED = "turbine,time,wind_speed,power_kw\n" + "".join(
    f"1,2024-01-01T00:{minute:02}:00Z,8.0,500.0\n" for minute in range(60)
)


def test_a_replay_has_its_chaos_too(tmp_path: Path) -> None:
    file = tmp_path / "farm.csv"
    file.write_text(REPLAYED)
    columns = "turbine=turbine,time=time,wind_speed=wind_speed,power_kw=power_kw"
    printed, emitted, log = dry_run(
        tmp_path, chaos="late=0.3,skew=0.1", replay=file, columns=columns, speed="max", duration=None
    )
    assert len(emitted) == 60
    assert sorted(printed) == sorted(emitted)
    assert {line["kind"] for line in log} == {"late", "skew"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ("--chaos", "late,later"),
            "--chaos: there is no chaos 'later': only late, duplicate, reorder, half-open, skew",
        ),
        (("--chaos", "late=2"), "--chaos: the rate of late is a share of the readings, 0 to 1, and not '2'"),
        (("--chaos", "half-open", "--dry-run"), "half-open needs a broker: not with --dry-run"),
        (("--chaos-log", "log"), "--chaos-log only with --chaos"),
        (("--replay", "x.csv", "--seed", "1"), "--seed not with --replay"),
    ],
)
def test_what_does_not_go_together_is_refused_in_words(arguments: tuple[str, ...], sentence: str) -> None:
    program = [sys.executable, "-c", "from turbine.cli import main; main()"]
    run = subprocess.run([*program, *arguments], capture_output=True, text=True, env=environment(), check=False)
    assert (run.returncode, run.stderr) == (2, f"grid-turbines: {sentence}\n")
