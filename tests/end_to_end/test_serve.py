"""The process of the pages by itself, as its user starts and ends it."""

import json
import signal
import socket
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from programs import Program, wait_for
from served import answers
from websockets.sync.client import connect

from monitor.demo_broker import find_free_port

NOT_FOR_LONG_SECONDS = 1.5


class Serving:
    """`grid-monitor serve` on a data folder without a monitor."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = find_free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.stack = ExitStack()

    def start(self, *options: str) -> Program:
        where = ("--data-dir", str(self.folder / "data"), "--http-port", str(self.port))
        log = self.folder / "serve.log"
        return self.stack.enter_context(Program(log, "grid-monitor", "serve", *where, *options))

    def started(self) -> Program:
        program = self.start()
        wait_for(lambda: answers(self.url), "the pages are served")
        return program


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    serving = Serving(tmp_path)
    with serving.stack:
        yield serving


def test_it_says_where_and_serves_what_there_is(serving: Serving) -> None:
    program = serving.started()
    wait_for(lambda: f"pages at {serving.url}" in program.output, "it says where it serves")
    with urllib.request.urlopen(f"{serving.url}/health/live", timeout=10) as answer:
        assert json.load(answer) == {"status": "ok"}
    assert program.end() == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_it_ends_at_once_with_those_who_follow(serving: Serving, number: int, code: int) -> None:
    program = serving.started()
    uri = f"ws://127.0.0.1:{serving.port}/api/v1/live"
    with connect(uri, compression=None) as one, connect(uri, compression=None) as other:
        assert json.loads(one.recv(10))["farm"]["monitor"]["running"] is False
        assert json.loads(other.recv(10))["kind"] == "snapshot"
        stream = urllib.request.urlopen(f"{serving.url}/api/v1/live/sse", timeout=10)
        assert stream.readline() == b"retry: 2000\n"
        began = time.monotonic()
        assert program.end(number) == code
        assert time.monotonic() - began < NOT_FOR_LONG_SECONDS
        stream.close()
    assert "Traceback" not in program.output


def test_a_port_that_is_taken_is_told_in_one_line(serving: Serving) -> None:
    with socket.create_server(("127.0.0.1", serving.port)):
        program = serving.start()
        assert program.wait() == 1
    assert program.output.count("\n") == 1
    assert str(serving.port) in program.output


@pytest.mark.parametrize(
    ("options", "word"), [(("--http-host", "0.0.0.0"), "--http-key-file"), (("--http-port", "0"), "http_port")]
)
def test_what_must_not_be_served_is_refused_in_one_line(serving: Serving, options: tuple[str, ...], word: str) -> None:
    program = serving.start(*options)
    assert program.wait() == 2
    assert program.output.count("\n") == 1
    assert word in program.output


def test_a_log_in_json_is_json(serving: Serving) -> None:
    program = serving.start("--log-format", "json")
    wait_for(lambda: answers(serving.url), "the pages are served")
    assert program.end() == 0
    assert [json.loads(line)["action"] for line in program.output.splitlines()] == ["pages"]
