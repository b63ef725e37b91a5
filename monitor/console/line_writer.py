"""Lines written in a thread of their own, so that an output which takes nothing holds nobody up."""

import os
import threading
from collections import deque
from collections.abc import Callable
from typing import TextIO

LINES_KEPT = 10_000
FLUSH_SECONDS = 1.0


class LineWriter:
    """Writes lines in order, as soon as the output takes them. Any thread may write.

    At most `LINES_KEPT` lines wait. What does not fit, or can't be written (a full disk), is left out and counted;
    the line that `left_out` makes of the count stands in its place.
    """

    def __init__(self, stream: TextIO, left_out: Callable[[int], str]) -> None:
        self._stream = stream
        self._line_for = left_out
        self._changed = threading.Condition()
        self._lines: deque[tuple[int, str]] = deque()
        """Each with how many were left out before it."""
        self._left_out = 0
        self._torn = False
        self._ending = False
        self._nobody_reads = False
        self._descriptor: int | None = None
        # A daemon: a thread that hangs in a write must not keep the program from its end.
        self._thread = threading.Thread(target=self._work, name="write lines", daemon=True)

    def start(self) -> None:
        """Begin to write. The stream itself is not used from now on: a lock of it would outlive a thread that hangs."""
        try:
            self._descriptor = self._stream.fileno()
            self._stream.flush()
        except OSError:  # a stream in memory, which has no file; or a full one, which is dealt with line by line
            pass
        self._thread.start()

    def close(self) -> None:
        """Write what waits, for at most `FLUSH_SECONDS`; once more does no harm."""
        with self._changed:
            self._ending = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(FLUSH_SECONDS)

    def write(self, line: str) -> None:
        """Have a line written; returns at once, and never raises."""
        if self._nobody_reads:
            return
        with self._changed:
            if len(self._lines) >= LINES_KEPT:
                self._left_out += 1
                return
            self._lines.append((self._left_out, line))
            self._left_out = 0
            self._changed.notify()

    def check(self) -> None:
        """Raise BrokenPipeError if a line could not be written because nobody reads any more."""
        if self._nobody_reads:
            raise BrokenPipeError("nobody reads the output any more")

    # --- in the thread

    def _work(self) -> None:
        failed = 0
        while (waiting := self._next()) is not None:
            before, lines = waiting
            missing = failed + before
            try:
                self._put("\n".join([*([self._line_for(missing)] if missing else []), *lines]))
                failed = 0
            except BrokenPipeError:
                self._nobody_reads = True
                return
            except OSError:
                failed = missing + len(lines)

    def _next(self) -> tuple[int, list[str]] | None:
        """The next line, with how many were left out before it, or such a count alone; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._lines or self._left_out or self._ending)
            if self._lines:
                before, line = self._lines.popleft()
                return before, [line]
            left_out, self._left_out = self._left_out, 0
            return (left_out, []) if left_out else None

    def _put(self, text: str) -> None:
        text += "\n"
        if self._descriptor is None:
            self._stream.write(text)
            self._stream.flush()
            return
        rest = ("\n" if self._torn else "").encode() + text.encode(self._stream.encoding, "backslashreplace")
        while rest:
            written = os.write(self._descriptor, rest)
            rest = rest[written:]
            self._torn = bool(rest)
