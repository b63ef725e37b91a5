"""The turbines' text files on the disk: names, a bounded number of open ones, whole writes."""

import os
import resource
import shutil
from collections import OrderedDict
from pathlib import Path

from monitor.store.places import text_file_name

MOST_OPEN = 8192
"""Text files: a farm with more turbines opens and closes some with each batch, which takes four times as long."""


def make_room_for_open_files() -> int:
    """Let this process open more files, as far as the system allows; returns how many text files may be open.

    The usual limit of 1,024 is there for programs that call select(), which this one doesn't.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * MOST_OPEN
    allowed = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return min(MOST_OPEN, max(soft, allowed) // 2)


class OpenFiles:
    """Appends to files `turbine-<n>.txt` of one folder, and keeps at most `max_open` of them open.

    All methods raise OSError when the disk does.
    """

    def __init__(self, folder: Path, *, max_open: int) -> None:
        self.folder = folder
        self._max_open = max_open
        self._descriptors: OrderedDict[int, int] = OrderedDict()
        """By turbine; the one that was written to last is the last."""

    def path(self, turbine_number: int) -> Path:
        """Where a turbine's file is."""
        return self.folder / text_file_name(turbine_number)

    def append(self, turbine_number: int, text: str) -> None:
        """Append to a turbine's file, in one write where the disk takes it whole."""
        rest = text.encode("ascii")
        descriptor = self._open(turbine_number)
        while rest:
            rest = rest[os.write(descriptor, rest) :]

    def sync(self, turbine_number: int) -> None:
        """Bring what was appended to the disk."""
        os.fsync(self._open(turbine_number))

    def sync_folder(self) -> None:
        """Bring the names of new files to the disk."""
        descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def forget(self, turbine_number: int) -> None:
        """Close a turbine's file, which another one is about to replace."""
        descriptor = self._descriptors.pop(turbine_number, None)
        if descriptor is not None:
            os.close(descriptor)

    def close(self) -> None:
        """Close all; they open again when they are needed."""
        while self._descriptors:
            os.close(self._descriptors.popitem()[1])

    def _open(self, turbine_number: int) -> int:
        descriptor = self._descriptors.get(turbine_number)
        if descriptor is None:
            if len(self._descriptors) >= self._max_open:
                os.close(self._descriptors.popitem(last=False)[1])
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
            descriptor = self._descriptors[turbine_number] = os.open(self.path(turbine_number), flags, 0o644)
        else:
            self._descriptors.move_to_end(turbine_number)
        return descriptor


def append_rest(old: Path, offset: int, new: Path) -> None:
    """Append what stands in a file from this offset on to another one, and bring that to the disk."""
    with old.open("rb") as source, new.open("ab") as target:
        source.seek(offset)
        shutil.copyfileobj(source, target)
        target.flush()
        os.fsync(target.fileno())
