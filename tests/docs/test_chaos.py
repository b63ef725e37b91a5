"""The page on chaos: its command and its program run as they stand, on a farm that keeps its promise."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from programs import PROGRAMS, Farm, environment

from monitor.demo_broker import LocalMosquitto
from turbine.chaos import HALF_OPEN_SECONDS, LATE_SECONDS, REORDER_READINGS, REORDER_SECONDS, USUAL_RATES, ChaosKind

PAGE = (Path(__file__).parents[2] / "docs" / "chaos.md").read_text(encoding="utf-8")


@pytest.fixture
def farm(broker: LocalMosquitto, tmp_path: Path) -> Iterator[Farm]:
    farm = Farm(broker.host, broker.port, tmp_path)
    yield farm
    farm.close()


def block(language: str) -> str:
    [text] = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return str(text)


@pytest.mark.slow
def test_a_farm_stores_what_the_page_lets_happen_to_it(farm: Farm) -> None:
    farm.monitor()
    (program, *options) = block("sh").split()
    run = subprocess.run(
        [PROGRAMS / program, *farm.at_broker, *options],
        cwd=farm.folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    verdict = subprocess.run(
        [sys.executable, "-c", block("python")], cwd=farm.folder, capture_output=True, text=True, check=True
    )
    assert verdict.stdout == "600 emitted, 0 lost, 0 stored twice\n"
    assert len((farm.folder / "chaos.jsonl").read_text(encoding="utf-8").splitlines()) > 50


def test_the_page_tells_of_every_kind_with_its_numbers() -> None:
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| (.*) \|$", PAGE, re.MULTILINE))
    assert {ChaosKind(name): float(row.split(" | ")[1]) for name, row in rows.items()} == USUAL_RATES
    for kind, numbers in (
        (ChaosKind.LATE, LATE_SECONDS),
        (ChaosKind.DUPLICATE, LATE_SECONDS),
        (ChaosKind.HALF_OPEN, HALF_OPEN_SECONDS),
        (ChaosKind.REORDER, (REORDER_READINGS, REORDER_SECONDS)),
    ):
        assert all(re.search(rf"\b{number:g}\b", rows[kind]) for number in numbers), kind
