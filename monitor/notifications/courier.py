"""The courier: a process beside the monitor that delivers notifications, and ends when all it began is written down.

It reads letters as lines on its standard input, and answers each there on its standard output. When its input ends,
because the monitor did, it begins nothing more, finishes what is under way, and ends; meanwhile it holds the journal,
so that the courier of a new monitor waits, and answers from the journal what was delivered already.
"""

import contextlib
import json
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

from monitor.notifications import sender
from monitor.notifications.letters import Instructions, Letter
from monitor.notifications.notify_file import Address, read_address
from monitor.notifications.receipts import Receipts

Tell = Callable[[dict[str, Any]], None]


class Desk:
    """Delivers to one receiver, a letter at a time; nobody else waits for it."""

    def __init__(self, name: str, address: Address, receipts: Receipts, tell: Tell, limit_seconds: float) -> None:
        self._name = name
        self._address = address
        self._receipts = receipts
        self._tell = tell
        self._limit_seconds = limit_seconds
        self._letters: queue.SimpleQueue[Letter] = queue.SimpleQueue()
        self._gate = threading.Lock()
        self._closed = False
        self._attempt: threading.Thread | None = None

    def take(self, letter: Letter) -> None:
        """Deliver it when its turn comes."""
        self._letters.put(letter)

    def work(self) -> None:
        """Deliver, for as long as the process lives."""
        self._check()
        while True:
            letter = self._letters.get()
            error = self._deliver(letter)
            self._tell({"notification_id": letter.notification_id, "error": error})

    def close(self) -> threading.Thread | None:
        """Begin nothing more; returns the attempt that may be under way."""
        with self._gate:
            self._closed = True
            return self._attempt

    def _check(self) -> None:
        try:
            is_understood = sender.understands(read_address(self._address, os.environ))
        except (OSError, KeyError, ValueError):
            self._tell({"say": f"the address of the receiver {self._name} can't be read"})
        else:
            if not is_understood:
                self._tell({"say": f"the URL of the receiver {self._name} is none that Apprise understands"})

    def _deliver(self, letter: Letter) -> str | None:
        """Why the receiver does not have the letter; None if it does.

        An attempt that takes too long can't be ended, only left alone: until it is over nothing else is tried, so
        that nothing is sent twice. If it succeeds late, the next attempt finds its receipt.
        """
        if letter.key in self._receipts:
            return None
        if self._attempt is not None and self._attempt.is_alive():
            return "its attempt before is still not over"
        outcome: list[str | None] = []
        with self._gate:
            if self._closed:
                raise SystemExit  # ends this thread: the process is about to end, and a new one will be asked
            self._attempt = threading.Thread(target=lambda: outcome.append(self._send(letter)), daemon=True)
            self._attempt.start()
        self._attempt.join(self._limit_seconds)
        return outcome[0] if outcome else f"it gave no answer within {self._limit_seconds:.0f} s"

    def _send(self, letter: Letter) -> str | None:
        try:
            url = read_address(self._address, os.environ)
        except (OSError, KeyError, ValueError):
            return "its address can't be read"
        error = sender.send(url, letter, accepted=self._receipts.__contains__, accept=self._note)
        if error is None:
            self._note(letter.key)
        return error

    def _note(self, key: str) -> None:
        try:
            self._receipts.add(key)
        except OSError as error:
            self._tell({"say": f"a receipt of a notification can't be written: {error.strerror}"})


def main() -> None:
    """Deliver what comes on standard input, until it ends and all that was begun is written down."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        # Who ends the monitor's whole group means the monitor: this process ends after it, when it has finished.
        signal.signal(number, signal.SIG_IGN)
    sender.silence()
    tell = _telling()
    try:
        instructions = Instructions.from_line(sys.stdin.buffer.readline())
        receipts = Receipts(instructions.folder)
    except OSError as error:
        tell({"say": f"the journal of notifications can't be used: {error.strerror}"})
        os._exit(1)
    except ValueError:  # the monitor was gone before it said anything
        os._exit(0)
    desks = {
        name: Desk(name, address, receipts, tell, instructions.limit_seconds)
        for name, address in instructions.addresses.items()
    }
    for name, desk in desks.items():
        threading.Thread(target=desk.work, name=name, daemon=True).start()
    for line in sys.stdin.buffer:
        try:
            letter = Letter.from_line(line)
        except ValueError:  # the monitor was killed while it wrote
            break
        if letter.receiver in desks:
            desks[letter.receiver].take(letter)
    _finish(desks, instructions.limit_seconds)
    os._exit(0)  # a thread that hangs must not keep the process


def _finish(desks: dict[str, Desk], limit_seconds: float) -> None:
    attempts = [attempt for desk in desks.values() if (attempt := desk.close()) is not None]
    over = threading.Event()
    timer = threading.Timer(limit_seconds, over.set)
    timer.daemon = True
    timer.start()
    while any(attempt.is_alive() for attempt in attempts) and not over.wait(0.02):
        pass


def _telling() -> Tell:
    """Speak to the monitor alone: what a library prints goes nowhere, or it would spoil a line."""
    monitor, nowhere, guard = os.dup(1), os.open(os.devnull, os.O_WRONLY), threading.Lock()
    os.dup2(nowhere, 1)
    os.close(nowhere)

    def tell(document: dict[str, Any]) -> None:
        with guard, contextlib.suppress(OSError):  # the monitor may be gone: the journal tells the next one
            os.write(monitor, json.dumps(document).encode() + b"\n")

    return tell


if __name__ == "__main__":
    main()
