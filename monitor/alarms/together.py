"""Many turbines with the same trouble at the same time have one cause, and one alarm."""

from collections import deque
from math import ceil

from monitor.alarms.settings import AlarmSettings
from monitor.facts import Now


class Together:
    """Counts which turbines fell into a trouble within a short time.

    An event begins when enough did; whoever follows is part of it. It ends when fewer than `many_least` are left.
    """

    def __init__(self, settings: AlarmSettings) -> None:
        self._settings = settings
        self._in_trouble: set[int] = set()
        self._lately: deque[tuple[float, int]] = deque()
        """Which turbines fell into it, and when (watched), the oldest first."""
        self._together: set[int] = set()
        """Those of the event that lasts; empty if none does."""

    def remember(self, turbine_number: int) -> None:
        """A turbine has been in trouble for long, by itself."""
        self._in_trouble.add(turbine_number)

    def join(self, turbine_number: int, now: Now) -> None:
        """A turbine is in trouble, now or still."""
        if turbine_number in self._in_trouble:
            return
        self._in_trouble.add(turbine_number)
        self._lately.append((now.watched, turbine_number))
        if self._together:
            self._together.add(turbine_number)

    def leave(self, turbine_number: int) -> None:
        """A turbine is well."""
        self._in_trouble.discard(turbine_number)
        self._together.discard(turbine_number)

    def count(self, turbines: int, now: Now) -> int:
        """How many of so many turbines are in trouble together; 0 if each is for itself."""
        settings = self._settings
        while self._lately and self._lately[0][0] < now.watched - settings.many_within_seconds:
            self._lately.popleft()
        if not self._together and len(self._lately) >= settings.many_least:
            found = {number for _, number in self._lately if number in self._in_trouble}
            if len(found) >= max(settings.many_least, ceil(settings.many_share * turbines)):
                self._together = found
        if len(self._together) < settings.many_least:
            self._together = set()
        return len(self._together)
