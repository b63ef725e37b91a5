"""Users and tokens as JSON documents: words for roles and scopes, times as text in UTC."""

from typing import Any

from grid.times import format_time
from monitor.access.records import AccessToken, User


def user_document(user: User) -> dict[str, Any]:
    """A person who may sign in."""
    return {
        "name": user.name,
        "role": user.role.word,
        "created_at": format_time(user.created_at),
        "changed_at": format_time(user.changed_at),
    }


def token_document(token: AccessToken, now: int) -> dict[str, Any]:
    """What is known of a program's token, which is not its text."""
    return {
        "token_id": token.token_id,
        "name": token.name,
        "scopes": sorted(token.scopes),
        "valid": token.is_valid(now),
        "created_at": format_time(token.created_at),
        "expires_at": format_time(token.expires_at),
        "revoked_at": _time(token.revoked_at),
        "last_used_at": _time(token.last_used_at),
    }


def _time(at: int | None) -> str | None:
    return None if at is None else format_time(at)
