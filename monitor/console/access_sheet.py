"""The sheets of people who sign in and of programs' tokens."""

from collections.abc import Iterable

from monitor.access.records import AccessToken, User
from monitor.console.sheets import Sheet
from monitor.console.words import moment


def users_sheet(users: Iterable[User]) -> Sheet:
    """Each person: their role, and since when they and it are so."""
    sheet = Sheet(["name", "role", "created at", "changed at"])
    for user in users:
        sheet.rows.append([user.name, user.role.word, moment(user.created_at), moment(user.changed_at)])
    return sheet


def tokens_sheet(tokens: Iterable[AccessToken], now: int) -> Sheet:
    """Each token: whose, until when, whether it opens anything, and what."""
    sheet = Sheet(["id", "name", "stands", "last used", "scopes"])
    for token in tokens:
        used = "never" if token.last_used_at is None else moment(token.last_used_at)
        sheet.rows.append([token.token_id, token.name, _stands(token, now), used, ", ".join(sorted(token.scopes))])
    return sheet


def _stands(token: AccessToken, now: int) -> str:
    if token.revoked_at is not None:
        return f"revoked {moment(token.revoked_at)}"
    return f"{'until' if token.is_valid(now) else 'ended'} {moment(token.expires_at)}"
