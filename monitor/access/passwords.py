"""Passwords of people: how they are kept, and how one is compared."""

import os
import unicodedata
from base64 import b64encode
from threading import Lock

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

SHORTEST_PASSWORD = 15
"""Characters, as NIST SP 800-63B-4 (section 3.1.1) asks where a password is all that is asked for."""
LONGEST_PASSWORD = 256
"""Characters."""
_FEWEST_DIFFERENT = 5
_WAIT_SECONDS = 5.0


class PasswordRefusedError(Exception):
    """A password that nobody should have: the text says why, and doesn't quote it."""


class TooBusyError(Exception):
    """So many passwords are being compared that this one was not."""


def check_new_password(password: str, name: str) -> None:
    """Raise PasswordRefusedError for one that is too short, too long, can't be typed, or is easily guessed."""
    normal = _normal(password)
    if not SHORTEST_PASSWORD <= len(normal) <= LONGEST_PASSWORD:
        raise PasswordRefusedError(
            f"a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters: four or five words do"
        )
    if not normal.isprintable():
        raise PasswordRefusedError("a password holds no control characters, which a browser's field can't take")
    if len(set(normal)) < _FEWEST_DIFFERENT or not normal.lower().replace(name.lower(), "").strip():
        raise PasswordRefusedError("this password is easily guessed: take four or five words")


class Passwords:
    """Argon2id with the second set of parameters that RFC 9106 (section 4) recommends: 64 MiB, 3 passes, 4 lanes.

    Hashes and comparisons are made one at a time, so that many attempts together take the memory of one.
    """

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
        self._one_at_a_time = Lock()
        self._nobody = _impossible(self._hasher)

    def hash(self, password: str) -> str:
        """What is kept of a password: parameters, salt and hash in one text, as argon2 writes it."""
        with self._one_at_a_time:
            return self._hasher.hash(_normal(password))

    def verify(self, kept: str | None, password: str) -> bool:
        """Whether this is the password that `kept` was made from; None stands for a user that is not there.

        Takes about a tenth of a second of a processor. Raises TooBusyError after waiting for others.
        """
        if not self._one_at_a_time.acquire(timeout=_WAIT_SECONDS):
            raise TooBusyError
        try:
            return self._compare(kept, password)
        finally:
            self._one_at_a_time.release()

    def _compare(self, kept: str | None, password: str) -> bool:
        """For a name that nobody has it takes as long as for one that somebody has."""
        normal = _normal(password)
        if len(normal) > LONGEST_PASSWORD:
            kept = None
        try:
            return self._hasher.verify(kept or self._nobody, normal[:LONGEST_PASSWORD]) and kept is not None
        except (VerificationError, InvalidHashError):
            return False

    def is_outdated(self, kept: str) -> bool:
        """Whether it was made with other parameters than today's, so that it should be made again."""
        return self._hasher.check_needs_rehash(kept)


def _impossible(hasher: PasswordHasher) -> str:
    """What looks like the hash of a password, and which nobody knows one for: all bytes are random."""
    salt, digest = (b64encode(os.urandom(size)).decode().rstrip("=") for size in (hasher.salt_len, hasher.hash_len))
    return f"$argon2id$v=19$m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}${salt}${digest}"


def _normal(password: str) -> str:
    """The same text for the same signs, however a keyboard composes them (RFC 8265, section 4.2)."""
    return unicodedata.normalize("NFC", password.encode("utf-8", "replace").decode())
