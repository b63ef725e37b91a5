"""People's accounts, programs' tokens, and what happened at the door."""

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from people import NOW, add_user

from grid.times import SECOND
from monitor.access.records import AccessAction, AccessEvent, AccessToken, User
from monitor.access.roles import Role, Scope
from monitor.store import accounts as module
from monitor.store.account_tables import FORMAT
from monitor.store.accounts import AccountRefusedError, Accounts
from monitor.store.errors import StoreDamagedError, StoreUnavailableError, StoreVersionError

DAY = 86_400 * SECOND
TOKEN = AccessToken("id-1", "app", frozenset({Scope.READ, Scope.ORDERS}), NOW, NOW + DAY)


@pytest.fixture
def accounts(tmp_path: Path) -> Accounts:
    return Accounts.of(tmp_path / "data")


def actions(accounts: Accounts) -> list[tuple[str, str, str, str]]:
    return [(event.action.value, event.name, event.by, event.what) for event in reversed(accounts.events(100))]


def test_before_anything_was_written_nobody_has_an_account(accounts: Accounts) -> None:
    assert (accounts.users(), accounts.tokens(), accounts.events(10)) == ([], [], [])
    assert accounts.user("anna") is None
    assert accounts.password_of("anna") is None
    assert accounts.token("x") is None
    assert not accounts.path.exists()


def test_the_database_is_for_its_user_alone(accounts: Accounts) -> None:
    add_user(accounts)
    assert accounts.path.stat().st_mode & 0o777 == 0o600


def test_a_user_is_found_in_capitals_too(accounts: Accounts) -> None:
    anna = add_user(accounts)
    assert accounts.user("ANNA") == anna == User("anna", Role.OPERATOR, NOW, NOW)
    assert accounts.users() == [anna]
    with pytest.raises(AccountRefusedError, match=r"^there is a user Anna already$"):
        add_user(accounts, "Anna")


@pytest.mark.parametrize(
    "change",
    [
        lambda accounts: accounts.change_password("bob", "x", by="root", now=NOW),
        lambda accounts: accounts.change_role("bob", Role.ADMIN, by="root", now=NOW),
        lambda accounts: accounts.remove_user("bob", by="root", now=NOW),
    ],
)
def test_nobody_is_not_changed_and_nothing_is_written_down(
    accounts: Accounts, change: Callable[[Accounts], None]
) -> None:
    add_user(accounts)
    before = accounts.events(10)
    with pytest.raises(AccountRefusedError, match=r"^there is no user bob$"):
        change(accounts)
    assert accounts.events(10) == before


def test_every_change_of_an_account_makes_it_another(accounts: Accounts) -> None:
    add_user(accounts)
    seen = []
    for _ in range(2):  # in the same microsecond, and on a clock that was set back
        accounts.change_role("anna", Role.VIEWER, by="root", now=NOW)
        seen.append(accounts.users()[0].changed_at)
        accounts.change_password("anna", "x", by="root", now=NOW - DAY)
        seen.append(accounts.users()[0].changed_at)
    assert seen == [NOW + 1, NOW + 2, NOW + 3, NOW + 4]
    assert accounts.users()[0].role is Role.VIEWER
    assert accounts.password_of("anna") == "x"


def test_a_password_that_was_changed_meanwhile_is_not_kept_again(accounts: Accounts) -> None:
    anna = add_user(accounts)
    accounts.keep_again("anna", "old", "new")
    assert accounts.password_of("anna") not in ("old", "new")
    accounts.keep_again("anna", accounts.password_of("anna") or "", "new")
    assert accounts.password_of("anna") == "new"
    assert accounts.user("anna") == anna


def test_ended_sessions_are_forgotten_when_they_would_have_ended(accounts: Accounts) -> None:
    anna = add_user(accounts)
    accounts.end_session("s1", NOW + 10, name="anna", address="", now=NOW)
    assert accounts.user_in_session("anna", "s1") is None
    assert accounts.user_in_session("anna", "s2") == anna
    accounts.end_session("s2", NOW + 20, name="anna", address="", now=NOW + 10)
    with closing(sqlite3.connect(accounts.path)) as connection:
        assert connection.execute("SELECT session_id FROM ended_sessions").fetchall() == [("s2",)]


def test_a_valid_name_of_a_token_is_taken(accounts: Accounts) -> None:
    accounts.create_token(TOKEN, by="root")
    other = replace(TOKEN, token_id="id-2", name="APP")
    with pytest.raises(AccountRefusedError, match=r"^there is a valid token APP already$"):
        accounts.create_token(other, by="root")
    assert accounts.tokens() == [TOKEN]
    accounts.create_token(replace(other, created_at=NOW + DAY, expires_at=NOW + 2 * DAY), by="root")
    assert [token.token_id for token in accounts.tokens()] == ["id-2", "id-1"]


def test_a_token_replaces_the_one_of_its_name(accounts: Accounts) -> None:
    accounts.create_token(TOKEN, by="root")
    accounts.create_token(replace(TOKEN, token_id="id-2", created_at=NOW + 1), by="root", replace=True)
    assert [(token.token_id, token.is_valid(NOW + 1)) for token in accounts.tokens()] == [
        ("id-2", True),
        ("id-1", False),
    ]


