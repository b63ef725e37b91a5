"""The file of the outboxes: the readings of all turbines of a process, for the next start if this one is killed."""

import errno
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import BaseModel, ConfigDict

from grid.errors import CommandError
from grid.metrics import Session, TurbineNumber

REWRITE_BYTES = 16_000_000
"""A file that has grown to this is written anew with what is still held, and again when it has doubled."""

RETRY_SECONDS = 2.0
CHUNK_BYTES = 1_000_000


class _Line(BaseModel):
    """What a line tells: a reading as it is sent, or that all of a session up to `forgotten` is done with."""

    model_config = ConfigDict(strict=True, extra="ignore")

    turbine_number: TurbineNumber
    session: Session
    sequence: int | None = None
    forgotten: int | None = None


@dataclass(slots=True)
class Kept:
    """The readings of one session of one turbine that a file has: from sequence `oldest` on, without a gap."""

    oldest: int
    payloads: list[bytes] = field(default_factory=list)


KeptSessions = dict[int, dict[str, Kept]]
"""By turbine number and session, in the order of their starts."""


class OutboxFile:
    """Appends each reading in one write before it is sent, and what may be forgotten; survives a kill of the process.

    JSON lines: readings as they are sent, and `{"turbine_number": ..., "session": ..., "forgotten": sequence}`. Nothing
    waits for the disk itself, so a power cut may cost the last seconds of what the monitor has not acknowledged.
    Without a path it keeps nothing.

    A disk that takes nothing does not stop the turbines: it is said (`tell`), readings are in memory only, and
    every `RETRY_SECONDS` the file is written anew with all that is `held`, until it succeeds, which is said too.
    """

    def __init__(
        self,
        path: Path | None = None,
        tell: Callable[[str], None] = lambda sentence: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Open and lock the file, and read what earlier runs left.

        Raises CommandError if it can't be used, is damaged, or if another process has it.
        """
        self.path = path
        self.held: Callable[[], Iterable[bytes]] | None = None
        """Gives the readings of the outboxes, oldest first for each turbine. Until it is set the file only grows."""
        self._earlier: KeptSessions = {}
        self._tell = tell
        self._clock = clock
        self._file = -1
        self._size = 0
        self._rewrite_at = REWRITE_BYTES
        self._retry_at: float | None = None
        """When a file that could not be written is tried again."""
        if path is not None:
            self._open(path)

    @property
    def is_behind(self) -> bool:
        """Whether readings are held that the file does not have."""
        return self._retry_at is not None

    @property
    def left(self) -> int:
        """How many readings of earlier runs nobody has taken over."""
        return sum(len(kept.payloads) for sessions in self._earlier.values() for kept in sessions.values())

    def take_over(self, turbine_number: int) -> dict[str, Kept]:
        """What earlier runs left of a turbine, by session; from now on `held` gives it."""
        return self._earlier.pop(turbine_number, {})

    def keep(self, payload: bytes) -> None:
        """Keep a reading that is about to be sent, and that `held` gives already."""
        if self.path is not None:
            self._append(self.path, payload + b"\n")

    def forget(self, turbine_number: int, session: str, sequence: int) -> None:
        """The readings of a session up to this one need not be kept any more."""
        if self.path is not None:
            line = {"turbine_number": turbine_number, "session": session, "forgotten": sequence}
            self._append(self.path, json.dumps(line).encode() + b"\n")

    # --- reading

    def _open(self, path: Path) -> None:
        try:
            self._file = _open_locked(path)
            self._earlier, self._size = read_kept(path)
            os.ftruncate(self._file, self._size)
        except OSError as error:
            raise CommandError(f"the outbox {path} can't be used: {error.strerror}") from None

    # --- writing

    def _append(self, path: Path, line: bytes) -> None:
        if self._retry_at is not None:
            self._retry(path)
            return
        try:
            self._write(line)
        except OSError as error:
            self._retry_at = self._clock() + RETRY_SECONDS
            self._tell(f"the outbox {path} can't be written: {error.strerror}; readings are in memory only")
            return
        if self._size >= self._rewrite_at and self.held is not None:
            with suppress(OSError):  # the file as it is has all
                self._rewrite(path)
            self._rewrite_at = max(REWRITE_BYTES, 2 * self._size)

    def _write(self, line: bytes) -> None:
        """Append whole lines, or nothing. Raises OSError."""
        written = os.write(self._file, line)
        if written < len(line):
            os.ftruncate(self._file, self._size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._size += written

    def _retry(self, path: Path) -> None:
        if self._retry_at is None or self._clock() < self._retry_at or self.held is None:
            return
        try:
            self._rewrite(path)
        except OSError:
            self._retry_at = self._clock() + RETRY_SECONDS
        else:
            self._retry_at = None
            self._tell(f"the outbox {path} has all readings again")

    def _rewrite(self, path: Path) -> None:
        """Put a file with all that is held in the place of the old one, or raise OSError and leave that as it is."""
        new_path = path.with_name(f"{path.name}.new")
        new = _open_for_appending(new_path)
        try:
            os.ftruncate(new, 0)
            fcntl.flock(new, fcntl.LOCK_EX | fcntl.LOCK_NB)
            size = sum(_write_all(new, chunk) for chunk in _chunks(self._all_held()))
            os.fsync(new)
            new_path.replace(path)
        except OSError:
            os.close(new)
            new_path.unlink(missing_ok=True)
            raise
        os.close(self._file)
        self._file = new
        self._size = size

    def _all_held(self) -> Iterator[bytes]:
        for sessions in self._earlier.values():
            for kept in sessions.values():
                yield from kept.payloads
        if self.held is not None:
            yield from self.held()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Leave in the file what is held, and let another process have it."""
        if self.path is None:
            return
        if self.held is not None:
            with suppress(OSError):  # the file as it is has all, unless that was said
                self._rewrite(self.path)
                self._retry_at = None
        os.close(self._file)


def read_kept(path: Path) -> tuple[KeptSessions, int]:
    """What a file keeps, and the bytes of its whole lines: a torn last line was not sent by anybody.

    Raises CommandError for a line that is none of ours, and for readings that are missing between others.
    """
    kept: KeptSessions = {}
    size = 0
    with path.open("rb") as file:
        for place, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):
                break
            try:
                _take_line(kept, line[:-1])
            except ValueError:
                raise CommandError(
                    f"the outbox {path} is damaged in line {place}; move it away to start anew"
                ) from None
            size += len(line)
    return {number: sessions for number, sessions in kept.items() if sessions}, size


