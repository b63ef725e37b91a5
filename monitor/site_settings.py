"""Where the API and the pages are served, as plain values: whoever serves them need not load what reads settings."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)
class SiteSettings:
    """What a process needs to serve a data folder; `HttpSettings` says what each is, and checks it."""

    data_dir: Path = Path("data")
    http_host: str = "127.0.0.1"
    http_port: int = 8787
    http_token_file: Path | None = None

    def to_json(self) -> str:
        """For the command line of the process that the monitor starts."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """What `to_json` wrote."""
        values = json.loads(text)
        token_file = values["http_token_file"]
        return cls(
            data_dir=Path(values["data_dir"]),
            http_host=values["http_host"],
            http_port=values["http_port"],
            http_token_file=None if token_file is None else Path(token_file),
        )
