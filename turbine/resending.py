"""When to send again what the monitor does not acknowledge, and how much at once: as TCP does."""

from dataclasses import dataclass

FIRST_TIMEOUT_SECONDS = 5.0
"""Before anything is known of how often the monitor acknowledges."""

LEAST_TIMEOUT_SECONDS = 3.0
"""The monitor acknowledges about once a second; a lost acknowledgement is made good by the next."""

MOST_TIMEOUT_SECONDS = 60.0

FIRST_WINDOW = 32
"""Readings that are sent again at first: about what TCP sends unasked (10 segments, RFC 6928)."""

LAST_WINDOW = 1024


@dataclass(slots=True)
class Resending:
    """The timer and the window of one session's readings.

    The timeout follows the time that acknowledgements take (RFC 6298), because a monitor of a large farm acknowledges
    seldom. Then the oldest readings are sent again, a window of them, which doubles with each acknowledgement that
    makes progress (slow start, RFC 5681), up to what was sent when the time was over. While there is no progress the
    timeout doubles and the window halves: a monitor that can't store is not buried. Times are a monotonic clock's, in
    seconds.
    """

    deadline: float | None = None
    _since: float | None = None
    """Since when the next progress is awaited; None where the time would say nothing of the monitor."""
    _usual_wait: float | None = None
    _variation: float = 0.0
    _timeouts: int = 0
    """How many in a row."""
    _window: int = FIRST_WINDOW
    _next: int = 0
    _end: int = 0
    """What is to be sent again: sequences from `_next` up to `_end`, as far as the window lets it."""

    @property
    def timeout(self) -> float:
        """How long to wait for progress, in seconds."""
        seconds = FIRST_TIMEOUT_SECONDS
        if self._usual_wait is not None:
            seconds = max(LEAST_TIMEOUT_SECONDS, self._usual_wait + 4 * self._variation)
        return float(min(MOST_TIMEOUT_SECONDS, seconds * 2.0**self._timeouts))

    def wait(self, now: float) -> None:
        """A reading was sent: expect progress from now on, if none was expected yet."""
        if self.deadline is None:
            self._start(now)

    def begin(self, now: float, *, waiting: bool) -> None:
        """Forget what was being sent again, and wait anew."""
        self._timeouts = 0
        self._end = 0
        self.deadline = None
        if waiting:
            self._start(now)
        self._since = None

    def hurry(self, now: float, *, waiting: bool) -> None:
        """Wait anew, no longer than at first: the end is near, and what was slow or lost before is no measure."""
        self._usual_wait = None
        self.begin(now, waiting=waiting)

    def progress(self, oldest: int, now: float, *, waiting: bool) -> None:
        """The monitor acknowledged readings; `oldest` is what is left, and `waiting` whether the broker has any."""
        if self._since is not None:
            self._measure(now - self._since)
        self._timeouts = 0
        self._window = min(max(self._window * 2, FIRST_WINDOW), LAST_WINDOW)
        self.deadline = None
        if waiting:
            self._start(now)

    def next_due(self, oldest: int, end: int, now: float) -> int | None:
        """The sequence to send again now, of those from `oldest` up to `end`, if any."""
        if self.deadline is not None and now >= self.deadline:
            self._time_is_over(oldest, end, now)
        self._next = max(self._next, oldest)
        return self._next if self._next < min(self._end, oldest + self._window) else None

    def sent_again(self, sequence: int, now: float) -> None:
        """The broker has it once more. Sending a window may take long: the time to wait begins with its last one."""
        if sequence == self._next:
            self._next += 1
            self.deadline = now + self.timeout

    def _time_is_over(self, oldest: int, end: int, now: float) -> None:
        self._window = max(1, FIRST_WINDOW >> self._timeouts)
        self._timeouts += 1
        self._next = oldest
        self._end = end
        self.deadline = now + self.timeout

    def _start(self, now: float) -> None:
        self._since = now
        self.deadline = now + self.timeout

    def _measure(self, seconds: float) -> None:
        """Learn how long progress takes: RFC 6298, section 2, with a cap for what was no usual wait."""
        seconds = min(seconds, MOST_TIMEOUT_SECONDS)
        if self._usual_wait is None:
            self._usual_wait = seconds
            self._variation = seconds / 2
        else:
            self._variation += (abs(self._usual_wait - seconds) - self._variation) / 4
            self._usual_wait += (seconds - self._usual_wait) / 8
