"""What the monitor publishes after a commit."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to publish after the commit: a row of the table `outbox`. The ledger gives the id."""

    topic: str
    payload: bytes
    created_at: int
    dispatch_id: str | None = None
    """Set for commands; also the correlation data."""
    expiry_seconds: int | None = None
    response_topic: str | None = None
    retain: bool = False
    outbox_id: int = 0
