"""The settings of grid-monitor: those that every command needs, and those of the running monitor."""

from dataclasses import replace
from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_settings import SettingsConfigDict

from grid.settings import BrokerSettings, Settings
from monitor.site_settings import SiteSettings


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _checked_networks(text: str) -> str:
    for part in _parts(text):
        try:
            ip_network(part)
        except ValueError:
            raise ValueError(f"{part!r} is no address or network, such as 10.0.0.0/8") from None
    return text


Names = Annotated[str, StringConstraints(max_length=2000, pattern=r"^[0-9A-Za-z._:, \[\]-]*$")]
Networks = Annotated[str, StringConstraints(max_length=2000), AfterValidator(_checked_networks)]


class LogFormat(StrEnum):
    """How the running monitor shows what happens."""

    AUTO = "auto"
    """The table on a terminal, lines elsewhere."""
    TABLE = "table"
    LINES = "lines"
    JSON = "json"


class DataSettings(Settings):
    """Where the data are: all that a command which only reads needs.

    Keys of the running monitor in the same file are passed over here; `MonitorSettings` refuses the unknown ones.
    """

    model_config = SettingsConfigDict(extra="ignore")
    section: ClassVar[str] = "monitor"

    data_dir: Path = Field(Path("data"), description="Folder of the database grid.db and the turbines' text files.")


class KeySettings(DataSettings):
    """What signs sessions and tokens."""

    http_key_file: Path | None = Field(
        None,
        description="File with the key that signs sessions and tokens, made where there is none; with one, the API and "
        "the pages ask who it is.",
    )


class HttpSettings(KeySettings):
    """Where the API and the pages are served."""

    http_host: str = Field(
        "127.0.0.1",
        min_length=1,
        description="Address on which the API and the pages are served; any but this machine's own needs "
        "http_key_file, and a certificate or http_plain.",
    )
    http_port: int = Field(8787, ge=0, le=65535, description="Port of the API and the pages; 0 means none.")
    http_certfile: Path | None = Field(
        None, description="Certificate of the site, PEM: then the API and the pages are served over TLS 1.2 or later."
    )
    http_keyfile: Path | None = Field(None, description="Key of that certificate, PEM; http_key_file is another one.")
    http_names: Names = Field(
        "",
        description="Names and addresses that the site answers to besides localhost, comma separated; else http_host "
        "and the names in its certificate.",
    )
    http_plain: bool = Field(
        False, description="Serve plain HTTP though others may reach it: something in front of it speaks TLS."
    )
    http_proxy: Networks = Field(
        "",
        description="Addresses or networks, comma separated, of proxies that are believed whom they ask for "
        "(X-Forwarded-For); none by default.",
    )

    def site(self) -> SiteSettings:
        """The same as plain values, for whoever serves."""
        return SiteSettings(
            data_dir=self.data_dir,
            http_host=self.http_host,
            http_port=self.http_port,
            http_key_file=self.http_key_file,
            http_certfile=self.http_certfile,
            http_keyfile=self.http_keyfile,
            http_names=_parts(self.http_names.lower()),
            http_plain=self.http_plain,
            http_proxy=_parts(self.http_proxy),
        )


class ServeSettings(HttpSettings):
    """All that the process of the API and the pages can be told."""

    log_format: LogFormat = Field(
        LogFormat.AUTO, description="auto, table, lines or json; this process has no table, it writes lines or json."
    )


class MonitorSettings(BrokerSettings, HttpSettings):
    """All that the running monitor can be told."""

    model_config = SettingsConfigDict(extra="forbid")
    section: ClassVar[str] = "monitor"

    engineers: int = Field(3, ge=0, description="Repair engineers in the pool; 0 sends nobody.")
    client_id: str = Field(
        "grid-monitor",
        pattern=r"^[0-9A-Za-z._-]{1,64}$",
        description="Name of this monitor at the broker, which keeps messages for it; one running monitor per name.",
    )
    stale_after: float = Field(
        15.0,
        gt=0,
        le=86_400,
        description="Seconds of silence, or three of its intervals if that is longer, that make a turbine stale.",
    )
    silent_offline_after: float = Field(
        300.0, gt=0, le=604_800, description="Seconds for which a turbine may be stale before it counts as offline."
    )
    max_turbines: int = Field(
        10_000, ge=1, le=1_000_000, description="Turbines that the monitor takes; what others send is refused."
    )
    visit_time_limit: float = Field(
        600.0, gt=0, le=604_800, description="Seconds until a visit without effect ends and its engineer is free."
    )
    broken_alarm_after: float = Field(
        1800.0, gt=0, le=604_800, description="Seconds for which a turbine may stay broken before that is an alarm."
    )
    offline_alarm_after: float = Field(
        60.0, gt=0, le=604_800, description="Seconds for which a turbine may be offline before that is an alarm."
    )
    allowed_lateness: float = Field(
        5.0, ge=0, le=3600, description="Seconds for which a window waits for readings that come out of order."
    )
    outage_tolerance: float = Field(
        720.0, ge=0, le=86_400, description="Seconds between two reports of the same kind that are one outage."
    )
    notify_file: Path | None = Field(
        None, description="File that says who is told of which alarm; grid-monitor notify sample prints one."
    )
    log_format: LogFormat = Field(
        LogFormat.AUTO, description="auto, table, lines or json; auto is the table on a terminal, lines elsewhere."
    )
    tracing: bool = Field(
        False, description="Write traces of batches and repairs to standard error, one JSON object a line."
    )

    def site(self) -> SiteSettings:
        """As of `HttpSettings`, with the certificates that the broker is met with."""
        return replace(super().site(), cafile=self.cafile, certfile=self.certfile)