@pytest.mark.parametrize("by", ["app", "APP", "id-1"])
def test_a_token_is_revoked_once_by_name_or_id(accounts: Accounts, by: str) -> None:
    accounts.create_token(TOKEN, by="root")
    assert accounts.revoke_token(by, by="root", now=NOW + 5) == [TOKEN]
    kept = accounts.token("id-1")
    assert kept is not None
    assert kept.revoked_at == NOW + 5
    with pytest.raises(AccountRefusedError, match=f"^there is no valid token {by}$"):
        accounts.revoke_token(by, by="root", now=NOW + 6)


def test_the_use_of_a_token_waits_for_nobody(accounts: Accounts) -> None:
    accounts.create_token(TOKEN, by="root")
    with closing(sqlite3.connect(accounts.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        accounts.note_use(TOKEN, NOW)
        other.rollback()
    assert accounts.tokens() == [TOKEN]
    accounts.note_use(TOKEN, NOW)
    assert accounts.tokens() == [replace(TOKEN, last_used_at=NOW)]


def test_what_was_done_is_written_down_with_who_did_it(accounts: Accounts) -> None:
    add_user(accounts)
    accounts.change_role("anna", Role.ADMIN, by="root", now=NOW)
    accounts.change_password("anna", "x", by="eva", now=NOW)
    accounts.create_token(TOKEN, by="root")
    accounts.revoke_token("app", by="eva", now=NOW)
    accounts.end_session("s1", NOW + 1, name="anna", address="10.0.0.1", now=NOW)
    accounts.remove_user("anna", by="root", now=NOW)
    assert actions(accounts) == [
        ("user created", "anna", "root", "operator"),
        ("role changed", "anna", "root", "admin"),
        ("password changed", "anna", "eva", ""),
        ("token created", "app", "root", "orders read"),
        ("token revoked", "app", "eva", "id-1"),
        ("signed out", "anna", "", ""),
        ("user removed", "anna", "root", ""),
    ]


def test_events_come_newest_first_in_pages(accounts: Accounts) -> None:
    for number in range(5):
        accounts.note(AccessAction.SIGNED_IN, f"user{number}", address="10.0.0.1", what="viewer", now=NOW + number)
    first = accounts.events(2)
    assert first[0] == AccessEvent(5, NOW + 4, AccessAction.SIGNED_IN, "user4", "", "10.0.0.1", "viewer")
    rest = accounts.events(10, before=first[-1].event_id)
    assert [event.event_id for event in first + rest] == [5, 4, 3, 2, 1]


def test_who_knocks_for_long_pushes_out_only_knocking(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_REFUSALS", 3)
    add_user(accounts)
    for number in range(10):
        action = AccessAction.REFUSED if number % 2 else AccessAction.THROTTLED
        accounts.note(action, "", address=f"10.0.0.{number}", now=NOW)
    assert [event.address for event in accounts.events(10)] == ["10.0.0.9", "10.0.0.8", "10.0.0.7", ""]


def test_many_who_write_at_once_all_get_their_turn(accounts: Accounts) -> None:
    def write(number: int) -> None:
        add_user(Accounts(accounts.path), f"user{number}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(40)))
    assert len(accounts.users()) == 40
    assert len(accounts.events(100)) == 40


def test_a_replaced_database_is_read_at_once(accounts: Accounts, tmp_path: Path) -> None:
    add_user(accounts)
    other = Accounts.of(tmp_path / "other")
    add_user(other, "bob")
    other.path.replace(accounts.path)
    assert [user.name for user in accounts.users()] == ["bob"]


def test_accounts_of_a_newer_program_are_neither_read_nor_written(accounts: Accounts) -> None:
    add_user(accounts)
    with closing(sqlite3.connect(accounts.path)) as connection:
        connection.execute(f"PRAGMA user_version = {FORMAT + 1}")
    with pytest.raises(StoreVersionError, match="use the newer program"):
        accounts.users()
    with pytest.raises(StoreVersionError):
        add_user(accounts, "bob")


def test_damage_is_told_as_such(accounts: Accounts) -> None:
    add_user(accounts)
    accounts.path.write_bytes(b"garbage" * 1000)
    with pytest.raises(StoreDamagedError, match=r"access\.db is damaged .*: put a copy of it in its place"):
        accounts.users()


def test_a_folder_in_its_place_is_told_as_such(accounts: Accounts) -> None:
    accounts.path.mkdir(parents=True)
    with pytest.raises(StoreUnavailableError):
        accounts.users()
    with pytest.raises(StoreUnavailableError):
        add_user(accounts)


def test_another_programs_database_in_its_place_is_told_as_damage(accounts: Accounts) -> None:
    accounts.path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(accounts.path)) as connection:
        connection.execute("CREATE TABLE users (number INTEGER)")
    with pytest.raises(StoreDamagedError, match="has not the tables of accounts"):
        add_user(accounts)
    with closing(sqlite3.connect(accounts.path)) as connection:
        connection.execute(f"PRAGMA user_version = {FORMAT}")
    with pytest.raises(StoreDamagedError, match="has not the tables of accounts"):
        accounts.users()


def test_a_link_to_nothing_has_nothing_made_elsewhere(accounts: Accounts, tmp_path: Path) -> None:
    accounts.path.parent.mkdir(parents=True, exist_ok=True)
    accounts.path.symlink_to(tmp_path / "elsewhere.db")
    with pytest.raises(StoreUnavailableError):
        add_user(accounts)
    assert not (tmp_path / "elsewhere.db").exists()
