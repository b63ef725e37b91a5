"""The commands about users and tokens, as a person types them."""

import io
import json
import os
import pty
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from argon2.profiles import CHEAPEST
from commands import Command, Outcome, command_in
from people import HERE, PASSWORD

from monitor.access.access import Access
from monitor.access.identity import Identity
from monitor.access.key import read_key
from monitor.access.records import AccessAction
from monitor.access.refusals import SignInRefusedError
from monitor.access.roles import Role, Scope
from monitor.clock import utc_now
from monitor.store.accounts import Accounts

DATA = Path("data")
KEY_FILE = "data/http-key"


@pytest.fixture
def grid_monitor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs `grid-monitor` with arguments, in an empty folder, with `PASSWORD` on standard input."""
    command = command_in(tmp_path, monkeypatch, capsys)
    monkeypatch.setattr("monitor.access.passwords.RFC_9106_LOW_MEMORY", CHEAPEST)

    def with_input(*arguments: str) -> Outcome:
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{PASSWORD}\n"))
        return command(*arguments)

    return with_input


def sign_in(name: str, password: str) -> Identity:
    access = Access.closed_site(DATA, read_key(Path(KEY_FILE)))
    return access.sign_in(name, password, address=HERE, now=utc_now()).identity


def who_brings(token: str) -> Identity:
    access = Access.closed_site(DATA, read_key(Path(KEY_FILE)))
    return access.recognise(now=utc_now(), authorization=f"Bearer {token}").identity


# --- people


def test_a_created_user_signs_in(grid_monitor: Command) -> None:
    done = grid_monitor("user", "create", "anna", "--role", "operator")
    assert done == Outcome(0, "anna may sign in as operator\n", "")
    assert sign_in("anna", PASSWORD).role is Role.OPERATOR


def test_a_password_comes_from_a_file_too(grid_monitor: Command) -> None:
    Path("password").write_text("another password of four words\r\nsecond line\n")
    grid_monitor("user", "create", "anna", "--role", "viewer", "--password-file", "password")
    assert sign_in("anna", "another password of four words").name == "anna"
    Path("password").write_bytes(b"\xff\xfe")
    done = grid_monitor("user", "password", "anna", "--password-file", "password")
    assert (done.code, done.err) == (2, "grid-monitor: password: it holds no text in UTF-8\n")
    done = grid_monitor("user", "password", "anna", "--password-file", "nowhere")
    assert (done.code, done.err) == (1, "grid-monitor: nowhere: No such file or directory\n")


def test_a_password_typed_on_a_terminal_is_asked_for_twice_and_not_shown(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    program = "import os; os.login_tty(0); from monitor.cli import main; main()"
    command = [sys.executable, "-c", program, "user", "create", "anna", "--role", "admin"]
    with closing(os.fdopen(ours, "r+b", buffering=0)) as terminal:
        child = subprocess.Popen(command, cwd=tmp_path, stdin=theirs, stdout=theirs, stderr=theirs)
        os.close(theirs)
        shown = b""
        for question in (b"Password: ", b"Repeat for confirmation: "):
            while not shown.endswith(question):
                shown += terminal.read(100)
            terminal.write(f"{PASSWORD}\n".encode())
        while b"may sign in" not in shown:
            shown += terminal.read(100)
        assert child.wait(20) == 0
    assert PASSWORD.encode() not in shown
    assert [user.name for user in Accounts.of(tmp_path / "data").users()] == ["anna"]


def test_a_weak_password_is_refused_and_not_quoted(grid_monitor: Command, tmp_path: Path) -> None:
    Path("password").write_text("hunter2\n")
    done = grid_monitor("user", "create", "anna", "--role", "viewer", "--password-file", "password")
    assert (done.code, done.out) == (2, "")
    assert done.err == "grid-monitor: a password has 15 to 256 characters: four or five words do\n"
    assert grid_monitor("user", "list").out == "nobody may sign in\n"


@pytest.mark.parametrize("name", ["an na", "", "änna", "x" * 65])
def test_a_name_that_could_be_mistaken_is_refused(grid_monitor: Command, name: str) -> None:
    done = grid_monitor("user", "create", name, "--role", "viewer")
    assert done.code == 2
    assert "a name has 1 to 64 of the letters" in done.err


@pytest.mark.parametrize("role", ["anyone", "root", "2", ""])
def test_only_the_four_roles_are_given(grid_monitor: Command, role: str) -> None:
    done = grid_monitor("user", "create", "anna", "--role", role)
    assert done.code == 2
    assert "one of viewer, operator, engineer, admin" in done.err


def test_a_name_is_given_once(grid_monitor: Command) -> None:
    grid_monitor("user", "create", "anna", "--role", "viewer")
    done = grid_monitor("user", "create", "Anna", "--role", "viewer")
    assert (done.code, done.err) == (1, "grid-monitor: there is a user Anna already\n")


def test_users_are_listed_without_anything_secret(grid_monitor: Command) -> None:
    grid_monitor("user", "create", "bob", "--role", "viewer")
    grid_monitor("user", "create", "anna", "--role", "admin")
    sheet = grid_monitor("user", "list").out
    assert [line.split()[:2] for line in sheet.splitlines()] == [["name", "role"], ["anna", "admin"], ["bob", "viewer"]]
    document = json.loads(grid_monitor("user", "list", "--json").out)
    assert [sorted(user) for user in document] == [["changed_at", "created_at", "name", "role"]] * 2
    assert "argon2" not in sheet


def test_password_role_and_removal_hold_at_once(grid_monitor: Command) -> None:
    grid_monitor("user", "create", "anna", "--role", "viewer")
    assert grid_monitor("user", "role", "anna", "engineer").out == "anna is engineer now, and has to sign in again\n"
    assert sign_in("anna", PASSWORD).role is Role.ENGINEER
    Path("password").write_text("another password of four words\n")
    done = grid_monitor("user", "password", "anna", "--password-file", "password")
    assert done.out == "anna has another password; sessions from before have ended\n"
    with pytest.raises(SignInRefusedError):
        sign_in("anna", PASSWORD)
    assert sign_in("anna", "another password of four words").name == "anna"
    assert grid_monitor("user", "remove", "anna").out == "anna may not sign in any more\n"
    with pytest.raises(SignInRefusedError):
        sign_in("anna", "another password of four words")


@pytest.mark.parametrize("command", [["password", "eve"], ["role", "eve", "admin"], ["remove", "eve"]])
def test_nobody_can_be_changed(grid_monitor: Command, command: list[str]) -> None:
    done = grid_monitor("user", *command)
    assert (done.code, done.err) == (1, "grid-monitor: there is no user eve\n")


# --- programs


def test_a_token_is_shown_once_and_opens_what_it_was_made_for(grid_monitor: Command) -> None:
    command = ["token", "create", "app", "--scope", "read", "--scope", "orders", "--http-key-file", KEY_FILE]
    done = grid_monitor(*command)
    assert done.code == 0
    assert done.err.startswith("This is the token app, which is not shown again; it holds until ")
    who = who_brings(done.out.strip())
    assert (who.name, who.scopes) == ("app", frozenset({Scope.READ, Scope.ORDERS}))
    assert Path(KEY_FILE).stat().st_mode & 0o777 == 0o600
    kept = Path("data/access.db").read_bytes()
    assert done.out.strip().encode() not in kept
    assert done.out.strip() not in grid_monitor("token", "list", "--json").out


def test_the_key_in_the_data_folder_is_found(grid_monitor: Command) -> None:
    done = grid_monitor("token", "create", "app", "--scope", "read")
    assert (done.code, done.out) == (2, "")
    assert "--http-key-file data/http-key" in done.err
    read_key(Path(KEY_FILE))
    assert who_brings(grid_monitor("token", "create", "app", "--scope", "read").out.strip()).name == "app"


def test_a_token_in_a_file_is_for_its_user_alone_and_shown_nowhere(grid_monitor: Command) -> None:
    read_key(Path(KEY_FILE))
    done = grid_monitor("token", "create", "app", "--scope", "metrics", "--to", "token")
    assert done.out.startswith("token has the token app, which holds until ")
    token = Path("token").read_text()
    assert token.strip() not in done.out + done.err
    assert Path("token").stat().st_mode & 0o777 == 0o600
    assert who_brings(token.strip()).scopes == {Scope.METRICS}


@pytest.mark.parametrize("target", [KEY_FILE, "data/access.db", "data/grid.db-wal", "data/turbines/turbine-1.txt"])
def test_a_token_is_never_written_over_the_data(grid_monitor: Command, target: str) -> None:
    key = read_key(Path(KEY_FILE))
    done = grid_monitor("token", "create", "app", "--scope", "read", "--to", target)
    assert (done.code, done.out) == (1, "")
    assert done.err == f"grid-monitor: {target} belongs to the monitor's own data: name another file\n"
    assert read_key(Path(KEY_FILE)) == key
    assert Accounts.of(DATA).tokens() == []


def test_a_token_takes_the_place_of_no_link_and_no_device(grid_monitor: Command) -> None:
    """As root it would put /dev/stdout out of the way for the whole machine."""
    read_key(Path(KEY_FILE))
    os.mkfifo("pipe")
    Path("link").symlink_to("elsewhere")
    for target in ("pipe", "link", "data"):
        done = grid_monitor("token", "create", "app", "--scope", "read", "--to", target)
        assert (done.code, done.out) == (2, "")
        assert done.err == f"grid-monitor: {target} is a link or no file, and would be replaced: name a file\n"
    assert Path("pipe").is_fifo()
    assert Path("link").is_symlink()
    assert Accounts.of(DATA).tokens() == []


def test_a_token_takes_the_place_of_no_key(grid_monitor: Command) -> None:
    key = read_key(Path("key"))
    options = ("--scope", "read", "--http-key-file", "key", "--to", "./key")
    assert grid_monitor("token", "create", "app", *options).err == "grid-monitor: key is the key: name another file\n"
    assert read_key(Path("key")) == key


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_what_root_makes_belongs_to_the_user_of_the_monitor(grid_monitor: Command) -> None:
    """The monitor runs as a user of its own, and could not open root's key."""
    DATA.mkdir()
    os.chown(DATA, 4711, 4712)
    grid_monitor("user", "create", "anna", "--role", "viewer")
    grid_monitor("token", "create", "app", "--scope", "read", "--http-key-file", KEY_FILE, "--to", "data/token")
    made = [DATA / "access.db", DATA / "http-key", DATA / "token"]
    assert {(path.stat().st_uid, path.stat().st_gid) for path in made} == {(4711, 4712)}


