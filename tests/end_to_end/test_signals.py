"""How the monitor ends when it is told to: in order, or at once; on a terminal, which it gives back."""

import os
import pty
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from programs import PROGRAMS, Farm, environment, wait_for

from monitor.control import SOCKET_NAME
from monitor.demo_broker import LocalMosquitto

ALTERNATE_SCREEN = b"\x1b[?1049h"
CTRL_S = b"\x13"
NORMAL_SCREEN = b"\x1b[?1049l"


class Terminal:
    """A terminal with a running monitor in it."""

    def __init__(self, farm: Farm) -> None:
        ours, theirs = pty.openpty()
        os.set_blocking(ours, False)
        command: list[str | Path] = [PROGRAMS / "grid-monitor", "--data-dir", farm.data_dir, *farm.at_broker]
        self.process = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, env={**environment(), "TERM": "xterm"}
        )
        os.close(theirs)
        self._ours = ours
        self._shown = b""

    @property
    def shown(self) -> bytes:
        """Everything that was written to it."""
        try:
            while some := os.read(self._ours, 65536):
                self._shown += some
        except OSError:  # nothing more now, or nobody writes any more
            pass
        return self._shown

    def press(self, key: bytes) -> None:
        """Press a key."""
        os.write(self._ours, key)

    def ends_within(self, seconds: float) -> int:
        """Read on, as a terminal does, until the program has ended; returns its exit code."""
        wait_for(lambda: self.shown and self.process.poll() is not None, "the program ends", seconds)
        return int(self.process.returncode)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._ours)


@pytest.fixture
def terminal(farm: Farm) -> Iterator[Terminal]:
    """A monitor that is connected, in a terminal."""
    terminal = Terminal(farm)
    wait_for(lambda: terminal.shown and farm.health().get("connected"), "the monitor is connected")
    yield terminal
    terminal.close()


def test_ctrl_c_gives_the_terminal_back(terminal: Terminal) -> None:
    wait_for(lambda: ALTERNATE_SCREEN in terminal.shown, "the table is drawn")
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.ends_within(5.0) == 130
    left = terminal.shown.rpartition(NORMAL_SCREEN)[2]
    assert b"stopping" in left
    assert b"Traceback" not in left


def test_a_terminal_that_was_stopped_by_ctrl_s_does_not_hold_the_end_up(terminal: Terminal) -> None:
    wait_for(lambda: ALTERNATE_SCREEN in terminal.shown, "the table is drawn")
    terminal.press(CTRL_S)
    terminal.process.send_signal(signal.SIGTERM)
    assert terminal.process.wait(5.0) == 0
    assert NORMAL_SCREEN in terminal.shown


def test_a_second_ctrl_c_ends_it_at_once_and_gives_the_terminal_back(
    terminal: Terminal, farm: Farm, broker: LocalMosquitto
) -> None:
    wait_for(lambda: ALTERNATE_SCREEN in terminal.shown, "the table is drawn")
    broker.send_signal(signal.SIGSTOP)  # an orderly stop would wait for it to take the goodbye
    terminal.process.send_signal(signal.SIGINT)
    wait_for(lambda: b"stopping" in terminal.shown, "the first one was heard")
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.ends_within(5.0) == 130
    assert NORMAL_SCREEN in terminal.shown
    assert (farm.data_dir / SOCKET_NAME).exists(), "an orderly end would have taken it away"


def test_a_broker_that_takes_no_goodbye_does_not_hold_the_end_up(farm: Farm, broker: LocalMosquitto) -> None:
    monitor = farm.monitor()
    broker.send_signal(signal.SIGSTOP)
    asked = time.monotonic()
    assert monitor.end(signal.SIGTERM) == 0, monitor.output
    assert time.monotonic() - asked < 5.0


def test_a_reader_that_goes_away_ends_the_monitor_without_a_complaint(farm: Farm) -> None:
    command: list[str | Path] = [PROGRAMS / "grid-monitor", "--data-dir", farm.data_dir, *farm.at_broker]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()) as monitor:
        assert monitor.stdout is not None
        assert monitor.stderr is not None
        monitor.stdout.readline()
        monitor.stdout.close()
        farm.report(7, "broken")  # something to tell
        assert monitor.wait(20) == 0
        assert monitor.stderr.read() == b""
