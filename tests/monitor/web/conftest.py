"""Programs that ask a site."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from sites import asking, site_app


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Asks the site of the data folder `tmp_path`."""
    async with asking(site_app(tmp_path)) as opened:
        yield opened
