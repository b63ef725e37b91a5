"""What is installed with the package besides Python."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
SOURCES = ("grid", "turbine", "monitor", "mosquitto")
FILES = ("pyproject.toml", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the sources so that nothing is left among them."""
    copy = tmp_path_factory.mktemp("sources")
    for folder in SOURCES:
        shutil.copytree(PROJECT / folder, copy / folder, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    for file in FILES:
        shutil.copy(PROJECT / file, copy)
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*build, "--wheel-dir", copy / "dist", copy], check=True, timeout=100)
    return next((copy / "dist").glob("*.whl"))


def test_the_wheel_ships_the_brokers_configuration(wheel: Path) -> None:
    ours = (PROJECT / "mosquitto" / "mosquitto.conf").read_text(encoding="utf-8")

    assert zipfile.ZipFile(wheel).read("monitor/mosquitto.conf").decode() == ours


def test_the_wheel_ships_every_file_that_is_no_python(wheel: Path) -> None:
    shipped = set(zipfile.ZipFile(wheel).namelist())
    needed = {
        str(path.relative_to(PROJECT))
        for package in ("grid", "turbine", "monitor")
        for path in (PROJECT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    assert needed <= shipped


def test_the_wheel_holds_our_packages_only(wheel: Path) -> None:
    tops = {Path(name).parts[0] for name in zipfile.ZipFile(wheel).namelist()}

    assert {top for top in tops if not top.endswith(".dist-info")} == {"grid", "turbine", "monitor"}
