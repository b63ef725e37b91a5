"""Who asks, once that is known."""

from dataclasses import dataclass
from enum import StrEnum

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
