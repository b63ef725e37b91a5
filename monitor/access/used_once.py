"""What opens something once, and not a second time."""

from collections import OrderedDict
from threading import Lock


class UsedOnce:
    """Ids that were used, in memory until they would have ended by themselves.

    At most `most` at a time: beyond, nothing is accepted. All ids should last equally long, and any thread may ask.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._ends: OrderedDict[str, int] = OrderedDict()
        self._lock = Lock()

    def use(self, token_id: str, expires_at: int, now: int) -> bool:
        """Whether this is its first use."""
        with self._lock:
            while self._ends and next(iter(self._ends.values())) <= now:
                self._ends.popitem(last=False)
            if token_id in self._ends or len(self._ends) >= self._most:
                return False
            self._ends[token_id] = expires_at
            return True
