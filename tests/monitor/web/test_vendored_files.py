"""What lies in the folder of vendored files is what its manifest says, to the byte."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

import monitor.web

VENDOR = Path(monitor.web.__file__).parent / "static" / "vendor"
MANIFEST = VENDOR / "vendor.json"
WORDS_OF_LICENCE = {"MIT": "Permission is hereby granted, free of charge, to any person obtaining a copy"}
"""Licences that we may pass on, and a phrase that only their text has."""

PACKAGES: list[dict[str, Any]] = json.loads(MANIFEST.read_text(encoding="utf-8"))["packages"]
every_package = pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package["name"])


def test_nothing_lies_there_that_the_manifest_does_not_name() -> None:
    named = {name for package in PACKAGES for name in package["files"]}
    lying = {path.relative_to(VENDOR).as_posix() for path in VENDOR.rglob("*") if path.is_file() and path != MANIFEST}
    assert lying == named


@every_package
def test_every_file_is_the_one_that_was_taken(package: dict[str, Any]) -> None:
    hashes = {name: hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() for name in package["files"]}
    assert hashes == package["files"]


@every_package
def test_the_code_says_the_version_of_the_manifest(package: dict[str, Any]) -> None:
    scripts = [VENDOR / name for name in package["files"] if name.endswith(".js")]
    assert scripts
    for script in scripts:
        head = script.read_text(encoding="utf-8")[:1000]
        assert f"{package['origin']} (v{package['version']})" in head


@every_package
def test_the_licence_is_there_and_the_one_that_is_named(package: dict[str, Any]) -> None:
    text = (VENDOR / package["licence_file"]).read_text(encoding="utf-8")
    assert WORDS_OF_LICENCE[package["licence"]] in text
    assert package["copyright"] in text
