"""People's accounts, programs' tokens and what happened at the door, in a database of their own."""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from grid.times import SECOND
from monitor.access.key import give_to_owner_of
from monitor.access.records import AccessAction, AccessEvent, AccessToken, User
from monitor.access.roles import Role, Scope
from monitor.store.account_tables import format_of, lay_tables
from monitor.store.errors import StoreDamagedError, StoreError, StoreUnavailableError, naming_errors

ACCESS_DATABASE = "access.db"
"""Its name in the data folder."""
BUSY_TIMEOUT_SECONDS = 5.0
USE_NOTED_EVERY = 60 * SECOND
"""How often the use of a token is written down."""
MOST_REFUSALS = 10_000
"""Sign-ins refused or throttled that are kept; whoever knocks for long does not push out what else happened."""

_INSERT_EVENT = 'INSERT INTO access_events (at, action, name, "by", address, what) VALUES (?, ?, ?, ?, ?, ?)'
_FORGET_REFUSALS = """
DELETE FROM access_events WHERE action IN ('refused', 'throttled') AND event_id <= (
    SELECT event_id FROM access_events WHERE action IN ('refused', 'throttled') ORDER BY event_id DESC LIMIT 1 OFFSET ?
)
"""
_REFUSALS = (AccessAction.REFUSED, AccessAction.THROTTLED)
_USER = "SELECT name, role, created_at, changed_at FROM users"
_USER_IN_SESSION = """
SELECT name, role, created_at, changed_at FROM users
WHERE name = ? AND NOT EXISTS (SELECT 1 FROM ended_sessions WHERE session_id = ?)
"""
_TOKEN = "SELECT token_id, name, scopes, created_at, expires_at, revoked_at, last_used_at FROM tokens"  # noqa: S105


class AccountRefusedError(StoreError):
    """What was asked for can't be: the name is taken, or nobody has it. The text is a sentence."""