def test_a_token_that_could_not_be_written_is_revoked(grid_monitor: Command) -> None:
    read_key(Path(KEY_FILE))
    done = grid_monitor("token", "create", "app", "--scope", "read", "--to", "nowhere/token")
    assert done.code == 1
    assert [token.is_valid(utc_now()) for token in Accounts.of(DATA).tokens()] == [False]


def test_a_name_has_one_valid_token_which_another_may_replace(grid_monitor: Command) -> None:
    read_key(Path(KEY_FILE))
    first = grid_monitor("token", "create", "app", "--scope", "read").out.strip()
    done = grid_monitor("token", "create", "app", "--scope", "read")
    assert (done.code, done.out, done.err) == (1, "", "grid-monitor: there is a valid token app already\n")
    second = grid_monitor("token", "create", "app", "--scope", "read", "--replace").out.strip()
    assert [who_brings(token).name for token in (first, second)] == ["", "app"]


def test_a_revoked_token_opens_nothing(grid_monitor: Command) -> None:
    read_key(Path(KEY_FILE))
    token = grid_monitor("token", "create", "app", "--scope", "read", "--days", "1").out.strip()
    assert who_brings(token).name == "app"
    done = grid_monitor("token", "revoke", "app")
    assert done.out.startswith("the token app (")
    assert who_brings(token).name == ""
    done = grid_monitor("token", "revoke", "app")
    assert (done.code, done.err) == (1, "grid-monitor: there is no valid token app\n")


