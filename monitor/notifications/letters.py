"""What the monitor and its courier say to each other: one JSON object a line."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from monitor.facts import Notification
from monitor.notifications.notify_file import Address

SEND_LIMIT_SECONDS = 60.0
"""After which a receiver that has not answered counts as failed for this attempt."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One message for one receiver, as the courier gets it."""

    notification_id: int
    key: str
    """Names it among all, for the journal and for receivers, who recognise a repeat by it."""
    receiver: str
    severity: str
    title: str
    body: str

    @classmethod
    def of(cls, notification: Notification) -> Self:
        """The letter for a notification. Its time is in the key: a restored ledger counts from an older number."""
        key = f"grid-{notification.created_at}-{notification.notification_id}"
        return cls(
            notification.notification_id,
            key,
            notification.receiver,
            notification.severity.value,
            notification.title,
            notification.body,
        )

    def to_line(self) -> bytes:
        """As the courier reads it."""
        return _line(asdict(self))

    @classmethod
    def from_line(cls, line: bytes) -> Self:
        """What `to_line` wrote."""
        return cls(**json.loads(line))


@dataclass(frozen=True, slots=True)
class Instructions:
    """The first line: where the journal is, and where the addresses of the receivers are, which it does not hold."""

    folder: Path
    addresses: Mapping[str, Address]
    limit_seconds: float = SEND_LIMIT_SECONDS

    def to_line(self) -> bytes:
        """As the courier reads it."""
        addresses = {name: asdict(address) for name, address in self.addresses.items()}
        return _line({"folder": self.folder, "addresses": addresses, "limit_seconds": self.limit_seconds})

    @classmethod
    def from_line(cls, line: bytes) -> Self:
        """What `to_line` wrote."""
        read: dict[str, Any] = json.loads(line)
        addresses = {
            name: Address(None if one["url_file"] is None else Path(one["url_file"]), one["url_env"])
            for name, one in read["addresses"].items()
        }
        return cls(Path(read["folder"]), addresses, float(read["limit_seconds"]))


def _line(document: dict[str, Any]) -> bytes:
    return json.dumps(document, default=str).encode() + b"\n"
