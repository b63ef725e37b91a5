"""Signed JSON Web Tokens, as RFC 8725 asks: one algorithm, and for each kind its own type and audience."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from grid.times import SECOND
from monitor.access.refusals import Refusal, TokenRefusedError

ALGORITHM = "HS256"
ISSUER = "grid"
LONGEST_TOKEN = 2048
"""Characters; ours have some four hundred."""
CLOCK_STEP_SECONDS = 60
"""How far the machine's clock may step back without refusing what was just given out."""
_LATEST = 253_402_300_799
"""Seconds: the end of the year 9999."""


class TokenKind(Enum):
    """What a token is for: its audience, and the type in its header."""

    SESSION = ("grid/pages", "grid-session+jwt")
    API = ("grid/api", "grid-token+jwt")
    TICKET = ("grid/live", "grid-ticket+jwt")

    def __init__(self, audience: str, media_type: str) -> None:
        self.audience = audience
        self.media_type = media_type


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says; times are microseconds since 1970, in whole seconds."""

    subject: str
    token_id: str
    issued_at: int
    expires_at: int
    more: Mapping[str, Any]
    """The claims that only its kind has."""

    def text(self, name: str) -> str:
        """One of its own claims. Raises TokenRefusedError where it is no text in ASCII, as all of ours is."""
        value = self.more.get(name)
        if not isinstance(value, str) or not value.isascii():
            raise TokenRefusedError(Refusal.FOREIGN)
        return value

    def number(self, name: str) -> int:
        """One of its own claims. Raises TokenRefusedError where it is no whole number."""
        value = self.more.get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise TokenRefusedError(Refusal.FOREIGN)
        return value


_STANDARD = ("iss", "aud", "sub", "jti", "iat", "exp")
_OPTIONS: Any = {
    "require": list(_STANDARD),
    "strict_aud": True,
    "enforce_minimum_key_length": True,
    # The time is passed in: `read` looks at both.
    "verify_exp": False,
    "verify_iat": False,
}


class JsonWebTokens:
    """Signs and reads tokens with one key of 32 bytes or more.

    PyJWT is loaded here, which takes 9 MB: an open site does without.
    """

    def __init__(self, key: bytes) -> None:
        import jwt

        self._key = key
        self._jwt = jwt.PyJWT()

    def sign(self, kind: TokenKind, claims: Claims) -> str:
        """The token as text."""
        standard = {
            "iss": ISSUER,
            "aud": kind.audience,
            "sub": claims.subject,
            "jti": claims.token_id,
            "iat": claims.issued_at // SECOND,
            "exp": claims.expires_at // SECOND,
        }
        return self._jwt.encode({**claims.more, **standard}, self._key, ALGORITHM, headers={"typ": kind.media_type})

    def read(self, kind: TokenKind, text: str, now: int) -> Claims:
        """What a token of this kind says. Raises TokenRefusedError."""
        import jwt

        if len(text) > LONGEST_TOKEN:
            raise TokenRefusedError(Refusal.GARBLED)
        try:
            whole = self._jwt.decode_complete(
                text, self._key, [ALGORITHM], _OPTIONS, audience=kind.audience, issuer=ISSUER
            )
        except (jwt.InvalidAudienceError, jwt.InvalidIssuerError, jwt.MissingRequiredClaimError):
            raise TokenRefusedError(Refusal.FOREIGN) from None
        # PyJWT answers some texts that are no tokens with errors of the language.
        except (jwt.PyJWTError, ValueError, TypeError, AttributeError, RecursionError):
            raise TokenRefusedError(Refusal.GARBLED) from None
        if urlsafe_b64encode(whole["signature"]).decode().rstrip("=") != text.rpartition(".")[2]:
            raise TokenRefusedError(Refusal.GARBLED)  # the same bytes written otherwise: a token has one text
        if whole["header"].get("typ") != kind.media_type:
            raise TokenRefusedError(Refusal.FOREIGN)
        return _claims(whole["payload"], now)


def _claims(payload: Mapping[str, Any], now: int) -> Claims:
    issued_at, expires_at = (_time(payload[name]) for name in ("iat", "exp"))
    if not issued_at - CLOCK_STEP_SECONDS * SECOND <= now < expires_at:
        raise TokenRefusedError(Refusal.EXPIRED)
    if not (payload["sub"].isascii() and payload["jti"].isascii()):
        raise TokenRefusedError(Refusal.FOREIGN)
    more = {name: value for name, value in payload.items() if name not in _STANDARD}
    return Claims(payload["sub"], payload["jti"], issued_at, expires_at, more)


def _time(seconds: Any) -> int:
    if not isinstance(seconds, int) or isinstance(seconds, bool) or not 0 <= seconds <= _LATEST:
        raise TokenRefusedError(Refusal.FOREIGN)
    return seconds * SECOND
