"""The farm in a program that follows the monitor: kept up by the monitor's messages."""

from typing import Any

Document = dict[str, Any]


class Mirror:
    """What the monitor told last, put together from a snapshot and deltas. Empty before the first snapshot."""

    def __init__(self) -> None:
        self.at: str | None = None
        self.turbines: dict[int, Document] = {}
        """Rows as documents, by turbine number, worst first."""
        self.farm: Document = {}

    def apply(self, message: Document) -> None:
        """Take in a message of the monitor. Raises KeyError, TypeError, ValueError for one that is none."""
        if message["kind"] == "snapshot":
            self.turbines = {}
        self.turbines.update({row["turbine_number"]: row for row in message["turbines"]})
        self.at = message["at"]
        self.farm = message["farm"]

    def snapshot(self) -> Document:
        """The whole farm as one message."""
        return {"kind": "snapshot", "at": self.at, "turbines": list(self.turbines.values()), "farm": self.farm}