def _take_line(kept: KeptSessions, text: bytes) -> None:
    """Take one line into account. Raises ValueError for one that does not fit."""
    line = _Line.model_validate_json(text)
    sessions = kept.setdefault(line.turbine_number, {})
    if line.forgotten is not None:
        _forget(sessions, line.session, line.forgotten)
    elif line.sequence is None:
        raise ValueError("neither a reading nor something to forget")
    else:
        session = sessions.setdefault(line.session, Kept(line.sequence))
        if line.sequence != session.oldest + len(session.payloads):
            raise ValueError("a reading is missing")
        session.payloads.append(text)


def _forget(sessions: dict[str, Kept], name: str, sequence: int) -> None:
    session = sessions.get(name)
    if session is None:
        return
    count = max(0, sequence + 1 - session.oldest)
    del session.payloads[:count]
    session.oldest += count
    if not session.payloads:
        del sessions[name]


def _open_locked(path: Path) -> int:
    """Open the file for us alone. Raises OSError, and CommandError while another process has it."""
    while True:
        file = _open_for_appending(path)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            raise CommandError(f"the outbox {path} is in use by another process") from None
        if path.exists() and path.stat().st_ino == os.fstat(file).st_ino:
            return file
        os.close(file)  # its owner has put another one in its place meanwhile


def _open_for_appending(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _chunks(payloads: Iterable[bytes]) -> Iterator[bytes]:
    """Lines, many in a piece."""
    lines: list[bytes] = []
    size = 0
    for payload in payloads:
        lines.append(payload + b"\n")
        size += len(payload) + 1
        if size >= CHUNK_BYTES:
            yield b"".join(lines)
            lines, size = [], 0
    yield b"".join(lines)


def _write_all(file: int, data: bytes) -> int:
    """Write all of it, or raise OSError; returns how much."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]
    return len(data)
