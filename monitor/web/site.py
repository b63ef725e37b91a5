"""What every route works with, made once for the process."""

from dataclasses import InitVar, dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, cast

from fastapi import Depends
from fastapi.requests import HTTPConnection

from grid.errors import SettingsError
from monitor.access.access import Access
from monitor.control import Answer, Request, inquire
from monitor.http_access import names_of
from monitor.site_settings import SiteSettings
from monitor.web.doorkeeper import Doorkeeper
from monitor.web.hub import Hub
from monitor.web.monitor_link import MonitorLink
from monitor.web.operations.probe import Probe, look
from monitor.web.post_line import PostLine
from monitor.web.rate_limits import RateLimits
from monitor.web.readers import Readers

ANSWER_WITHIN_SECONDS = 10.0
"""How long a monitor is waited for that was asked for a commit: an order, or posted readings."""


@dataclass(slots=True)
class Site:
    """The settings, the ledger, the monitor and the ways to ask it."""

    settings: SiteSettings
    readers: Readers
    monitor: MonitorLink
    access: InitVar[Access | None] = None
    """Who may do what; without it the site is open."""
    door: Doorkeeper = field(init=False)
    """Tells who asks."""
    names: frozenset[str] = field(init=False)
    """The names that it answers to besides those of loopback."""
    limits: RateLimits | None = field(init=False)
    """How often somebody may ask; None on an open site."""
    post_line: PostLine = field(init=False)
    """On it posted readings go to the monitor."""
    probe: Probe = field(init=False)
    """Looks at the monitor's health."""

    def __post_init__(self, access: Access | None) -> None:
        self.door = Doorkeeper(access or Access.open_site())
        self.names = names_of(self.settings, _names_in(self.settings.http_certfile))
        self.limits = None if self.door.is_open else RateLimits(self.door.refused)
        self.post_line = PostLine(self.inquire)
        self.probe = Probe(partial(look, self.settings.data_dir))

    async def inquire(self, request: Request) -> Answer:
        """Ask the monitor. Raises NoMonitorError."""
        return await inquire(self.settings.data_dir, request, within_seconds=ANSWER_WITHIN_SECONDS)

    @property
    def hub(self) -> Hub:
        """Who follows the farm."""
        return self.monitor.hub


def _names_in(certfile: Path | None) -> frozenset[str]:
    """The names in a certificate; what reads it is loaded only where there is one. Raises SettingsError."""
    if certfile is None:
        return frozenset()
    from monitor.secure.certificates import names_in

    try:
        return names_in(certfile.read_bytes())
    except OSError as error:
        raise SettingsError(f"http_certfile {certfile}: {error.strerror}") from None
    except ValueError:
        raise SettingsError(f"http_certfile {certfile} holds no certificate with names (PEM)") from None


def site_of(connection: HTTPConnection) -> Site:
    """The site that is asked."""
    return cast("Site", connection.app.state.site)


TheSite = Annotated[Site, Depends(site_of)]
"""A route's parameter: the site that it belongs to."""
