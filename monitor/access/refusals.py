"""Why somebody is not let in: with what they brought, or with a name and a password."""

from enum import StrEnum


class Refusal(StrEnum):
    """Why what somebody brought opens nothing."""

    NOTHING = "nothing"
    """They brought nothing."""
    GARBLED = "garbled"
    """It is no token, or not one that was signed with this key."""
    FOREIGN = "foreign"
    """It is signed, but for something else: another kind, audience or issuer."""
    EXPIRED = "expired"
    REVOKED = "revoked"
    """Signed and in time, but what it stood on is gone: the token, the user, their password, or the session."""


class TokenRefusedError(Exception):
    """A token that is not accepted. The text quotes nothing of it."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"the token is refused: {refusal}")
        self.refusal = refusal


class SignInRefusedError(Exception):
    """A wrong name or password; the text does not say which."""

    def __init__(self) -> None:
        super().__init__("the name or the password is wrong")


class ThrottledError(Exception):
    """Too many attempts to sign in: `retry_after` seconds from now the next is looked at."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"too many attempts to sign in: wait {retry_after} s")
        self.retry_after = retry_after
