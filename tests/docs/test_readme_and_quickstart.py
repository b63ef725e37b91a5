"""Every command of the README and the quickstart runs as it stands, against a farm on a broker of the test's own."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from programs import Farm, environment, wait_for

from monitor.demo_broker import LocalMosquitto

PROJECT = Path(__file__).parents[2]
PAGES = [PROJECT / "README.md", PROJECT / "docs" / "quickstart.md"]

ELSEWHERE = {
    "make demo": "tests/end_to_end/test_demo.py",
    "make test": "the run that this test is part of",
    "source .venv/bin/activate": "the environment below does the same",
    "docker compose up mosquitto": "tests/end_to_end/test_compose.py",
    "docker compose --profile secure up": "tests/end_to_end/test_compose.py",
    "docker compose --profile secure exec secure-monitor grid-monitor user create anna --role admin": "there as well",
}
PROGRAMS_THAT_STAY = ("grid-monitor", "grid-turbines --count 6", "mosquitto_sub -t 'grid/#' -v")


def commands(page: Path) -> list[str]:
    """The lines of the page's shell blocks, without their comments."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    lines = [re.sub(r"\s+# .*$", "", line) for block in blocks for line in block.splitlines()]
    return [line for line in lines if line]


@pytest.fixture
def farm(broker: LocalMosquitto, tmp_path: Path) -> Iterator[Farm]:
    farm = Farm(broker.host, broker.port, tmp_path)
    yield farm
    farm.close()


@pytest.fixture
def as_the_reader(farm: Farm) -> dict[str, str]:
    """The environment of somebody who has activated .venv, on the broker of this test."""
    for client in ("mosquitto_pub", "mosquitto_sub"):
        (farm.folder / client).write_text(f"-h {farm.host}\n-p {farm.port}\n")
    return environment() | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "XDG_CONFIG_HOME": str(farm.folder),
        "GRID_BROKER_HOST": farm.host,
        "GRID_BROKER_PORT": str(farm.port),
        "GRID_DATA_DIR": str(farm.data_dir),
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_commands_of_a_page_run_as_they_stand(page: Path, farm: Farm, as_the_reader: dict[str, str]) -> None:
    lines = [line for line in commands(page) if line not in ELSEWHERE]
    staying = [line for line in lines if line in PROGRAMS_THAT_STAY]
    assert sorted(staying) == sorted(PROGRAMS_THAT_STAY)
    started = [
        subprocess.Popen(["sh", "-c", f"exec {line}"], cwd=farm.folder, env=as_the_reader, stdout=subprocess.DEVNULL)
        for line in staying
    ]
    try:
        wait_for(lambda: farm.read("incidents"), "a turbine breaks", seconds=45)
        wait_for(lambda: len(farm.read("turbines")) >= 6, "six turbines report")
        for line in lines:
            if line not in staying:
                run_to_its_end(line, farm, as_the_reader)
    finally:
        for process in started:
            process.send_signal(signal.SIGTERM)
        for process in started:
            process.wait(15)


def run_to_its_end(line: str, farm: Farm, env: dict[str, str]) -> None:
    if ordered := re.match(r"grid-monitor repair (\d+)", line):  # refused while somebody is there already
        at_it = {"turbine_number": int(ordered[1]), "open_only": True}
        wait_for(lambda: not farm.read("visits", **at_it), "nobody is at the turbine", seconds=30)
    run = subprocess.run(
        ["sh", "-c", line], cwd=farm.folder, env=env, capture_output=True, text=True, timeout=30, check=False
    )
    assert run.returncode == 0, f"{line}\n{run.stderr}"
    if line.startswith("mosquitto_pub"):
        wait_for(lambda: farm.read("readings", turbine_number=7), "the reading of turbine 7 is stored")
    else:
        assert run.stdout


def test_make_knows_what_the_readme_says() -> None:
    for target in ("demo", "test"):
        dry = subprocess.run(["make", "--dry-run", target], cwd=PROJECT, capture_output=True, text=True, check=False)
        assert dry.returncode == 0, dry.stderr


def test_every_link_of_the_documents_leads_somewhere() -> None:
    for page in [*PAGES, PROJECT / "SECURITY.md", *(PROJECT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name} links to {target}"
