"""A site over a small farm, as a monitor left it at noon."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from farm_at_noon import leave_at_noon

from monitor.site_settings import SiteSettings
from monitor.store import DATABASE
from monitor.web.app import create_app
from monitor.web.monitor_link import MonitorLink
from monitor.web.readers import Readers
from monitor.web.site import Site

Get = Callable[..., Awaitable[Any]]


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The farm's data folder: nobody writes it any more."""
    folder = tmp_path_factory.mktemp("farm-at-noon")
    leave_at_noon(folder)
    return folder


@pytest.fixture
def site(data_dir: Path) -> Iterator[Site]:
    """The site over that folder; no monitor runs."""
    site = Site(SiteSettings(data_dir=data_dir), Readers(data_dir / DATABASE), MonitorLink(data_dir))
    yield site
    site.readers.close()


@pytest.fixture
async def client(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    """Asks the site."""
    transport = httpx.ASGITransport(create_app(site))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost/api/v1") as client:
        yield client


@pytest.fixture
def get(client: httpx.AsyncClient) -> Get:
    """The document at an address of the API."""

    async def ask(path: str, **query: Any) -> Any:
        answer = await client.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return ask


@pytest.fixture
def refused(client: httpx.AsyncClient) -> Get:
    """The problem at an address of the API."""

    async def ask(path: str, **query: Any) -> Any:
        answer = await client.get(path, params=query)
        assert answer.headers["content-type"] == "application/problem+json"
        return answer.json()

    return ask
