"""One monitor per data folder: a lock that ends with its process, however that ends."""

import fcntl
import hashlib
import os
import socket
from pathlib import Path
from types import TracebackType
from typing import Self

from monitor.store.errors import DataFolderInUseError, StoreUnavailableError


class DataFolderLock:
    """Holds a data folder from entering to leaving the context, or from `acquire` to `close`.

    The kernel's lock counts, not the file: what a dead process left behind is no obstacle.
    """

    def __init__(self, data_folder: Path) -> None:
        self._folder = data_folder
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the folder, making it where there is none.

        Raises DataFolderInUseError with the holder's process id, and StoreUnavailableError for a folder that
        can't be written to.
        """
        path = self._folder / "monitor.lock"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise StoreUnavailableError(
                f"the data folder {self._folder} can't be written to: {error.strerror}"
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
            os.close(descriptor)
            raise DataFolderInUseError(
                f"another grid-monitor (process {holder}) works in {self._folder}: stop it, or name another --data-dir"
            ) from None
        except OSError as error:
            os.close(descriptor)
            raise StoreUnavailableError(f"the data folder {self._folder} can't be locked: {error.strerror}") from error
        self._descriptor = descriptor

    @property
    def lock_id(self) -> str:
        """Names this lock among all machines: who holds it knows that every earlier holder is gone.

        It is made from the machine and the file, not from what the folder holds: a copied folder has another one.
        """
        if self._descriptor is None:
            raise RuntimeError("the lock is not held")
        file = os.fstat(self._descriptor)
        return hashlib.sha256(f"{socket.gethostname()}:{file.st_dev}:{file.st_ino}".encode()).hexdigest()[:16]

    def close(self) -> None:
        """Let the folder go; once more does no harm. The file stays: deleting it would let two hold the folder."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