class Accounts:
    """`access.db` of a data folder. Any thread and several processes may use it at once.

    Like the ledger it is opened for each question, so that nobody works on with a file that was replaced. It is
    made, for its user alone (0600), by the first write; until then nobody has an account. Times are microseconds
    since 1970. All methods raise StoreUnavailableError, StoreDamagedError and StoreVersionError; whoever decides
    by the answer lets nobody in then.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def of(cls, data_dir: Path) -> "Accounts":
        """Those of a data folder."""
        return cls(data_dir / ACCESS_DATABASE)

    # --- people

    def users(self) -> list[User]:
        """All, by name."""
        return [_user(row) for row in self._rows(f"{_USER} ORDER BY name")]

    def user(self, name: str) -> User | None:
        """The one of this name, in capitals or not."""
        return next(map(_user, self._rows(f"{_USER} WHERE name = ?", name)), None)

    def password_of(self, name: str) -> str | None:
        """What is kept of their password, for `Passwords.verify`."""
        return next((str(row[0]) for row in self._rows("SELECT password FROM users WHERE name = ?", name)), None)

    def create_user(self, user: User, password: str, *, by: str) -> None:
        """Add a person; `password` is what `Passwords.hash` made. Raises AccountRefusedError: the name is taken."""
        with self._writing() as db:
            if db.execute("SELECT 1 FROM users WHERE name = ?", (user.name,)).fetchone():
                raise AccountRefusedError(f"there is a user {user.name} already")
            row = (user.name, password, user.role.word, user.created_at, user.changed_at)
            db.execute("INSERT INTO users VALUES (?, ?, ?, ?, ?)", row)
            _note(db, user.created_at, AccessAction.USER_CREATED, user.name, by=by, what=user.role.word)

    def change_password(self, name: str, password: str, *, by: str, now: int) -> None:
        """Keep another password, which ends their sessions. Raises AccountRefusedError: nobody has the name."""
        with self._writing() as db:
            _change(db, "UPDATE users SET password = ?, changed_at = max(?, changed_at + 1)", name, password, now)
            _note(db, now, AccessAction.PASSWORD_CHANGED, name, by=by)

    def keep_again(self, name: str, old: str, password: str) -> None:
        """Keep the same password as made with newer parameters; nothing happens if it was changed meanwhile."""
        with self._writing() as db:
            db.execute("UPDATE users SET password = ? WHERE name = ? AND password = ?", (password, name, old))

    def change_role(self, name: str, role: Role, *, by: str, now: int) -> None:
        """Give another role, which ends their sessions. Raises AccountRefusedError: nobody has the name."""
        with self._writing() as db:
            _change(db, "UPDATE users SET role = ?, changed_at = max(?, changed_at + 1)", name, role.word, now)
            _note(db, now, AccessAction.ROLE_CHANGED, name, by=by, what=role.word)

    def remove_user(self, name: str, *, by: str, now: int) -> None:
        """Remove a person, which ends their sessions. Raises AccountRefusedError: nobody has the name."""
        with self._writing() as db:
            _change(db, "DELETE FROM users", name)
            _note(db, now, AccessAction.USER_REMOVED, name, by=by)

    def end_session(self, session_id: str, until: int, *, name: str, address: str, now: int) -> None:
        """Accept this session no more, though it is signed and lasts `until` then."""
        with self._writing() as db:
            db.execute("DELETE FROM ended_sessions WHERE until <= ?", (now,))
            db.execute("INSERT INTO ended_sessions VALUES (?, ?) ON CONFLICT DO NOTHING", (session_id, until))
            _note(db, now, AccessAction.SIGNED_OUT, name, address=address)

    def user_in_session(self, name: str, session_id: str) -> User | None:
        """The user of this name, unless they signed out of this session."""
        return next(map(_user, self._rows(_USER_IN_SESSION, name, session_id)), None)

    # --- programs

    def tokens(self) -> list[AccessToken]:
        """All, the newest first, those that ended too."""
        return [_token(row) for row in self._rows(f"{_TOKEN} ORDER BY created_at DESC, token_id")]

    def token(self, token_id: str) -> AccessToken | None:
        """The one with this id."""
        return next(map(_token, self._rows(f"{_TOKEN} WHERE token_id = ?", token_id)), None)

    def create_token(self, token: AccessToken, *, by: str, replace: bool = False) -> None:
        """Keep what is known of a new token. `replace`: revoke the valid one of its name.

        Raises AccountRefusedError: a valid one has the name.
        """
        with self._writing() as db:
            if replace:
                _revoke(db, "name = ?", (token.name,), by=by, now=token.created_at)
            elif db.execute(f"{_TOKEN} WHERE name = ? AND {_VALID}", (token.name, token.created_at)).fetchone():
                raise AccountRefusedError(f"there is a valid token {token.name} already")
            scopes = _scopes_text(token.scopes)
            row = (token.token_id, token.name, scopes, token.created_at, token.expires_at)
            db.execute("INSERT INTO tokens VALUES (?, ?, ?, ?, ?, NULL, NULL)", row)
            _note(db, token.created_at, AccessAction.TOKEN_CREATED, token.name, by=by, what=scopes)

    def revoke_token(self, name_or_id: str, *, by: str, now: int) -> list[AccessToken]:
        """Accept it no more; returns what was revoked. Raises AccountRefusedError: there is no valid one."""
        with self._writing() as db:
            revoked = _revoke(db, "(name = ? OR token_id = ?)", (name_or_id, name_or_id), by=by, now=now)
            if not revoked:
                raise AccountRefusedError(f"there is no valid token {name_or_id}")
        return revoked

    def note_use(self, token: AccessToken, now: int) -> None:
        """Write down that a token was used, at most once a minute, and not while another writes."""
        if token.last_used_at is None or now - token.last_used_at >= USE_NOTED_EVERY:
            with suppress(StoreError), self._writing(timeout=0) as db:
                db.execute("UPDATE tokens SET last_used_at = ? WHERE token_id = ?", (now, token.token_id))

    # --- what happened

    def note(
        self, action: AccessAction, name: str, *, now: int, by: str = "", address: str = "", what: str = ""
    ) -> None:
        """Write down what happened at the door; of refusals the newest ten thousand are kept."""
        with self._writing() as db:
            _note(db, now, action, name, by=by, address=address, what=what)

    def events(
        self,
        newest: int,
        *,
        before: int | None = None,
        who: str | None = None,
        action: AccessAction | None = None,
        since: int | None = None,
        until: int | None = None,
    ) -> list[AccessEvent]:
        """What happened, the newest first: `who` did it or had it done, from `since` on and before `until`.

        `before` is the id to go on after.
        """
        wanted = {
            "event_id < ?": before,
            '? IN (name, "by")': who,
            "action = ?": action,
            "at >= ?": since,
            "at < ?": until,
        }
        given = {condition: value for condition, value in wanted.items() if value is not None}
        where = " AND ".join(given) or "true"
        rows = self._rows(
            f"SELECT * FROM access_events WHERE {where} ORDER BY event_id DESC LIMIT ?",  # noqa: S608 - our own words
            *given.values(),
            newest,
        )
        return [AccessEvent(row[0], row[1], AccessAction(row[2]), *row[3:]) for row in rows]

    # --- the database

    def _rows(self, query: str, *arguments: Any) -> Sequence[Any]:
        """The answer to a question; none while there is no database."""
        with _naming_errors(self.path):
            try:
                connection = _open(self.path, BUSY_TIMEOUT_SECONDS)
            except sqlite3.OperationalError:
                if self.path.exists():
                    raise
                return ()
            with closing(connection):
                return connection.execute(query, arguments).fetchall() if format_of(connection, self.path) else ()

    @contextmanager
    def _writing(self, *, timeout: float = BUSY_TIMEOUT_SECONDS) -> Iterator[sqlite3.Connection]:
        """One transaction, in a database that is there with its tables; what fails changes nothing."""
        with _naming_errors(self.path):
            _make(self.path)
            with closing(_open(self.path, timeout)) as connection:
                connection.execute("PRAGMA synchronous = FULL")
                connection.execute("BEGIN IMMEDIATE")
                try:
                    if not format_of(connection, self.path):
                        lay_tables(connection)
                    yield connection
                except BaseException:
                    connection.rollback()
                    raise
                connection.commit()


_VALID = "revoked_at IS NULL AND expires_at > ?"


def _open(path: Path, timeout: float) -> sqlite3.Connection:
    """Open the file that is there: SQLite would make one that others may read, also where a link leads elsewhere."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=timeout, isolation_level=None)


