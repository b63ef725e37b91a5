"""What every route works with, made once for the process."""

from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import Depends
from fastapi.requests import HTTPConnection

from monitor.site_settings import SiteSettings
from monitor.web.access import Access
from monitor.web.hub import Hub
from monitor.web.monitor_link import MonitorLink
from monitor.web.readers import Readers


@dataclass(slots=True)
class Site:
    """The settings, the ledger, the monitor, and who may do what."""

    settings: SiteSettings
    readers: Readers
    monitor: MonitorLink
    access: Access = field(default_factory=Access)
    """Who may do what; everybody all as long as nothing else is said."""

    @property
    def hub(self) -> Hub:
        """Who follows the farm."""
        return self.monitor.hub


def _site(connection: HTTPConnection) -> Site:
    return cast("Site", connection.app.state.site)


TheSite = Annotated[Site, Depends(_site)]
"""A route's parameter: the site that it belongs to."""
