"""Files for their owner only: made so, and replaced in one step."""

import os
import secrets
from pathlib import Path


def make_private_folder(path: Path) -> None:
    """A folder that only its owner may enter, the owner of the folder above it; one that is there stays as it is."""
    if not path.is_dir():
        path.mkdir(mode=0o700)
        _give_to_the_owner_of(path.parent, path)


def write_private(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Put a file there that only its owner may read. Who reads meanwhile sees the old one or the new one, whole.

    `durable`: it is on the disk at the return; else after the next `os.sync`. Written by root, it belongs to whom its
    folder belongs: a broker of its own user can read it again.
    """
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        _give_to_the_owner_of(path.parent, new)
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def _give_to_the_owner_of(folder: Path, path: Path) -> None:
    if os.geteuid() == 0:
        owner = folder.stat()
        os.chown(path, owner.st_uid, owner.st_gid)
