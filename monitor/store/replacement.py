"""Putting a restored database into the place of a damaged one, so that a crash in between is noticed and finished."""

import os
from pathlib import Path

from monitor.store.errors import StoreDamagedError

_RESTORED = ".restored-"
_DAMAGED = ".damaged-"
_BESIDE = ("-wal", "-shm", "")
"""What belongs to a database, itself last: a log that stays behind would be taken for the new one's."""


def waiting(path: Path) -> Path | None:
    """The restored database that is complete and not in its place yet; None as a rule."""
    try:
        found = sorted(path.parent.glob(f"{path.name}{_RESTORED}*"))
    except OSError:  # whoever opens the database will say it better
        return None
    return found[-1] if found else None


def refuse_waiting(path: Path) -> None:
    """Raise StoreDamagedError if a restore was interrupted: what is in the database's place is not to be used."""
    if waiting(path) is not None:
        raise StoreDamagedError(
            f"the database {path} is being restored, or that was interrupted: run grid-monitor restore to finish it"
        )


def hand_over(path: Path, built: Path, stamp: str) -> None:
    """From here on the new database counts, which is complete and on the disk: `stamp` names the moment."""
    built.rename(path.with_name(f"{path.name}{_RESTORED}{stamp}"))
    sync_folder(path.parent)


def put_in_place(path: Path) -> Path | None:
    """Set the old database aside, and put the one that waits into its place; again, where that was interrupted.

    Returns where the old one is now, or None if there was none.
    """
    new = waiting(path)
    if new is None:
        raise FileNotFoundError(f"no restored database waits for {path}")
    stamp = new.name.removeprefix(f"{path.name}{_RESTORED}")
    aside = path.with_name(f"{path.name}{_DAMAGED}{stamp}")
    for end in _BESIDE:
        old = path.with_name(f"{path.name}{end}")
        if old.exists():
            old.rename(aside.with_name(f"{aside.name}{end}"))
            sync_folder(path.parent)
    new.rename(path)
    sync_folder(path.parent)
    return aside if aside.exists() else None


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_file(path: Path) -> None:
    """Bring what a file holds to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
