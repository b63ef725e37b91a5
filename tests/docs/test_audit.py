"""docs/audit.md against the program."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from monitor.access.records import AccessAction
from monitor.cli import app
from monitor.facts import AuditAction, AuditEntry, Door
from monitor.store.rows import columns

TEXT = (Path(__file__).parents[2] / "docs" / "audit.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^grid-monitor (audit .*?|audit) *(?:#.*)?$", TEXT, re.MULTILINE)


def test_every_column_and_every_word_is_named() -> None:
    rows = re.findall(r"^\| `([a-z_]+)` \| ", TEXT, re.MULTILINE)
    assert rows == ["audit_id", *columns(AuditEntry)]
    for word in (*AuditAction, *AccessAction, *Door):
        assert f"`{word}`" in TEXT, word


@pytest.mark.parametrize("command", COMMANDS)
def test_its_commands_are_those_of_the_program(command: str, tmp_path: Path) -> None:
    ended = CliRunner().invoke(app, [*command.split(), "--data-dir", str(tmp_path)])
    assert ended.exit_code != 2, ended.output


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([a-z-]+\.md)\)", TEXT):
        assert (Path(__file__).parents[2] / "docs" / target).exists(), target
