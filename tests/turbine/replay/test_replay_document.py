"""What docs/replay.md tells people to type works as it says, with a real broker."""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from grid.status import OfflineReason, TurbineStatus
from monitor.demo_broker import LocalMosquitto
from turbine.replay.presets import Column
from turbine.settings import REPLAY_ONLY

DOCUMENT = (Path(__file__).parents[3] / "docs" / "replay.md").read_text(encoding="utf-8")


def blocks(language: str) -> Sequence[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", DOCUMENT, flags=re.MULTILINE | re.DOTALL)


def type_in(command: str, folder: Path, port: int) -> subprocess.CompletedProcess[str]:
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": programs, "GRID_BROKER_HOST": "127.0.0.1", "GRID_BROKER_PORT": str(port)}
    return subprocess.run(
        ["bash", "-euc", command], cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.broker
def test_the_commands_of_the_document_do_what_it_says(tmp_path: Path, broker: LocalMosquitto) -> None:
    write_file, look, send = blocks("bash")
    assert type_in(write_file, tmp_path, broker.port).returncode == 0

    looked = type_in(look, tmp_path, broker.port)
    assert looked.returncode == 0, looked.stderr
    assert len(looked.stdout.splitlines()) == 5
    (promised,) = blocks("text")
    assert looked.stderr == promised

    sent = type_in(send, tmp_path, broker.port)
    assert sent.returncode == 0, sent.stderr
    assert "5 of 5 readings acknowledged by the broker" in sent.stderr
    listen = f"mosquitto_sub -h 127.0.0.1 -p {broker.port} -t grid/turbines/+/status -C 2 -W 10"
    goodbyes = type_in(listen, tmp_path, broker.port).stdout.splitlines()
    assert [TurbineStatus.from_payload(each.encode()).reason for each in goodbyes] == [OfflineReason.STOPPED] * 2


def test_a_wrong_column_is_one_line_and_wrong_usage(tmp_path: Path) -> None:
    type_in(blocks("bash")[0], tmp_path, 1)
    wrong = type_in("grid-turbines --replay farm.csv --columns time=Zeit,wind_speed=W,power_kw=P", tmp_path, 1)
    assert wrong.returncode == 2
    assert wrong.stderr == (
        "grid-turbines: there is no column 'Zeit'; "
        "the file has 'Turbine', 'Local time', 'Wind (m/s)', 'Power (kW)', 'State'\n"
    )


def test_the_document_names_every_option_and_column_of_a_replay() -> None:
    options = {f"`--{name.replace('_', '-')}`" for name in REPLAY_ONLY}
    columns = {f"`{column}=`" for column in Column}
    assert {name for name in options | columns if name not in DOCUMENT} == set()
