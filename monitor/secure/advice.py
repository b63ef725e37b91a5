"""What a person does next, after each command on the secure folder: lines for a terminal."""

import shlex
from pathlib import Path

from monitor.secure.broker_configuration import PORT
from monitor.secure.parties import VIEWER, Credentials, Party, one_run

_MOST_NAMED = 8
_AS_ROOT = [
    "               Started by root, Mosquitto becomes the user mosquitto, who may not read these files:",
    "               give it a copy of its own, as docs/secure.md says.",
]


def after_create(
    folder: Path, host: str, numbers: list[int], credentials: Credentials, port: int, *, by_root: bool = False
) -> list[str]:
    """How to start everything with a new folder. `by_root`: it is root who made it, and would start the broker."""
    if numbers:
        own = folder / "turbines" / str(numbers[0])
        about_turbines = f"A turbine elsewhere gets the files of its own folder, such as {own}, and no others."
    else:
        about_turbines = f"Turbines are added with: grid-monitor secure --folder {_typed(folder)} add 1-6"
    place = f"[{host}]" if ":" in host else host
    return [
        f"{folder} holds an authority, a broker at {place}:{port}, a monitor, a viewer "
        f"and {len(numbers)} turbines ({credentials.value}).",
        "",
        f"The broker:    cd {_typed(folder / 'broker')} && mosquitto -c mosquitto.conf",
        *(_AS_ROOT if by_root else []),
        f"The monitor:   grid-monitor --config {_typed(folder / 'grid.toml')}",
        f"The turbines:  grid-turbines --config {_typed(folder / 'grid.toml')} {_which(numbers)}",
        *([f"In containers: {_in_compose(folder)} up --build"] if port == PORT else []),  # where it is always that one
        f"To watch:      cd {_typed(folder / VIEWER.folder)} && "
        "XDG_CONFIG_HOME=. mosquitto_sub -h localhost -t 'grid/#' -v",
        "",
        about_turbines,
        f"Keep {folder / 'authority'} on this machine, and a copy in a safe place: its key makes anybody up.",
    ]


def after_add(folder: Path, added: list[Party]) -> list[str]:
    """How those who were added get in."""
    lines = [f"{_names(added)}: in {', '.join(_folders(folder, added))}"]
    return [*lines, "Copy each folder to where it is used.", *reload(folder)]


def after_revoke(folder: Path, gone: list[Party]) -> list[str]:
    """How those who were revoked are kept out."""
    return [
        f"{_names(gone)}: revoked, as soon as the broker has read its files again.",
        *reload(folder),
        "A connection that stands is worth nothing from then on. Before somebody is added by the same name again, "
        "restart the broker, which ends it; in containers:  "
        f"{_in_compose(folder)} restart broker",
    ]


def after_rotate(folder: Path, renewed: list[Party], credentials: Credentials, *, revoke_old: bool) -> list[str]:
    """How what was renewed comes into use."""
    lines = [f"{len(renewed)} were issued anew, in their folders in {folder}."]
    if credentials is Credentials.PASSWORDS:
        lines.append("Hand out the new passwords first: the old ones end when the broker has read its files again.")
    elif revoke_old:
        lines.append("The old certificates end when the broker has read its files again; connections that stand, when")
        lines.append("it is restarted. Hand out the new ones first.")
    else:
        lines.append("The old certificates hold until they expire: hand out the new ones in the meantime.")
    return [*lines, *reload(folder), "Restart whoever uses the folder on this machine, and the pages."]


def reload(folder: Path) -> list[str]:
    """How a running broker reads its files again, without losing a connection."""
    return [
        f"Then let the broker read {folder / 'broker'} again:  kill -HUP $(pidof mosquitto)",
        "(where it has a copy of that folder, copy it first)",
        f"or, in containers:  {_in_compose(folder)} up -d",
    ]


def _which(numbers: list[int]) -> str:
    """The options of grid-turbines for those of these that it can run at once."""
    run = one_run(numbers) or range(1, 2)
    first = "" if run.start == 1 else f"--first-number {run.start} "
    return f"{first}--count {len(run)}"


def _names(parties: list[Party]) -> str:
    shown = [str(party) for party in parties[:_MOST_NAMED]]
    more = len(parties) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _folders(folder: Path, parties: list[Party]) -> list[str]:
    shown = [str(folder / party.folder) for party in parties[:_MOST_NAMED]]
    return [*shown, "..."] if len(parties) > _MOST_NAMED else shown


def _in_compose(folder: Path) -> str:
    return f"GRID_SECURE_DIR={_as_path(folder)} docker compose --profile secure"


def _as_path(folder: Path) -> str:
    """As Compose takes it: a relative path without a dot would be the name of a volume."""
    return _typed(folder) if folder.is_absolute() else f"./{_typed(folder)}"


def _typed(path: Path) -> str:
    """As one word of a shell."""
    return shlex.quote(str(path))
