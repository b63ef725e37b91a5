"""Ledgers to ask."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from monitor.facts import Changes
from monitor.store.ledger import Ledger
from monitor.store.reader import LedgerReader


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[Callable[[Changes], LedgerReader]]:
    """Commits changes, and opens a reader on them."""
    with ExitStack() as cleanup:
        ledger = cleanup.enter_context(Ledger.open(tmp_path / "grid.db"))

        def store(changes: Changes) -> LedgerReader:
            ledger.commit(changes)
            return cleanup.enter_context(LedgerReader.open(tmp_path / "grid.db"))

        yield store
