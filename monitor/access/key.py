"""The key that signs sessions and tokens: a file of random bytes that only its user may read."""

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from grid.errors import SettingsError

KEY_FILE = "http-key"
"""Its name in the data folder, where no setting names another."""
SHORTEST_KEY = 32
"""Bytes: as many as HS256 has of output (RFC 7518, section 3.2)."""
_LONGEST_KEY = 4096
_FEWEST_DIFFERENT = 8
_FORBIDDEN = 0o037
"""Others may do nothing with it, and the group no more than read, as an orchestrator may mount it."""


def read_key(path: Path) -> bytes:
    """The key in a file, which is made (0600) where it is missing.

    Raises SettingsError: the file can't be read or made, holds too little, or others may read it.
    """
    try:
        return _read(path) if path.exists() else _make(path)
    except OSError as error:
        raise SettingsError(f"http_key_file {path}: {error.strerror}") from None


def _read(path: Path) -> bytes:
    with open(path, "rb", opener=_open_at_once) as file:
        found = os.fstat(file.fileno()).st_mode
        if not stat.S_ISREG(found):
            raise SettingsError(f"http_key_file {path} is no file")
        key = file.read(_LONGEST_KEY + 1)
    mode = stat.S_IMODE(found)
    if mode & _FORBIDDEN:
        raise SettingsError(f"http_key_file {path} may be read by others (mode {mode:04o}): chmod 600 {path}")
    if not SHORTEST_KEY <= len(key) <= _LONGEST_KEY or len(set(key)) < _FEWEST_DIFFERENT:
        raise SettingsError(
            f"http_key_file {path} must hold {SHORTEST_KEY} to {_LONGEST_KEY} random bytes; "
            "remove the file to have one made"
        )
    return key


def _open_at_once(path: str, flags: int) -> int:
    """Open a file; a pipe, which is none, would be waited for."""
    return os.open(path, flags | os.O_NONBLOCK)


def _make(path: Path) -> bytes:
    """Write a new key under another name first, so that no process of ours reads half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(8)}.unfinished")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            give_to_owner_of(path.parent, descriptor)
            file.write(f"{secrets.token_urlsafe(48)}\n".encode())
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # another process of ours was quicker: its key holds
            path.hardlink_to(unfinished)
    finally:
        unfinished.unlink(missing_ok=True)
    return _read(path)


def give_to_owner_of(folder: Path, descriptor: int) -> None:
    """Give an open file to whom its folder belongs: what root makes for another user's program, that can read."""
    if os.geteuid() == 0:
        owner = folder.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
