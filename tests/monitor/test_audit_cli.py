"""What `grid-monitor audit` prints of a real ledger and real accounts."""

import json
from pathlib import Path

import pytest
from commands import Command, command_in
from people import NOW, add_user

from monitor.access.records import AccessAction
from monitor.facts import AuditAction, AuditEntry, Changes, Door
from monitor.store import DATABASE
from monitor.store.accounts import Accounts
from monitor.store.ledger import Ledger

HOLD = AuditEntry(
    NOW,
    "anna",
    Door.PAGES,
    "operator",
    None,
    "192.0.2.7",
    AuditAction.HOLD,
    "turbine-7",
    "people on site",
    True,
    "it is held",
)
TEST = AuditEntry(
    NOW, "a\x1b[31mn", Door.COMMAND_LINE, None, None, None, AuditAction.TEST_RECEIVER, "crew", "", False, "no crew"
)


@pytest.fixture
def grid_monitor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs `grid-monitor` with arguments, in an empty folder and environment."""
    return command_in(tmp_path, monkeypatch, capsys)


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """Somebody held turbine 7, and somebody's test of a receiver was refused."""
    found = tmp_path / "data"
    with Ledger.open(found / DATABASE) as ledger:
        ledger.commit(Changes(audit=[HOLD, TEST]))
    return found


def test_orders_are_printed_with_who_when_why_and_the_answer(grid_monitor: Command, data_dir: Path) -> None:
    done = grid_monitor("audit", "--data-dir", str(data_dir))
    (_, newest, oldest) = done.out.splitlines()
    assert done.code == 0
    for words in ("2", "command line", "test receiver", "crew", "refused", "no crew"):
        assert words in newest
    for words in ("1", "anna", "pages, 192.0.2.7", "hold", "turbine-7", "it is held (why: people on site)"):
        assert words in oldest
    assert "\x1b" not in done.out


@pytest.mark.parametrize(
    ("filters", "numbers"),
    [
        ((), [2, 1]),
        (("--newest", "1"), [2]),
        (("--who", "anna"), [1]),
        (("--refused",), [2]),
        (("--accepted",), [1]),
        (("--action", "hold"), [1]),
        (("--subject", "crew"), [2]),
        (("--since", "2026-11-21T00:00:00Z"), [2, 1]),
        (("--until", "2026-11-21T00:00:00Z"), []),
    ],
)
def test_orders_are_found_by_what_is_kept_of_them(
    grid_monitor: Command, data_dir: Path, filters: tuple[str, ...], numbers: list[int]
) -> None:
    out = grid_monitor("audit", "--data-dir", str(data_dir), "--json", *filters).out
    assert [entry["audit_id"] for entry in json.loads(out)] == numbers


def test_a_program_reads_whether_an_order_was_accepted(grid_monitor: Command, data_dir: Path) -> None:
    out = grid_monitor("audit", "--data-dir", str(data_dir), "--json").out
    assert [(entry["at"], entry["accepted"]) for entry in json.loads(out)] == [
        ("2026-11-21T00:00:00.000000Z", False),
        ("2026-11-21T00:00:00.000000Z", True),
    ]


def test_who_came_in_is_printed_beside_it(grid_monitor: Command, data_dir: Path) -> None:
    assert "nobody came in" in grid_monitor("audit", "access", "--data-dir", str(data_dir)).out
    accounts = Accounts.of(data_dir)
    add_user(accounts)
    accounts.note(AccessAction.REFUSED, "anna", address="192.0.2.7", now=NOW)
    done = grid_monitor("audit", "access", "--data-dir", str(data_dir))
    (_, refused, created) = done.out.splitlines()
    assert done.code == 0
    assert ("refused" in refused, "192.0.2.7" in refused, "user created" in created) == (True, True, True)
    out = grid_monitor("audit", "access", "--data-dir", str(data_dir), "--json").out
    assert [event["action"] for event in json.loads(out)] == ["refused", "user created"]


def test_an_order_on_the_command_line_names_the_account_where_it_says_another_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from monitor import options

    monkeypatch.setattr(options, "_account", lambda: "grid")
    assert options.acting_as("grid").who == "grid"
    assert options.acting_as("Ann").who == "Ann (account grid)"
