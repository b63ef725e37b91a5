"""How fast a total grows: pure, for screens."""

from collections import deque


class Rate:
    """Growth per second of a total over the last few seconds."""

    def __init__(self, window_seconds: float = 5.0) -> None:
        self._window_seconds = window_seconds
        self._seen: deque[tuple[float, int]] = deque()

    def per_second(self, total: int, at: float) -> float | None:
        """Take note of the total at a monotonic time in seconds; returns the growth, None at the first look."""
        self._seen.append((at, total))
        while len(self._seen) > 2 and self._seen[1][0] <= at - self._window_seconds:
            self._seen.popleft()
        first_at, first_total = self._seen[0]
        return None if at <= first_at else (total - first_total) / (at - first_at)
