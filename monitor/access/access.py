"""Who asks, told by what a request brings; and sessions, tokens and tickets, which are what it may bring."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from grid.times import SECOND
from monitor.access.identity import (
    NEIGHBOUR,
    STRANGER,
    Identity,
    IdentityKind,
    identity_of_token,
    identity_of_user,
)
from monitor.access.json_web_tokens import Claims, JsonWebTokens, TokenKind
from monitor.access.names import is_name, new_id
from monitor.access.passwords import Passwords, TooBusyError
from monitor.access.records import AccessAction, AccessToken, User
from monitor.access.refusals import Refusal, SignInRefusedError, ThrottledError, TokenRefusedError
from monitor.access.roles import Scope
from monitor.access.throttle import Throttle
from monitor.access.used_once import UsedOnce
from monitor.store.accounts import Accounts

COOKIE = "__Host-grid"
SESSION_SECONDS = 15 * 60
LONGEST_SESSION_SECONDS = 12 * 3600
"""After the sign-in, however busy it is."""
TICKET_SECONDS = 30
MOST_TICKETS = 10_000
BUSY_SECONDS = 5
"""When to come back, where so many sign in that one was not looked at."""


@dataclass(frozen=True, slots=True)
class Pass:
    """Something to bring with a request: a session (for the cookie `COOKIE`), a token, or a ticket."""

    text: str
    identity: Identity
    expires_at: int
    """Microseconds since 1970."""

    def __repr__(self) -> str:
        return f"Pass(identity={self.identity!r}, expires_at={self.expires_at})"


@dataclass(frozen=True, slots=True)
class Recognised:
    """Who asks, and for a stranger why what they brought opens nothing."""

    identity: Identity
    refusal: Refusal | None = None


class Access:
    """Tells who asks. Without a key the site is open, and everybody who reaches it is a neighbour.

    Every question reads the accounts, so that what was revoked or changed holds no longer from the next request on.
    All methods may be called from any thread; they wait for the disk, so the event loop should not call them. They
    raise StoreError where the accounts can't be read. `now` is microseconds since 1970.
    """

    def __init__(
        self, accounts: Accounts | None = None, key: bytes | None = None, *, passwords: Passwords | None = None
    ) -> None:
        self._accounts = accounts
        self._tokens = None if key is None else JsonWebTokens(key)
        self._passwords = passwords or Passwords()
        self._throttle = Throttle()
        self._tickets = UsedOnce(MOST_TICKETS)
        self._door = new_id()  # which tickets were used is forgotten with it, and so they open no other

    @classmethod
    def open_site(cls) -> Self:
        """For a site that nobody else reaches."""
        return cls()

    @classmethod
    def closed_site(cls, data_dir: Path, key: bytes) -> Self:
        """For a site that asks who one is: the accounts of its data folder, and the key that signs."""
        return cls(Accounts.of(data_dir), key)

    @property
    def is_open(self) -> bool:
        """Whether nothing is asked for."""
        return self._tokens is None

    def anyone_can_sign_in(self) -> bool:
        """Whether there is any user."""
        return self._accounts is not None and bool(self._accounts.users())

    # --- who asks

    def recognise(
        self, *, now: int, cookie: str | None = None, authorization: str | None = None, ticket: str | None = None
    ) -> Recognised:
        """Who brings this: the value of the cookie `COOKIE`, the header `Authorization`, or a ticket.

        A ticket counts before a header, and a header before a cookie: what is refused is not made up for by another.
        """
        if self._tokens is None:
            return Recognised(NEIGHBOUR)
        try:
            if ticket is not None:
                return Recognised(self._of_ticket(ticket, now))
            if authorization is not None:
                return Recognised(self._of_token(_bearer(authorization), now))
            if cookie is not None:
                return Recognised(self._of_session(self._read(TokenKind.SESSION, cookie, now), now))
        except TokenRefusedError as error:
            return Recognised(STRANGER, error.refusal)
        return Recognised(STRANGER, Refusal.NOTHING)

    def holds(self, identity: Identity, now: int) -> bool:
        """Whether what somebody was recognised by still opens something: for connections that stand for long."""
        if identity.expires_at is not None and now >= identity.expires_at:
            return False
        try:
            match identity.kind:
                case IdentityKind.NEIGHBOUR:
                    return self.is_open
                case IdentityKind.USER:
                    self._user(identity.name, identity.account, identity.pass_id)
                case IdentityKind.TOKEN:
                    self._token(identity.pass_id, now)
                case IdentityKind.STRANGER:
                    return False
        except TokenRefusedError:
            return False
        return True

    def _of_session(self, claims: Claims, now: int) -> Identity:
        session_id = claims.text("sid")
        user = self._user(claims.subject, claims.number("account"), session_id)
        return identity_of_user(user, session_id, claims.expires_at)

    def _of_token(self, text: str, now: int) -> Identity:
        claims = self._read(TokenKind.API, text, now)
        token = self._token(claims.token_id, now)
        self._known().note_use(token, now)
        return identity_of_token(token)

    def _of_ticket(self, text: str, now: int) -> Identity:
        claims = self._read(TokenKind.TICKET, text, now)
        pass_id, until = claims.text("for"), claims.number("until")
        if now >= until:
            raise TokenRefusedError(Refusal.EXPIRED)
        if claims.text("door") != self._door or not self._tickets.use(claims.token_id, claims.expires_at, now):
            raise TokenRefusedError(Refusal.REVOKED)
        if claims.text("kind") == IdentityKind.TOKEN:
            return identity_of_token(self._token(pass_id, now))
        return identity_of_user(self._user(claims.subject, claims.number("account"), pass_id), pass_id, until)

    def _read(self, kind: TokenKind, text: str, now: int) -> Claims:
        if self._tokens is None:
            raise TokenRefusedError(Refusal.NOTHING)
        return self._tokens.read(kind, text, now)

    def _user(self, name: str, account: int, session_id: str) -> User:
        """The user of a session, while their account is as it was then, and they have not signed out."""
        user = self._known().user_in_session(name, session_id)
        if user is None or user.changed_at != account:
            raise TokenRefusedError(Refusal.REVOKED)
        return user

    def _token(self, token_id: str, now: int) -> AccessToken:
        token = self._known().token(token_id)
        if token is None or not token.is_valid(now):
            raise TokenRefusedError(Refusal.REVOKED)
        return token

    def _known(self) -> Accounts:
        if self._accounts is None:
            raise TokenRefusedError(Refusal.NOTHING)
        return self._accounts

    # --- sessions

    def sign_in(self, name: str, password: str, *, address: str, now: int) -> Pass:
        """A session for who knows the password. Takes a tenth of a second of a processor, as it is meant to.

        Raises SignInRefusedError, and ThrottledError after too many attempts by name or by address.
        """
        name = name if is_name(name) else ""  # nobody's
        self._refuse_too_many(name, address, now)
        kept = self._known().password_of(name)
        try:
            matches = self._passwords.verify(kept, password)
        except TooBusyError:
            raise ThrottledError(BUSY_SECONDS) from None
        user = self._known().user(name) if matches else None
        if user is None or kept is None:
            self._throttle.failed(name, address)
            self._known().note(AccessAction.REFUSED, name if kept else "", address=address, now=now)
            raise SignInRefusedError
        self._throttle.succeeded(name, address)
        self._keep_password_up_to_date(user.name, kept, password)
        self._known().note(AccessAction.SIGNED_IN, user.name, address=address, what=user.role.word, now=now)
        return self._session(user, new_id(), now // SECOND, now)

    def renewed(self, cookie: str, now: int) -> Pass | None:
        """A later session for the same sign-in, once half of this one is over; None before, and where it is refused."""
        try:
            claims = self._read(TokenKind.SESSION, cookie, now)
            identity = self._of_session(claims, now)
        except TokenRefusedError:
            return None
        if now - claims.issued_at < SESSION_SECONDS * SECOND // 2 or claims.expires_at >= _latest_end(claims):
            return None
        user = User(identity.name, identity.role, 0, identity.account)
        return self._session(user, identity.pass_id, claims.number("auth_time"), now)

    def sign_out(self, cookie: str, *, address: str, now: int) -> None:
        """End a session, its renewals and the channels that it opened; nothing happens where it is refused."""
        try:
            claims = self._read(TokenKind.SESSION, cookie, now)
            identity = self._of_session(claims, now)
        except TokenRefusedError:
            return
        until = _latest_end(claims)
        self._known().end_session(identity.pass_id, until, name=identity.name, address=address, now=now)

    def _refuse_too_many(self, name: str, address: str, now: int) -> None:
        retry_after = self._throttle.retry_after(name, address)
        if retry_after is None:
            return
        if self._throttle.is_worth_noting(address):
            self._known().note(AccessAction.THROTTLED, "", address=address, now=now)
        raise ThrottledError(retry_after)

    def _keep_password_up_to_date(self, name: str, kept: str, password: str) -> None:
        if self._passwords.is_outdated(kept):
            self._known().keep_again(name, kept, self._passwords.hash(password))

    def _session(self, user: User, session_id: str, signed_in_at_seconds: int, now: int) -> Pass:
        ends_at = min(now // SECOND + SESSION_SECONDS, signed_in_at_seconds + LONGEST_SESSION_SECONDS) * SECOND
        more = {"sid": session_id, "auth_time": signed_in_at_seconds, "account": user.changed_at}
        text = self._sign(TokenKind.SESSION, Claims(user.name, new_id(), now, ends_at, more))
        return Pass(text, identity_of_user(user, session_id, ends_at), ends_at)

    def _sign(self, kind: TokenKind, claims: Claims) -> str:
        if self._tokens is None:
            raise TokenRefusedError(Refusal.NOTHING)
        return self._tokens.sign(kind, claims)

    # --- tokens and tickets

    def create_token(
        self, name: str, scopes: frozenset[Scope], *, days: int, by: str, now: int, replace: bool = False
    ) -> Pass:
        """A bearer token for a program; its text is nowhere but in what is returned. `replace`: the one of its name.

        Raises AccountRefusedError: a valid one has the name.
        """
        expires_at = (now // SECOND + days * 86_400) * SECOND
        token = AccessToken(new_id(), name, scopes, now, expires_at)
        text = self._sign(
            TokenKind.API, Claims(name, token.token_id, now, expires_at, {"scope": " ".join(sorted(scopes))})
        )
        self._known().create_token(token, by=by, replace=replace)
        return Pass(text, identity_of_token(token), expires_at)

    def make_ticket(self, identity: Identity, now: int) -> Pass:
        """A ticket that opens the channel once, within 30 s, as the user or token that asks for it.

        Only here: after a restart nobody knows any more which ones were used.

        Raises TokenRefusedError for anybody else.
        """
        if identity.kind not in (IdentityKind.USER, IdentityKind.TOKEN) or identity.expires_at is None:
            raise TokenRefusedError(Refusal.NOTHING)
        expires_at = (now // SECOND + TICKET_SECONDS) * SECOND
        more = {
            "door": self._door,
            "kind": identity.kind.value,
            "for": identity.pass_id,
            "account": identity.account,
            "until": identity.expires_at,
        }
        text = self._sign(TokenKind.TICKET, Claims(identity.name, new_id(), now, expires_at, more))
        return Pass(text, identity, expires_at)


def _latest_end(claims: Claims) -> int:
    return (claims.number("auth_time") + LONGEST_SESSION_SECONDS) * SECOND


def _bearer(authorization: str) -> str:
    """The token of a header (RFC 6750, section 2.1). Raises TokenRefusedError for another scheme."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise TokenRefusedError(Refusal.GARBLED)
    return token.strip()