def test_tokens_are_listed_with_what_became_of_them(grid_monitor: Command) -> None:
    assert grid_monitor("token", "list").out == "no token was made\n"
    read_key(Path(KEY_FILE))
    grid_monitor("token", "create", "old", "--scope", "read")
    grid_monitor("token", "revoke", "old")
    who_brings(grid_monitor("token", "create", "new", "--scope", "outages", "--scope", "alarms").out.strip())
    lines = grid_monitor("token", "list").out.splitlines()
    assert len(lines) == 3
    assert " new " in lines[1]
    assert " until " in lines[1]
    assert lines[1].endswith("alarms, outages")
    assert " revoked " in lines[2]
    assert " never " in lines[2]
    documents = json.loads(grid_monitor("token", "list", "--json").out)
    assert [(token["name"], token["valid"], token["scopes"]) for token in documents] == [
        ("new", True, ["alarms", "outages"]),
        ("old", False, ["read"]),
    ]


@pytest.mark.parametrize(
    "options", [[], ["--scope", "everything"], ["--scope", "read", "--days", "0"], ["--scope", "read", "--days", "367"]]
)
def test_a_token_has_scopes_and_an_end(grid_monitor: Command, options: list[str]) -> None:
    read_key(Path(KEY_FILE))
    assert grid_monitor("token", "create", "app", *options).code == 2
    assert Accounts.of(DATA).tokens() == []


def test_who_typed_it_is_written_down(grid_monitor: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "root-of-all")
    grid_monitor("user", "create", "anna", "--role", "viewer")
    event = Accounts.of(DATA).events(1)[0]
    assert (event.action, event.name, event.by) == (AccessAction.USER_CREATED, "anna", "root-of-all")


def test_damaged_accounts_are_one_clear_line(grid_monitor: Command) -> None:
    DATA.mkdir()
    (DATA / "access.db").write_bytes(b"garbage" * 1000)
    done = grid_monitor("user", "list")
    assert (done.code, done.out, len(done.err.splitlines())) == (1, "", 1)
    assert "make users and tokens again" in done.err
