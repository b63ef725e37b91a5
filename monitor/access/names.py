"""Names of people and of tokens, and new ids."""

import re
import secrets

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}", re.ASCII)
NAME_RULE = "a name has 1 to 64 of the letters a to z, digits and . _ @ -, and begins with a letter or digit"


class NameRefusedError(Exception):
    """A name that nobody may have; the text says what one is."""


def check_name(name: str) -> None:
    """Raise NameRefusedError for what is no name of a person or token."""
    if not is_name(name):
        raise NameRefusedError(NAME_RULE)


def is_name(name: str) -> bool:
    """Whether somebody could have this name."""
    return _NAME.fullmatch(name) is not None


def new_id() -> str:
    """An id that nobody can guess and that occurs once: 96 random bits as 24 hexadecimal digits."""
    return secrets.token_hex(12)
