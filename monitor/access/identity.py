"""Who asks, once that is known."""

from dataclasses import dataclass
from enum import StrEnum

from monitor.access.records import AccessToken, User
from monitor.access.roles import Role, Scope, scopes_of


class IdentityKind(StrEnum):
    """How it is known who asks."""

    STRANGER = "stranger"
    """It is not."""
    NEIGHBOUR = "neighbour"
    """Whoever works on this machine, where the site is open to nobody else."""
    USER = "user"
    """A person who signed in."""
    TOKEN = "token"  # noqa: S105 - a kind of identity
    """A program that brings a bearer token."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks, and what they may do. Times are microseconds since 1970."""

    kind: IdentityKind
    name: str
    """Of the user, or of the token; empty where nobody has one."""
    scopes: frozenset[Scope]
    role: Role
    """Of a user; for a token the least role that holds its scopes."""
    expires_at: int | None = None
    """When what they brought ends."""
    pass_id: str = ""
    """Of the token, or of the session since sign-in: what can be revoked; empty where there is none."""
    account: int = 0
    """Of a user: when their password or role last changed, which ends what was given out before."""

    def may(self, scope: Scope) -> bool:
        """Whether they hold this scope."""
        return scope in self.scopes


STRANGER = Identity(IdentityKind.STRANGER, "", frozenset(), Role.ANYONE)
NEIGHBOUR = Identity(IdentityKind.NEIGHBOUR, "", scopes_of(Role.ADMIN), Role.ADMIN)


def identity_of_user(user: User, session_id: str, expires_at: int) -> Identity:
    """A person in a session of theirs."""
    scopes = scopes_of(user.role)
    return Identity(IdentityKind.USER, user.name, scopes, user.role, expires_at, session_id, user.changed_at)


def identity_of_token(token: AccessToken) -> Identity:
    """Whoever brings a token."""
    role = max((scope.role for scope in token.scopes), default=Role.ANYONE)
    return Identity(IdentityKind.TOKEN, token.name, token.scopes, role, token.expires_at, token.token_id)
