"""What is kept about people who sign in, about programs' tokens, and about what happened at the door."""

from dataclasses import dataclass
from enum import StrEnum

from monitor.access.roles import Role, Scope


@dataclass(frozen=True, slots=True)
class User:
    """A person who may sign in. Times are microseconds since 1970."""

    name: str
    role: Role
    created_at: int
    changed_at: int
    """When password or role last changed: a session from before is refused."""


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A program's bearer token, without its text, which is kept nowhere."""

    token_id: str
    name: str
    scopes: frozenset[Scope]
    created_at: int
    expires_at: int
    revoked_at: int | None = None
    last_used_at: int | None = None
    """To the minute."""

    def is_valid(self, now: int) -> bool:
        """Whether it still opens anything."""
        return self.revoked_at is None and now < self.expires_at


class AccessAction(StrEnum):
    """What happened at the door."""

    SIGNED_IN = "signed in"
    REFUSED = "refused"
    """A sign-in with a wrong name or password."""
    THROTTLED = "throttled"
    """A sign-in that was not looked at, after too many."""
    SIGNED_OUT = "signed out"
    USER_CREATED = "user created"
    PASSWORD_CHANGED = "password changed"  # noqa: S105 - an action
    ROLE_CHANGED = "role changed"
    USER_REMOVED = "user removed"
    TOKEN_CREATED = "token created"  # noqa: S105 - an action
    TOKEN_REVOKED = "token revoked"  # noqa: S105 - an action


@dataclass(frozen=True, slots=True)
class AccessEvent:
    """Something that happened at the door, for the audit."""

    event_id: int
    at: int
    action: AccessAction
    name: str
    """Of the user or token that it is about; empty for a name that nobody has, which may be a mistyped password."""
    by: str
    """Who changed something; empty for sign-ins."""
    address: str
    """From where; empty on the command line."""
    what: str
    """More, such as the role or the scopes."""
