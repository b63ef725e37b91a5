"""What is installed is pinned, hashed, and asks no particular server."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from supply_chain.audit import FILES

PROJECT = Path(__file__).parents[1]
ALSO_FROM_EXTRAS = {
    "requirements.txt": [],
    "requirements-demo.txt": ["demo"],
    "requirements-dev.txt": ["demo", "dev"],
}


def declared(*extras: str) -> list[Requirement]:
    """What pyproject.toml asks for, with these extras."""
    project: dict[str, Any] = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [*project["dependencies"]]
    for extra in extras:
        lines += project["optional-dependencies"][extra]
    requirements = [Requirement(line) for line in lines]
    return [requirement for requirement in requirements if requirement.name != project["name"]]


def pinned(file: str) -> dict[str, str]:
    """Name and version of every package in a file of pins."""
    text = (PROJECT / file).read_text(encoding="utf-8")
    return {canonicalize_name(name): version for name, version in re.findall(r"^([\w.-]+)==([\w.]+)", text, re.M)}


@pytest.mark.parametrize("file", ALSO_FROM_EXTRAS)
def test_the_pins_are_what_the_project_asks_for(file: str) -> None:
    pins = pinned(file)

    for requirement in declared(*ALSO_FROM_EXTRAS[file]):
        version = pins.get(canonicalize_name(requirement.name), "nothing")
        assert requirement.specifier.contains(version), f"{file} pins {version} for {requirement}: make requirements"


@pytest.mark.parametrize("file", [*ALSO_FROM_EXTRAS, "requirements-build.txt", "requirements-audit.txt"])
def test_every_pin_has_hashes_and_names_no_server(file: str) -> None:
    text = (PROJECT / file).read_text(encoding="utf-8")
    blocks = re.split(r"^(?=[\w.-]+==)", text, flags=re.M)[1:]

    assert blocks
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in text
    assert "index-url" not in text


def test_all_files_agree_on_every_version() -> None:
    everything = pinned("requirements-dev.txt")

    for file in ("requirements.txt", "requirements-demo.txt"):
        assert pinned(file).items() <= everything.items()
    audit = pinned("requirements-audit.txt")
    assert {name: version for name, version in audit.items() if everything.get(name, version) != version} == {}


def test_an_audit_asks_about_all_that_is_pinned() -> None:
    asked = {pin for file in FILES for pin in pinned(file).items()}

    assert {pin for path in PROJECT.glob("requirements*.txt") for pin in pinned(path.name).items()} == asked
