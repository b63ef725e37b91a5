"""What the answers of health look like, for the OpenAPI document."""

from pydantic import ConfigDict

from monitor.web.api.documents import Document, TimeText
from monitor.web.operations.health import Status


class CheckDocument(Document):
    """One question and its answer."""

    model_config = ConfigDict(extra="forbid")

    name: str
    """What was looked at."""
    healthy: bool
    """Whether it is as it should be."""
    sentence: str
    """How it is, in words."""
    since: TimeText | None
    """Since when it is so, where that is known."""


class HealthDocument(Document):
    """How it is. What is not known is null."""

    model_config = ConfigDict(extra="forbid")

    status: Status
    """The worst of the checks: `ok`, `degraded`, or `unhealthy` where no reading is taken in."""
    version: str
    """Of the program."""
    monitor_running: bool
    """Whether a monitor answers."""
    mqtt_connected: bool
    """Whether it is connected to the broker."""
    database_connected: bool
    """Whether it can store."""
    queued_messages: int | None
    """Messages that have arrived and wait for their batch."""
    last_reading_age_seconds: float | None
    """Since the newest reading arrived."""
    feed_age_seconds: float | None
    """Since the monitor told the pages something."""
    disk_free_bytes: int | None
    """On the disk of the data folder."""
    checks: list[CheckDocument]
    """What was looked at, each with a sentence."""


class ReadyDocument(Document):
    """Whether readings are taken in, and why not."""

    model_config = ConfigDict(extra="forbid")

    ready: bool
    """Whether they are."""
    sentence: str
    """Why, or why not."""


class LiveDocument(Document):
    """That the process answers."""

    model_config = ConfigDict(extra="forbid")

    status: Status
    """Always `ok`."""
