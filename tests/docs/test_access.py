"""docs/access.md against the commands and the rules."""

import io
import re
import shlex
import sys
from pathlib import Path

import pytest
from commands import command_in
from people import PASSWORD

from monitor.access.access import COOKIE, LONGEST_SESSION_SECONDS, SESSION_SECONDS
from monitor.access.key import SHORTEST_KEY
from monitor.access.passwords import LONGEST_PASSWORD, SHORTEST_PASSWORD
from monitor.access.roles import Scope
from monitor.access.throttle import PER_ADDRESS, PER_NAME, PER_NAME_AND_ADDRESS
from monitor.access_cli import LONGEST_DAYS
from monitor.store.accounts import MOST_REFUSALS

TEXT = (Path(__file__).parents[2] / "docs" / "access.md").read_text(encoding="utf-8")
PLAIN = " ".join(TEXT.split())


def test_the_commands_run_in_their_order(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = command_in(tmp_path, monkeypatch, capsys)
    lines = [line for block in re.findall(r"```bash\n(.+?)```", TEXT, re.DOTALL) for line in block.splitlines()]
    typed = [shlex.split(line, comments=True)[1:] for line in lines if re.match("grid-monitor (user|token) ", line)]
    assert len(typed) == 8
    for arguments in typed:
        monkeypatch.setattr(sys, "stdin", io.StringIO(PASSWORD))
        done = command(*arguments)
        assert done.code == 0, done.err


def test_the_table_is_that_of_the_scopes() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (viewer|operator|engineer|admin) \|", TEXT, re.MULTILINE)
    assert rows == [(scope.value, scope.role.word) for scope in Scope]


def test_the_figures_are_those_in_force() -> None:
    assert f"**A session** lasts {SESSION_SECONDS // 60} minutes" in PLAIN
    assert f"{LONGEST_SESSION_SECONDS // 3600} hours at most" in PLAIN
    assert f"the cookie `{COOKIE}`" in PLAIN
    assert f"A password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters" in PLAIN
    assert f"{SHORTEST_KEY} bytes or more" in PLAIN
    assert f"at most {LONGEST_DAYS}" in PLAIN
    assert f"newest {MOST_REFUSALS:,} are kept" in PLAIN
    for limit, words in (
        (PER_NAME_AND_ADDRESS, "{} times in 5 minutes for one name from one address"),
        (PER_ADDRESS, "{} times for all names from one address"),
        (PER_NAME, "{} times in an hour for one name from everywhere"),
    ):
        assert words.format(limit.amount) in PLAIN
    assert (PER_NAME_AND_ADDRESS.get_expiry(), PER_ADDRESS.get_expiry(), PER_NAME.get_expiry()) == (300, 300, 3600)
