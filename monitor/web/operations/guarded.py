"""What the process of the pages knows of its own guards: whom it refused, and when certificates end."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from grid.times import from_datetime
from monitor.access.refusals import Refusal
from monitor.site_settings import SiteSettings
from monitor.web.doorkeeper import LACKS_SCOPE, SIGN_IN_REFUSED, SIGN_IN_THROTTLED, TOO_MANY

REASONS = (*(refusal.value for refusal in Refusal), LACKS_SCOPE, TOO_MANY)
"""Why a request is refused for who asks, or how often."""

SIGN_INS: Mapping[str, str] = {SIGN_IN_REFUSED: "wrong", SIGN_IN_THROTTLED: "throttled"}
"""Why a sign-in is refused: name or password are wrong, or it was not looked at after too many."""


@dataclass(frozen=True, slots=True)
class Guarded:
    """Counts since the process's start, by the reasons of `Doorkeeper.refused`; ends in microseconds since 1970."""

    refused: Mapping[str, int] = field(default_factory=dict)
    certificates: Mapping[str, int] = field(default_factory=dict)
    """`pages` is what browsers see, `monitor` what the broker sees, `authority` what brokers are judged by."""


def certificates_of(settings: SiteSettings) -> dict[str, int]:
    """When each certificate ends that the programs were given; one that can't be read is left out.

    Read anew each time: they are renewed while this runs. What reads them is loaded only where there is one.
    """
    files = {"pages": settings.http_certfile, "monitor": settings.certfile, "authority": settings.cafile}
    return {name: end for name, path in files.items() if path is not None if (end := _end_of(path)) is not None}


def _end_of(path: Path) -> int | None:
    from monitor.secure.certificates import expires_at

    try:
        return from_datetime(expires_at(path.read_bytes()))
    except (OSError, ValueError):
        return None
