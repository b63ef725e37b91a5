"""`grid-monitor top` beside a running monitor: on paper, as a document, and on a terminal."""

import json
import os
import pty
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from programs import PROGRAMS, Farm, wait_for
from served import ServedFarm
from surroundings import environment

from monitor.demo_broker import LocalMosquitto


@pytest.fixture
def served(broker: LocalMosquitto, tmp_path: Path) -> Iterator[ServedFarm]:
    farm = ServedFarm(broker, tmp_path)
    yield farm
    farm.close()


class Screen:
    """`grid-monitor top` on a terminal of its own."""

    def __init__(self, url: str) -> None:
        self._terminal, terminal = pty.openpty()
        self.process = subprocess.Popen(
            [PROGRAMS / "grid-monitor", "top", "--url", url],
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            env=environment() | {"TERM": "xterm", "COLUMNS": "100", "LINES": "24", "NO_COLOR": "1"},
        )
        os.close(terminal)
        os.set_blocking(self._terminal, False)
        self.shown = ""

    def shows(self, text: str) -> bool:
        """Whether it was drawn since this was asked last with success."""
        try:
            self.shown += os.read(self._terminal, 65536).decode(errors="replace")
        except (BlockingIOError, OSError):
            return False
        if text not in self.shown:
            return False
        self.shown = ""
        return True

    def press(self, key: str) -> None:
        os.write(self._terminal, key.encode())

    def wait(self) -> int:
        """Read on until it ends."""
        deadline = time.monotonic() + 10
        while self.process.poll() is None and time.monotonic() < deadline:
            self.shows("never")
            time.sleep(0.02)
        return self.process.wait(1)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._terminal)


@pytest.fixture
def screen(served: ServedFarm) -> Iterator[Screen]:
    served.serve()
    served.report(7, "ok")
    wait_for(lambda: served.read("turbines"), "the reading is stored")
    screen = Screen(served.url)
    yield screen
    screen.close()


def test_the_farm_is_printed_once_and_told_as_a_document(served: ServedFarm) -> None:
    served.serve()
    served.report(7, "ok")
    served.report(8, "broken")
    wait_for(lambda: len(served.read("turbines")) == 2, "both readings are stored")
    wait_for(lambda: len(document(served)["turbines"]) == 2, "both turbines are told")
    told = document(served)
    assert [(row["turbine_number"], row["standing"], row["model"]) for row in told["turbines"]] == [
        (8, "visited", None),
        (7, "ok", None),
    ]
    assert told["farm"]["monitor"]["running"]
    printed = served.run("top", "--url", served.url, "--once")
    lines = printed.stdout.splitlines()
    assert (printed.returncode, lines[0].split()[:2]) == (0, ["turbine", "state"])
    assert lines[-2:] == ["2 turbines: 1 visited, 1 ok", "2 of 3 engineers free"]


def test_a_site_that_asks_for_a_token_gets_it_from_a_file(served: ServedFarm, tmp_path: Path) -> None:
    token, key = tmp_path / "token", tmp_path / "key"
    served.serve("--http-key-file", str(key))
    made = served.run("token", "create", "top", "--scope", "read", "--http-key-file", str(key), "--to", str(token))
    assert made.returncode == 0, made.stderr
    without = served.run("top", "--url", served.url, "--once")
    assert (without.returncode, without.stdout) == (1, "")
    assert "name a file with a token of the scope read" in without.stderr
    assert served.run("top", "--url", served.url, "--once", "--token-file", str(token)).returncode == 0


def document(served: ServedFarm) -> dict[str, Any]:
    ended = served.run("top", "--url", served.url, "--json")
    assert ended.returncode == 0, ended.stderr
    told: dict[str, Any] = json.loads(ended.stdout)
    return told


def test_where_nothing_answers_it_ends_in_words(served: Farm) -> None:
    ended = served.run("top", "--http-port", "1", "--once")
    assert (ended.returncode, ended.stdout) == (4, "")
    assert ended.stderr.startswith("grid-monitor: nothing can be reached at http://127.0.0.1:1: Connection refused")
    assert ended.stderr.count("\n") == 1


def test_without_pages_there_is_nothing_to_follow(served: Farm) -> None:
    ended = served.run("top", "--http-port", "0")
    assert ended.returncode == 2
    assert "name them with --url" in ended.stderr


def test_the_table_follows_the_monitor_and_says_when_it_is_away(served: ServedFarm, screen: Screen) -> None:
    wait_for(lambda: screen.shows("1 turbine: 1 ok"), "the farm is drawn")
    served.report(7, "broken")
    wait_for(lambda: screen.shows("1 turbine: 1 visited"), "the change is drawn")
    served.program.end()
    assert "Exception" not in served.program.output
    wait_for(lambda: screen.shows("NO NEWS FROM THE MONITOR"), "the banner is drawn")
    served.serve()
    wait_for(lambda: screen.shows("engineer sent"), "the farm is drawn again")
    screen.press("q")
    assert screen.wait() == 0


def test_ctrl_c_ends_it(screen: Screen) -> None:
    wait_for(lambda: screen.shows("1 turbine"), "the farm is drawn")
    screen.process.send_signal(signal.SIGINT)
    assert screen.wait() == 130
