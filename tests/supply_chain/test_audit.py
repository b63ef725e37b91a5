"""An audit is clean only where somebody spoke of every package."""

import json
import subprocess
from pathlib import Path

import pytest

from supply_chain.audit import CLEAN, UNANSWERED, VULNERABLE, Advisory, Package, audit, judge, unanswered

PROJECT = Path(__file__).parents[2]
KNOWN = Package(name="jinja2", version="3.1.6", vulns=[])
BAD = Package(name="jinja2", version="2.0", vulns=[Advisory(id="PYSEC-2019-217", fix_versions=["2.10.1"])])
SILENT = Package(name="uvloop", skip_reason="Dependency not found on PyPI and could not be audited: uvloop (0.23.0)")


def test_a_clean_audit_says_of_how_many_packages() -> None:
    verdict = judge([KNOWN, KNOWN])

    assert (verdict.exit_code, verdict.lines) == (CLEAN, ("No known vulnerabilities in 2 pinned packages.",))


def test_a_vulnerability_is_named_with_the_version_that_mends_it() -> None:
    verdict = judge([KNOWN, BAD])

    assert verdict.exit_code == VULNERABLE
    assert verdict.lines[0] == "jinja2 2.0: PYSEC-2019-217, fixed in 2.10.1"


def test_silence_about_one_package_is_no_clean_audit() -> None:
    verdict = judge([KNOWN, SILENT])

    assert verdict.exit_code == UNANSWERED
    assert verdict.lines[0] == "Not audited: the service said nothing of 1 of 2 pinned packages (uvloop)."


def test_what_is_known_is_said_also_where_the_service_is_silent_of_others() -> None:
    verdict = judge([SILENT, BAD])

    assert verdict.exit_code == VULNERABLE
    assert "PYSEC-2019-217" in verdict.lines[0]
    assert verdict.lines[1].startswith("Not audited")


def test_an_audit_of_nothing_is_no_clean_audit() -> None:
    assert judge([]).exit_code == UNANSWERED


@pytest.mark.parametrize("complaint", ["Traceback ...\n  x\nNameResolutionError: no such host\n", ""])
def test_a_network_that_is_away_is_told_in_its_own_last_words(complaint: str) -> None:
    verdict = unanswered(complaint)

    assert verdict.exit_code == UNANSWERED
    assert ("no such host" if complaint else "did not say why") in verdict.lines[0]


def program(folder: Path, says: str, complains: str = "", exit_code: int = 0) -> Path:
    """A program in pip-audit's place that writes down what it was asked."""
    path = folder / "pip-audit"
    lines = ["#!/bin/sh", f'printf "%s\\n" "$@" >{folder}/asked', f"cat <<'E'\n{says}\nE", f"echo '{complains}' >&2"]
    path.write_text("\n".join([*lines, f"exit {exit_code}\n"]), encoding="utf-8")
    path.chmod(0o755)
    return path


def test_every_file_of_pins_is_asked_about_with_its_hashes(tmp_path: Path) -> None:
    verdict = audit(program(tmp_path, json.dumps({"dependencies": [KNOWN]})), Path("/pins"), ["--timeout", "9"])

    asked = (tmp_path / "asked").read_text(encoding="utf-8").split()
    assert verdict.exit_code == CLEAN
    assert [word for word in asked if word.startswith("/pins")] == [
        f"/pins/requirements-{which}.txt" for which in ("dev", "build", "audit")
    ]
    assert {"--require-hashes", "--disable-pip", "--timeout"} <= set(asked)


def test_make_knows_both_commands() -> None:
    for target, program in (("audit", "pip-audit"), ("sbom", "cyclonedx-py")):
        dry = subprocess.run(["make", "--dry-run", target], cwd=PROJECT, capture_output=True, text=True, check=True)
        assert program in dry.stdout


def test_a_program_that_breaks_off_is_no_clean_audit(tmp_path: Path) -> None:
    verdict = audit(program(tmp_path, "", "ConnectionError: nobody answers", exit_code=1), tmp_path, [])

    assert verdict.exit_code == UNANSWERED
    assert verdict.lines[0] == "Not audited: ConnectionError: nobody answers"
