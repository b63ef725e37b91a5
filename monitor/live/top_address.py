"""Where `grid-monitor top` finds the site, and the token that it asks for."""

from pathlib import Path

from grid.errors import CommandError, ExitCode
from monitor.http_access import address_from_here
from monitor.settings import HttpSettings


def address_to_follow(settings: HttpSettings) -> str:
    """The site of a monitor with these settings on this machine. Raises CommandError if it has none."""
    if settings.http_port == 0:
        raise CommandError("with http_port 0 there are no pages to follow: name them with --url", ExitCode.WRONG_USAGE)
    return address_from_here(settings.site())


def token_in(file: Path | None) -> str | None:
    """The token in a file; None without one. Raises CommandError."""
    if file is None:
        return None
    try:
        token = file.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it holds no token"
        raise CommandError(f"{file}: {reason}", ExitCode.WRONG_USAGE) from None
    if not token.isprintable() or not token:
        raise CommandError(f"{file}: it holds no token", ExitCode.WRONG_USAGE)
    return token
