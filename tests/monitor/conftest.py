"""A running monitor without a broker."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from desk import Desk

from monitor.store.ledger import Ledger


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A monitor on a real ledger in `tmp_path`, which tries again soon where it can't store."""
    monkeypatch.setattr("monitor.monitor.RETRY_SECONDS", (0.001,))
    path = tmp_path / "grid.db"
    with Ledger.open(path, busy_timeout_seconds=0.001) as ledger:
        yield Desk(ledger, path)
