"""What the page about the monitor says before any script runs: the program, its data, and what others made."""

import json
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from monitor import DISTRIBUTION
from monitor.store import DATABASE
from monitor.store.errors import StoreError
from monitor.store.reader import LedgerReader
from monitor.web.site import Site

_VENDORED = Path(__file__).parent / "static" / "vendor" / "vendor.json"
_COLUMNS = {"received": "Received", "stored": "Stored", "duplicate": "Duplicate", "rejected": "Rejected"}
_MEGABYTE = 1_000_000


async def about(site: Site) -> dict[str, Any]:
    """What the template `about.html` is filled with. It is made also while the ledger can't be read."""
    data_dir = site.settings.data_dir
    facts = {
        "Version": version(DISTRIBUTION),
        "Python": platform.python_version(),
        "Data folder": str(data_dir.absolute()),
        "Database": _database(data_dir / DATABASE),
        "Pages and API": f"{site.settings.http_host}, port {site.settings.http_port}",
        "Sign-in": "nobody is asked: only this machine can reach the pages" if site.door.is_open else "asked for",
    }
    books: dict[str, int] = {}
    try:
        facts["Ledger"] = await site.readers.ask(LedgerReader.ledger_id)
        books = await site.readers.ask(LedgerReader.books)
    except StoreError as error:
        facts["Ledger"] = str(error)
    return {
        "facts": facts,
        "books": {name: books.get(column, 0) for column, name in _COLUMNS.items()} if books else {},
        "packages": json.loads(_VENDORED.read_text(encoding="utf-8"))["packages"],
    }


def _database(path: Path) -> str:
    """The file and its size; what is written but not yet moved into it is not counted."""
    try:
        return f"{path.name}, {path.stat().st_size / _MEGABYTE:,.1f} MB"
    except OSError:
        return f"{path.name}, not there yet"
