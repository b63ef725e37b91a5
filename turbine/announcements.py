"""What a turbine says of its connection: birth, goodbye and will."""

from dataclasses import asdict

from grid.connection import Will
from grid.status import OfflineReason, Presence, TurbineStatus
from grid.topics import Kind
from turbine.life import Life
from turbine.pace import now_utc


class Announcements:
    """The statuses of one life's connections, which are counted from 0."""

    def __init__(self, life: Life) -> None:
        self.topic = Kind.STATUS.of(life.turbine_number)
        self._life = life
        self._connection_number = -1

    def next_will(self) -> Will:
        """The will of the next connection: its number tells it from the wills of earlier ones."""
        self._connection_number += 1
        return Will(self.topic, self._status(Presence.OFFLINE, reason=OfflineReason.LOST))

    def birth(self) -> bytes:
        """The turbine is there, from now on; with its nameplate."""
        return self._status(Presence.ONLINE, at=now_utc(), **asdict(self._life.nameplate))

    def goodbye(self) -> bytes:
        """The turbine stops now."""
        return self._status(Presence.OFFLINE, reason=OfflineReason.STOPPED, at=now_utc())

    def _status(self, status: Presence, **fields: object) -> bytes:
        told = {"status": status, "session": self._life.session, "connection": self._connection_number, **fields}
        return TurbineStatus.model_validate(told).to_json()
