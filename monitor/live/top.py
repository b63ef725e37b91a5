"""`grid-monitor top`: the live table of a monitor that runs elsewhere."""

import os
import select
import sys
import termios
import threading
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from grid.errors import CommandError, ExitCode
from grid.times import SECOND
from monitor.clock import utc_now
from monitor.console.documents import in_json
from monitor.console.lines import engineers_in_words, standings_in_words
from monitor.console.sheets import turbines_sheet
from monitor.console.table import TableConsole
from monitor.console.view import FarmView, Trouble, TroubleKind
from monitor.console.words import plain
from monitor.live.documents import Document, complete, read_time, read_view
from monitor.live.events import Entrance, StreamError, StreamRefusedError, follow_events
from monitor.live.mirror import Mirror

COME_BACK_SECONDS = 2.0
SHOW_EVERY_SECONDS = 0.5


def print_snapshot(site: Entrance) -> None:
    """Print the farm as it is now as one JSON document. Raises CommandError."""
    snapshot = _first(site).snapshot()
    snapshot["turbines"] = [complete(row) for row in snapshot["turbines"]]
    sys.stdout.write(f"{in_json(snapshot)}\n")


def print_once(site: Entrance) -> None:
    """Print the farm as it is now. Raises CommandError."""
    view = _view(_first(site))
    if view is None:
        raise CommandError(f"no monitor runs behind {site.url}")
    lines = [standings_in_words(view.totals), engineers_in_words(view.totals, view.at)]
    lines += [f"{trouble.sentence[0].upper()}{trouble.sentence[1:]}." for trouble in view.troubles]
    if view.rows:
        turbines_sheet(view.rows, view.at).write(sys.stdout)
        lines.insert(0, "")
    sys.stdout.writelines(f"{plain(line)}\n" for line in lines)


def follow_on_screen(site: Entrance) -> None:
    """Draw the live table until `q` or Ctrl-C. Raises CommandError if nothing answers at first."""
    following = Following(site)
    following.begin()
    with _keys(), TableConsole(clock=following.now) as console:
        while not _pressed_q(SHOW_EVERY_SECONDS):
            if following.refused is not None:
                raise CommandError(following.refused, ExitCode.BROKER_UNREACHABLE)
            view = following.view()
            if view is not None:
                console.show(view)


class Following:
    """Keeps up with a site in a thread of its own, and comes back to it when the stream ends."""

    def __init__(self, site: Entrance) -> None:
        self._site = site
        self._mirror = Mirror()
        self._lock = threading.Lock()
        self._heard_at: float | None = None
        self._told: FarmView | None = None
        """The mirror as a view; made when it is asked for."""
        self._down: str | None = None
        """Why nothing comes."""
        self.refused: str | None = None
        """Why nothing ever will."""

    def begin(self) -> None:
        """Get the whole farm, and follow from then on. Raises CommandError if that can't be."""
        messages = follow_events(self._site)
        try:
            self._take(next(messages))
        except (StreamError, StopIteration) as error:
            raise _unreachable(self._site.url, error) from None
        threading.Thread(target=self._run, args=(messages,), name="follow the monitor", daemon=True).start()

    def now(self) -> int:
        """The time by the monitor's clock, as far as it is known; UTC, microseconds."""
        with self._lock:
            return self._now()

    def view(self) -> FarmView | None:
        """The farm as it was told last, with a word on top where nothing comes any more; None before it was told."""
        with self._lock:
            if self._told is None:
                self._told = _view(self._mirror)
            view = self._told
            if view is None:
                return None
            if self._down is None:
                return replace(view, at=self._now())
            trouble = Trouble(TroubleKind.STREAM_DOWN, view.at, self._down)
            return replace(view, at=self._now(), troubles=(trouble, *view.troubles))

    def _now(self) -> int:
        view_at = _told_at(self._mirror)
        if view_at is None or self._heard_at is None:
            return utc_now()
        return view_at + round((time.monotonic() - self._heard_at) * SECOND)

    def _run(self, messages: Iterator[Document]) -> None:
        while True:
            try:
                for message in messages:
                    self._take(message)
                self._down = f"{self._site.url} ended the stream"
            except StreamRefusedError as error:
                self.refused = str(error)
                return
            except StreamError as error:
                self._down = str(error)
            time.sleep(COME_BACK_SECONDS)
            messages = follow_events(self._site)

    def _take(self, message: Document) -> None:
        with self._lock:
            try:
                self._mirror.apply(message)
            except (KeyError, TypeError, ValueError, AttributeError):
                raise StreamError(
                    f"{self._site.url} tells what is no message of this version of grid-monitor"
                ) from None
            self._heard_at = time.monotonic()
            self._told = self._down = None


def _first(site: Entrance) -> Mirror:
    """The whole farm, as the site tells it first. Raises CommandError."""
    mirror = Mirror()
    try:
        mirror.apply(next(follow_events(site)))
    except (StreamError, StopIteration) as error:
        raise _unreachable(site.url, error) from None
    except (KeyError, TypeError, ValueError, AttributeError):
        raise CommandError(f"{site.url} tells what is no message of this version of grid-monitor") from None
    return mirror


def _unreachable(url: str, error: Exception) -> CommandError:
    sentence = str(error) or f"{url} ended the stream at once"
    code = ExitCode.FAILED if isinstance(error, StreamRefusedError) else ExitCode.BROKER_UNREACHABLE
    hint = "" if isinstance(error, StreamRefusedError) else "; does grid-monitor run there, with its pages?"
    return CommandError(f"{sentence}{hint}", code)


def _view(mirror: Mirror) -> FarmView | None:
    """The farm to draw; None where no monitor has told of it yet."""
    if "totals" not in mirror.farm:
        return None
    return read_view(mirror.snapshot())


def _told_at(mirror: Mirror) -> int | None:
    return None if mirror.at is None else read_time(mirror.at)


# --- the keyboard


@contextmanager
def _keys() -> Iterator[None]:
    """Have each key at once, without showing it; a standard input that is no terminal is left alone."""
    try:
        before = termios.tcgetattr(sys.stdin.fileno())
    except (termios.error, ValueError, OSError):
        yield
        return
    tty.setcbreak(sys.stdin.fileno(), termios.TCSANOW)
    try:
        yield
    finally:
        with suppress(termios.error):
            termios.tcsetattr(sys.stdin.fileno(), termios.TCSADRAIN, before)


def _pressed_q(within_seconds: float) -> bool:
    """Wait for a key; whether it is `q`."""
    if not sys.stdin.isatty():
        time.sleep(within_seconds)
        return False
    ready, _, _ = select.select([sys.stdin], [], [], within_seconds)
    return bool(ready) and b"q" in os.read(sys.stdin.fileno(), 64).lower()
