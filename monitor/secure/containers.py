"""Hand each container its part of a secure folder: what the service `credentials` of docker-compose.yml runs.

The folder's files are its owner's alone, and the programs in containers run as users of their own. So each part is
copied into a volume that belongs to the user who needs it. The authority's key is in none of them.
"""

import json
import re
import shutil
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from os import chown
from pathlib import Path

from monitor.secure.broker_configuration import PORT
from monitor.secure.parties import one_run
from monitor.secure.private_files import make_private_folder, write_private

MOSQUITTO_USER = 1883
"""Of the image eclipse-mosquitto."""
GRID_USER = 10001
"""Of our own image."""
INSIDE = Path("/credentials")
"""Where a container of ours finds its part."""


class HandOutError(Exception):
    """What keeps the parts from being handed out: one sentence, fit to be shown."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one container gets: the folder of its volume, whose it is, and files by their paths in that."""

    name: str
    user: int
    files: dict[Path, bytes]


def parts_of(folder: Path) -> list[Part]:
    """The parts of a secure folder, read from its files. Raises HandOutError if it is none, or is damaged."""
    try:
        settings = (folder / "grid.toml").read_text(encoding="utf-8")
        authority = {Path("authority", "ca.crt"): (folder / "broker" / "ca.crt").read_bytes()}
        programs = {name: dict(_files(folder, name)) for name in ("monitor", "https", "turbines")}
        broker = {path.relative_to("broker"): content for path, content in _files(folder, "broker")}
    except (OSError, UnicodeDecodeError) as error:
        raise HandOutError(
            f"no secure folder is mounted ({error}): grid-monitor secure --host NAME makes one"
        ) from None
    of_monitor = {Path("grid.toml"): settings_inside(settings, "monitor").encode()}
    numbers = one_run(int(path.parts[1]) for path in programs["turbines"] if path.parts[1].isdecimal())
    of_turbines = {Path("grid.toml"): running(numbers, settings_inside(settings, "turbines")).encode()}
    return [
        Part("broker", MOSQUITTO_USER, broker),
        Part("monitor", GRID_USER, {**of_monitor, **authority, **programs["monitor"], **programs["https"]}),
        Part("turbines", GRID_USER, {**of_turbines, **authority, **programs["turbines"]}),
    ]


def settings_inside(text: str, section: str) -> str:
    """The folder's grid.toml for a container: paths as they are inside, and no other program's section.

    The turbines must not know the monitor's client id: whoever connects by it takes what waits for the monitor.
    Raises HandOutError if the file names no authority within the folder.
    """
    try:
        settings = tomllib.loads(text)
        folder, place, _ = str(settings["cafile"]).rpartition("/authority/ca.crt")
        port = settings["broker_port"]
    except (tomllib.TOMLDecodeError, KeyError) as error:
        raise HandOutError(f"grid.toml in the secure folder can't be used: {error}") from None
    if port != PORT:
        raise HandOutError(
            f"the secure folder was made with --port {port}; in containers the broker listens on {PORT}, and "
            f"GRID_SECURE_BROKER_PORT={port} publishes it as {port}"
        )
    if not place:
        raise HandOutError("grid.toml in the secure folder names another cafile than the folder's own")
    text = text.replace(f"{json.dumps(folder, ensure_ascii=False)[1:-1]}/", f"{INSIDE}/")
    other = {"monitor": "turbines", "turbines": "monitor"}[section]
    return re.sub(rf"^\[{other}\]$.*?(?=^\[|\Z)", "", text, flags=re.MULTILINE | re.DOTALL)


def running(numbers: range, text: str) -> str:
    """The turbines' settings, which also say from which number to which, unless a person says it."""
    if not numbers or {"count", "first_number"} & tomllib.loads(text).get("turbines", {}).keys():
        return text
    how_many = f"[turbines]\nfirst_number = {numbers.start}\ncount = {len(numbers)}"
    return re.sub(r"^\[turbines\]$", how_many, text, flags=re.MULTILINE)


def hand_out(part: Part, volume: Path) -> None:
    """Make a volume hold just these files, for their user alone. Who reads meanwhile sees each whole, old or new."""
    if volume.stat().st_uid != part.user:
        volume.chmod(0o700)
        chown(volume, part.user, part.user)
    for path, content in part.files.items():
        for above in reversed(path.parents[:-1]):
            make_private_folder(volume / above)
        write_private(volume / path, content)
    _remove_all_but(volume, {volume / path for path in part.files})


def _remove_all_but(volume: Path, kept: set[Path]) -> None:
    """What was revoked is gone from here too."""
    folders = {above for path in kept for above in path.parents}
    for path in sorted(volume.rglob("*"), reverse=True):
        if path.is_dir() and path not in folders:
            shutil.rmtree(path)
        elif not path.is_dir() and path not in kept:
            path.unlink()


def _files(folder: Path, name: str) -> Iterator[tuple[Path, bytes]]:
    for path in sorted((folder / name).rglob("*")):
        if path.is_file() and not path.name.startswith("."):  # a file that is being written has a dot
            yield path.relative_to(folder), path.read_bytes()


def main(folder: str = "/secure", volumes: str = "/for") -> int:
    """Hand all parts out into the volumes below a folder; returns the exit code."""
    try:
        parts = parts_of(Path(folder))
        for part in parts:
            hand_out(part, Path(volumes, part.name))
    except (HandOutError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write("".join(f"{part.name}: {len(part.files)} files\n" for part in parts))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
