"""Files that are there as a whole, or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from monitor.access.key import KEY_FILE
from monitor.store import DATABASE
from monitor.store.accounts import ACCESS_DATABASE
from monitor.store.errors import StoreError
from monitor.store.places import TEXT_FILES
from monitor.store.replacement import sync_file, sync_folder


class TargetRefusedError(StoreError):
    """What was named is not to be written: it is there already, is no file, or belongs to the store."""


@contextmanager
def new_file(target: Path, *, data_dir: Path, force: bool) -> Iterator[Path]:
    """Give a path beside `target` to write to; after the block the file is brought to the disk and named `target`.

    If the block fails nothing is left. Raises OSError, and TargetRefusedError: if there is a `target` and no `force`,
    at once or at the end; whatever `force` says, if it is a folder or a device, or what `data_dir` holds of a store.
    """
    _refuse_no_file(target)
    refuse_store(target, data_dir)
    if not force and os.path.lexists(target):
        raise _there_already(target)
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
    except OSError:
        if os.path.lexists(target):
            raise _there_already(target) from None
        unfinished.rename(target)


def _refuse_no_file(target: Path) -> None:
    if target.exists() and not target.is_file():
        raise TargetRefusedError(f"{target} is no file: name one")
    if not target.parent.is_dir():
        raise TargetRefusedError(f"there is no folder {target.parent}")


def refuse_store(target: Path, data_dir: Path) -> None:
    """Raise TargetRefusedError for what a data folder holds of its own: databases, text files, key, lock, socket."""
    folder = data_dir.resolve()
    of_store = {folder / "monitor.lock", folder / "monitor.socket", folder / KEY_FILE}
    databases = [place for name in (DATABASE, ACCESS_DATABASE) for place in (folder / name, (folder / name).resolve())]
    for path in (target.resolve(), target.parent.resolve() / target.name):
        of_database = any(path.parent == place.parent and path.name.startswith(place.name) for place in databases)
        if of_database or path in of_store or folder / TEXT_FILES in path.parents:
            raise TargetRefusedError(f"{target} belongs to the monitor's own data: name another file")


def _there_already(target: Path) -> TargetRefusedError:
    return TargetRefusedError(f"{target} is there already: name another file, or say --force")
