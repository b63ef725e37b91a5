"""Files that are there as a whole, or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from monitor.store.replacement import sync_file, sync_folder


@contextmanager
def new_file(target: Path, *, force: bool) -> Iterator[Path]:
    """Give a path beside `target` to write to; after the block the file is brought to the disk and named `target`.

    If the block fails nothing is left. Raises FileExistsError, at once or at the end, if there is a `target` and no
    `force`, and OSError.
    """
    if not force and os.path.lexists(target):
        raise FileExistsError(target)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.unfinished")
    try:
        yield unfinished
        sync_file(unfinished)
        if force:
            unfinished.replace(target)
        else:
            _name(unfinished, target)
        sync_folder(target.absolute().parent)
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)


def _name(unfinished: Path, target: Path) -> None:
    """Name a file without replacing another; only on a disk without links there is a moment in which it might."""
    try:
        target.hardlink_to(unfinished)
    except FileExistsError:
        raise
    except OSError:
        if os.path.lexists(target):
            raise FileExistsError(target) from None
        unfinished.rename(target)
