"""Real receivers."""

from collections.abc import Iterator

import pytest
from receivers import MailServer, Webhook, mail_server, webhook


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture
def hook() -> Iterator[Webhook]:
    with webhook() as server:
        yield server