def _make(path: Path) -> None:
    """Make an empty file that only its user may read: SQLite would make one that others may."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            give_to_owner_of(path.parent, descriptor)
            os.close(descriptor)
    except OSError as error:
        raise StoreUnavailableError(f"the database {path} can't be made: {error.strerror}") from None


@contextmanager
def _naming_errors(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours; what helps against damage is another thing here than with the ledger."""
    try:
        with naming_errors(path):
            yield
    except StoreDamagedError as error:
        raise StoreDamagedError(
            f"the database {path} is damaged ({error.__cause__}): put a copy of it in its place, or remove it and make "
            "users and tokens again"
        ) from error
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_ERROR:
            raise
        raise StoreDamagedError(
            f"the database {path} has not the tables of accounts ({error}): put a copy of it in its place, or remove "
            "it and make users and tokens again"
        ) from error


def _change(db: sqlite3.Connection, statement: str, name: str, *values: Any) -> None:
    if db.execute(f"{statement} WHERE name = ?", (*values, name)).rowcount == 0:
        raise AccountRefusedError(f"there is no user {name}")


def _revoke(db: sqlite3.Connection, where: str, values: tuple[str, ...], *, by: str, now: int) -> list[AccessToken]:
    revoked = [_token(row) for row in db.execute(f"{_TOKEN} WHERE {where} AND {_VALID}", (*values, now))]
    for token in revoked:
        db.execute("UPDATE tokens SET revoked_at = ? WHERE token_id = ?", (now, token.token_id))
        _note(db, now, AccessAction.TOKEN_REVOKED, token.name, by=by, what=token.token_id)
    return revoked


def _note(
    db: sqlite3.Connection,
    now: int,
    action: AccessAction,
    name: str,
    *,
    by: str = "",
    address: str = "",
    what: str = "",
) -> None:
    db.execute(_INSERT_EVENT, (now, action, name, by, address, what))
    if action in _REFUSALS:
        db.execute(_FORGET_REFUSALS, (MOST_REFUSALS,))


def _user(row: Sequence[Any]) -> User:
    name, role, created_at, changed_at = row
    return User(name, Role[role.upper()], created_at, changed_at)


def _token(row: Sequence[Any]) -> AccessToken:
    token_id, name, scopes, *times = row
    return AccessToken(token_id, name, frozenset(map(Scope, scopes.split())), *times)


def _scopes_text(scopes: frozenset[Scope]) -> str:
    return " ".join(sorted(scopes))
