"""The courier's own journal: which notification a receiver has accepted, on the disk before anybody is told."""

import contextlib
import fcntl
import json
import os
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

JOURNAL = "notifications.receipts"
LOCK = "notifications.lock"
MOST_KEPT = 20_000
"""Receipts: one is needed until the ledger has it, which takes seconds; the others cost a line each."""


class Receipts:
    """Holds the journal of a data folder, alone, until `close`. Any thread may use it.

    A key names a notification, or a part of it that one of a receiver's several addresses has accepted.
    """

    def __init__(self, folder: Path, *, most_kept: int = MOST_KEPT) -> None:
        """Wait until whoever holds the journal lets it go. Raises OSError."""
        self._folder = folder
        self._path = folder / JOURNAL
        self._most_kept = most_kept
        self._guard = threading.Lock()
        self._lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._file = -1
        self._owed = b""
        """Receipts that the disk did not take yet."""
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX)
            self._known = dict.fromkeys(self._read())
            self._open()
        except BaseException:
            self.close()
            raise

    def __contains__(self, key: str) -> bool:
        with self._guard:
            return key in self._known

    def add(self, key: str) -> None:
        """Write a receipt; on return it is on the disk.

        On a disk that takes nothing it is remembered by this process only, and OSError is raised; what could not be
        written is written with the next one.
        """
        with self._guard:
            self._known[key] = None
            self._owed += _line(key)
            while self._owed:  # a disk that is nearly full takes a part
                self._owed = self._owed[os.write(self._file, self._owed) :]
            os.fsync(self._file)
            if len(self._known) > self._most_kept:
                self._shorten()

    def close(self) -> None:
        """Let the journal go."""
        for descriptor in (self._file, self._lock):
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read(self) -> list[str]:
        """The keys; a line that a crash cut off is none, and is taken away so that the next one begins anew."""
        if not self._path.exists():
            return []
        content = self._path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            os.truncate(self._path, whole)
        keys = []
        for line in content[:whole].splitlines():
            with contextlib.suppress(ValueError, KeyError, TypeError):
                keys.append(str(json.loads(line)["receipt"]))
        return keys

    def _open(self) -> None:
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        _sync_folder(self._folder)

    def _shorten(self) -> None:
        """Keep the newer half."""
        kept = dict.fromkeys(list(self._known)[-self._most_kept // 2 :])
        new = self._path.with_suffix(".new")
        with new.open("wb") as file:
            file.writelines(map(_line, kept))
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path)
        before, self._known = self._file, kept
        self._open()
        os.close(before)


def _line(key: str) -> bytes:
    return json.dumps({"receipt": key}).encode() + b"\n"


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
