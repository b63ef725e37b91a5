"""Where the API and the pages are served, as plain values: whoever serves them need not load what reads settings."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

_PATHS = ("data_dir", "http_key_file", "http_certfile", "http_keyfile", "cafile", "certfile")
_LISTS = ("http_names", "http_proxy")


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSettings:
    """What a process needs to serve a data folder; `HttpSettings` says what each is, and checks it."""

    data_dir: Path = Path("data")
    http_host: str = "127.0.0.1"
    http_port: int = 8787
    http_key_file: Path | None = None
    http_certfile: Path | None = None
    http_keyfile: Path | None = None
    http_names: tuple[str, ...] = ()
    http_plain: bool = False
    http_proxy: tuple[str, ...] = ()
    cafile: Path | None = None
    """Of the running monitor's connection to its broker, as the next: whoever serves tells when they end."""
    certfile: Path | None = None

    def to_json(self) -> str:
        """For the command line of the process that the monitor starts: it names files, and holds no secret."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """What `to_json` wrote."""
        values: dict[str, Any] = json.loads(text)
        paths = {name: Path(values[name]) for name in _PATHS if values[name] is not None}
        return cls(**{**values, **paths, **{name: tuple(values[name]) for name in _LISTS}})
