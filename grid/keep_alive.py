"""When to ask the broker whether it is still there, and when to give it up (MQTT 5, section 3.1.2.10)."""

from enum import Enum

LOST_AFTER_SILENT_TICKS = 3


class Due(Enum):
    """What a tick asks for."""

    NOTHING = "nothing"
    PING = "send a PINGREQ"
    LOSS = "the broker is silent for too long"


class KeepAlive:
    """Is asked twice in each keep-alive interval; the connection sets `said` and `heard` whenever it does.

    So something is said in each interval, and a broker is given up an interval after the first question that it
    did not answer: 1.5 to 2 intervals after its last word.
    """

    def __init__(self, interval_seconds: float) -> None:
        self.tick_seconds = interval_seconds / 2
        """How long from one tick to the next; 0 if nobody wants a keep-alive."""
        self.said = True
        self.heard = True
        self._silent_ticks = 0

    def tick(self, *, reading: bool) -> Due:
        """Say what is due. While we do not read, the broker's silence means nothing."""
        self._silent_ticks = 0 if self.heard or not reading else self._silent_ticks + 1
        said, self.said, self.heard = self.said, False, False
        if self._silent_ticks >= LOST_AFTER_SILENT_TICKS:
            return Due.LOSS
        return Due.PING if self._silent_ticks or not said else Due.NOTHING
