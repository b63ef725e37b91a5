"""Random passwords for the broker, and their hashes as Mosquitto's password file has them."""

import secrets
from base64 import b64encode
from collections.abc import Collection, Mapping
from hashlib import pbkdf2_hmac

PREFIX = "grid_pw_"
"""Every password begins so: whoever scans for leaked secrets can find one."""

ITERATIONS = 101
"""As mosquitto_passwd: nobody guesses 32 random bytes, and the broker works through all clients at each SIGHUP."""

_SALT_BYTES = 12
_RANDOM_BYTES = 32


def new_password() -> str:
    """A password of 32 random bytes."""
    return PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)


def mosquitto_hash(password: str) -> str:
    """What stands in a password file behind the user's name: PBKDF2 with SHA-512, as `mosquitto_passwd` writes it."""
    salt = secrets.token_bytes(_SALT_BYTES)
    digest = pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS)
    return f"$7${ITERATIONS}${b64encode(salt).decode()}${b64encode(digest).decode()}"


def password_file(present: str, users: Collection[str], new: Mapping[str, str]) -> str:
    """The broker's password file with a line for each of these users: the new hash, or the one that is there."""
    hashes = dict(line.split(":", 1) for line in present.splitlines() if ":" in line) | dict(new)
    return "".join(f"{user}:{hashes[user]}\n" for user in users if user in hashes)
