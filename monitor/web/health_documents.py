"""What the answers of health look like, for the OpenAPI document."""

from pydantic import ConfigDict

from monitor.web.api.documents import Document, TimeText
from monitor.web.health import Status


class CheckDocument(Document):
    """One question and its answer."""

    model_config = ConfigDict(extra="forbid")

    name: str
    healthy: bool
    sentence: str
    since: TimeText | None
    """Since when it is so, where that is known."""


class HealthDocument(Document):
    """How it is. What is not known is null."""

    model_config = ConfigDict(extra="forbid")

    status: Status
    version: str
    monitor_running: bool
    mqtt_connected: bool
    database_connected: bool
    queued_messages: int | None
    """Messages that have arrived and wait for their batch."""
    last_reading_age_seconds: float | None
    feed_age_seconds: float | None
    """Since the monitor told the pages something."""
    disk_free_bytes: int | None
    checks: list[CheckDocument]


class ReadyDocument(Document):
    """Whether readings are taken in, and why not."""

    model_config = ConfigDict(extra="forbid")

    ready: bool
    sentence: str


class LiveDocument(Document):
    """That the process answers."""

    model_config = ConfigDict(extra="forbid")

    status: Status
