"""What every route works with, made once for the process."""

from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, cast

from fastapi import Depends
from fastapi.requests import HTTPConnection

from monitor.control import Answer, Request, inquire
from monitor.site_settings import SiteSettings
from monitor.web.hub import Hub
from monitor.web.monitor_link import MonitorLink
from monitor.web.operations.probe import Probe, look
from monitor.web.post_line import PostLine
from monitor.web.readers import Readers

ANSWER_WITHIN_SECONDS = 10.0
"""How long a monitor is waited for that was asked for a commit: an order, or posted readings."""


@dataclass(slots=True)
class Site:
    """The settings, the ledger, the monitor and the ways to ask it."""

    settings: SiteSettings
    readers: Readers
    monitor: MonitorLink
    post_line: PostLine = field(init=False)
    """On it posted readings go to the monitor."""
    probe: Probe = field(init=False)
    """Looks at the monitor's health."""

    def __post_init__(self) -> None:
        self.post_line = PostLine(self.inquire)
        self.probe = Probe(partial(look, self.settings.data_dir))

    async def inquire(self, request: Request) -> Answer:
        """Ask the monitor. Raises NoMonitorError."""
        return await inquire(self.settings.data_dir, request, within_seconds=ANSWER_WITHIN_SECONDS)

    @property
    def hub(self) -> Hub:
        """Who follows the farm."""
        return self.monitor.hub


def _site(connection: HTTPConnection) -> Site:
    return cast("Site", connection.app.state.site)


TheSite = Annotated[Site, Depends(_site)]
"""A route's parameter: the site that it belongs to."""
