"""The text of the settings file with which programs on this machine enter the secure broker."""

import json
import secrets
from pathlib import Path

from monitor.secure.parties import Credentials

_HEADER = """\
# How the programs on this machine enter the broker: written by `grid-monitor secure`, and yours to change.
#   grid-monitor --config {file}
#   grid-turbines --config {file} --count 6
"""
_SITE = """\
# The pages and the API stay on this machine. To open them to others, first make somebody who may sign in
# (grid-monitor user create NAME --role admin), and then take the four signs away:
# http_host = "0.0.0.0"
# http_certfile = {certfile}
# http_keyfile = {keyfile}
# http_key_file = {signing}
"""


def program_settings(folder: Path, credentials: Credentials, *, port: int) -> str:
    """The file's text. `folder` is absolute: programs may be started anywhere.

    The monitor's client id holds a part that nobody can guess, since whoever connects with it takes over what the
    broker keeps for the monitor.
    """
    monitor, turbine = folder / "monitor", folder / "turbines" / "{number}"
    lines = [
        _HEADER.format(file=folder / "grid.toml"),
        'broker_host = "localhost"',
        f"broker_port = {port}",
        f"cafile = {_quoted(folder / 'authority' / 'ca.crt')}",
        "",
        "[monitor]",
        *_entrance(monitor, credentials, "monitor"),
        "# Nobody may guess it: whoever connects by it takes what waits at the broker for the monitor.",
        f'client_id = "grid-monitor-{secrets.token_hex(16)}"',
        "",
        _SITE.format(
            certfile=_quoted(folder / "https" / "site.crt"),
            keyfile=_quoted(folder / "https" / "site.key"),
            signing=_quoted(Path("data", "http-key")),
        ),
        "[turbines]",
        *_entrance(turbine, credentials, "{number}"),
    ]
    return "\n".join(lines) + "\n"


def _entrance(folder: Path, credentials: Credentials, name: str) -> list[str]:
    if credentials is Credentials.CERTIFICATES:
        return [f"certfile = {_quoted(folder / 'client.crt')}", f"keyfile = {_quoted(folder / 'client.key')}"]
    return [f'username = "{name}"', f"password_file = {_quoted(folder / 'password')}"]


def _quoted(path: Path) -> str:
    """A basic string of TOML, which is written as JSON's are."""
    return json.dumps(str(path), ensure_ascii=False)
