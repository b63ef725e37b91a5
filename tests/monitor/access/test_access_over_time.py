"""Whatever happens in whatever order: what somebody brings opens exactly what it should."""

from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from people import HERE, KEY, NOW, PASSWORD, add_user, quick_passwords

from grid.times import SECOND
from monitor.access.access import Access, Pass
from monitor.access.identity import STRANGER, IdentityKind
from monitor.access.roles import Role, Scope
from monitor.store.accounts import Accounts

NAMES = st.sampled_from(["anna", "bob"])
ROLES = st.sampled_from([role for role in Role if role is not Role.ANYONE])
KEPT = quick_passwords().hash(PASSWORD)


@dataclass(frozen=True)
class Expected:
    """What a pass should open, until when."""

    given: Pass
    holds: bool
    until: int


class Door(RuleBasedStateMachine):
    """A site whose users, sessions and tokens come and go; beside it, what should be so."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.accounts = Accounts.of(Path(self.folder.name))
        self.access = Access(self.accounts, KEY, passwords=quick_passwords())
        self.now = NOW
        self.roles: dict[str, Role] = {}
        self.sessions: list[Expected] = []
        self.tokens: list[Expected] = []

    def teardown(self) -> None:
        self.folder.cleanup()

    @rule(seconds=st.integers(0, 500))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds * SECOND

    @rule(name=NAMES, role=ROLES)
    def somebody_comes(self, name: str, role: Role) -> None:
        if name not in self.roles:
            add_user(self.accounts, name, role, now=self.now)
            self.roles[name] = role

    @rule(name=NAMES, change=st.sampled_from(["password", "role", "remove"]), role=ROLES)
    def an_account_changes(self, name: str, change: str, role: Role) -> None:
        if name not in self.roles:
            return
        if change == "password":
            self.accounts.change_password(name, KEPT, by="root", now=self.now)
        elif change == "role":
            self.accounts.change_role(name, role, by="root", now=self.now)
            self.roles[name] = role
        else:
            self.accounts.remove_user(name, by="root", now=self.now)
            del self.roles[name]
        self.sessions = [replace(one, holds=one.holds and one.given.identity.name != name) for one in self.sessions]

    @rule(name=NAMES)
    def somebody_signs_in(self, name: str) -> None:
        if name in self.roles:
            given = self.access.sign_in(name, PASSWORD, address=HERE, now=self.now)
            self.sessions.append(Expected(given, holds=True, until=self.now // SECOND * SECOND + 900 * SECOND))

    @precondition(lambda self: self.sessions)
    @rule(data=st.data())
    def somebody_signs_out(self, data: st.DataObject) -> None:
        ended = data.draw(st.sampled_from(self.sessions))
        self.access.sign_out(ended.given.text, address=HERE, now=self.now)
        if self.now < ended.until:
            self.sessions = [
                replace(one, holds=one.holds and one.given.identity.pass_id != ended.given.identity.pass_id)
                for one in self.sessions
            ]

    @precondition(lambda self: self.sessions)
    @rule(data=st.data())
    def somebody_works_on(self, data: st.DataObject) -> None:
        old = data.draw(st.sampled_from(self.sessions))
        later = self.access.renewed(old.given.text, self.now)
        holds = old.holds and self.now < old.until
        assert (later is not None) == (holds and old.until - self.now <= 450 * SECOND)
        if later is not None:
            self.sessions.append(Expected(later, holds=True, until=self.now // SECOND * SECOND + 900 * SECOND))

    @rule(scopes=st.frozensets(st.sampled_from(Scope), min_size=1))
    def a_token_is_made(self, scopes: frozenset[Scope]) -> None:
        given = self.access.create_token("app", scopes, days=1, by="root", now=self.now, replace=True)
        self.tokens = [replace(one, holds=False) for one in self.tokens]
        self.tokens.append(Expected(given, holds=True, until=given.expires_at))

    @precondition(lambda self: any(one.holds and self.now < one.until for one in self.tokens))
    @rule()
    def a_token_is_revoked(self) -> None:
        self.accounts.revoke_token("app", by="root", now=self.now)
        self.tokens = [replace(one, holds=False) for one in self.tokens]

    @invariant()
    def everything_opens_what_it_should_and_nothing_else(self) -> None:
        for one in self.sessions:
            who = self.access.recognise(now=self.now, cookie=one.given.text).identity
            assert (who is not STRANGER) == (one.holds and self.now < one.until)
            assert who is STRANGER or (who.kind, who.role) == (IdentityKind.USER, self.roles[who.name])
            assert self.access.holds(one.given.identity, self.now) == (who is not STRANGER)
        for one in self.tokens:
            who = self.access.recognise(now=self.now, authorization=f"Bearer {one.given.text}").identity
            assert (who is not STRANGER) == (one.holds and self.now < one.until)
            assert who is STRANGER or who == one.given.identity
            assert self.access.holds(one.given.identity, self.now) == (who is not STRANGER)


TestDoor = Door.TestCase
TestDoor.settings = settings(max_examples=20, stateful_step_count=20, deadline=None)
