"""The stream of events, as the standard says, and what is not one."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from monitor.live.events import Entrance, StreamError, StreamRefusedError, events, follow_events

EVENTS = "text/event-stream"


@contextmanager
def site(status: int, kind: str, body: bytes) -> Iterator[tuple[str, list[str | None]]]:
    """A site with one answer for everybody; tells its address, and what was brought as authorization."""
    brought: list[str | None] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            brought.append(self.headers["Authorization"])
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *what: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", brought
        finally:
            server.shutdown()
            serving.join()


@pytest.mark.parametrize(
    ("stream", "told"),
    [
        ("data: a\n\ndata: b\n\n", ["a", "b"]),
        ("data: a\ndata: b\n\n", ["a\nb"]),
        ("data:a\n\n", ["a"]),
        ("retry: 2000\n\nid: f-1\ndata: a\n\n: a comment\n\n", ["a"]),
        ("event: other\n\n", []),
        ("data: without an end\n", []),
    ],
)
def test_events_are_read_as_the_standard_says(stream: str, told: list[str]) -> None:
    assert list(events(stream.splitlines())) == told


def test_messages_are_followed_to_the_end_of_the_stream() -> None:
    with site(200, EVENTS, b'retry: 2000\n\nid: f-1\ndata: {"kind":"snapshot"}\n\ndata: {"kind":"delta"}\n\n') as (
        url,
        _,
    ):
        assert [message["kind"] for message in follow_events(Entrance(url))] == ["snapshot", "delta"]


def test_a_token_is_brought() -> None:
    with site(200, EVENTS, b"") as (url, brought):
        assert list(follow_events(Entrance(url, "t0ken"))) == []
        assert list(follow_events(Entrance(f"{url}/"))) == []
    assert brought == ["Bearer t0ken", None]


@pytest.mark.parametrize(
    ("status", "kind", "error", "words"),
    [
        (401, "application/problem+json", StreamRefusedError, "name a file with a token of the scope read"),
        (404, "text/html", StreamRefusedError, "is no site of grid-monitor"),
        (200, "text/html", StreamRefusedError, "is no site of grid-monitor"),
        (503, "application/problem+json", StreamError, "answers 503"),
    ],
)
def test_another_answer_is_told_in_words(status: int, kind: str, error: type[StreamError], words: str) -> None:
    with site(status, kind, b"") as (url, _), pytest.raises(error, match=words):
        list(follow_events(Entrance(url)))


def test_a_message_that_is_none_is_told_in_words() -> None:
    with site(200, EVENTS, b"data: [1]\n\n") as (url, _), pytest.raises(StreamError, match="no message"):
        list(follow_events(Entrance(url)))


def test_nothing_that_answers_is_told_in_words(free_port: int) -> None:
    with pytest.raises(StreamError, match="Connection refused"):
        list(follow_events(Entrance(f"http://127.0.0.1:{free_port}")))


def test_a_site_that_speaks_tls_is_guessed_from_its_silence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as other_side:
        hung_up = other_side.submit(hang_up, server)
        with pytest.raises(StreamError, match=r"without an answer; does it speak TLS \(--url https://...\)\?"):
            list(follow_events(Entrance(f"http://127.0.0.1:{server.getsockname()[1]}")))
        hung_up.result()


def hang_up(server: socket.socket) -> None:
    """Hear one request, and end the connection."""
    connection, _ = server.accept()
    with connection:
        connection.recv(4096)


@pytest.mark.parametrize("url", ["", "127.0.0.1:8787", "ftp://farm", "http://", "http://farm:99999", "http://[::1"])
def test_what_is_no_address_is_told_in_words(url: str) -> None:
    with pytest.raises(StreamRefusedError, match="is no address"):
        list(follow_events(Entrance(url)))


def test_a_stream_that_falls_silent_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.live.events.SILENT_SECONDS", 0.05)
    released = threading.Event()

    class Silent(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", EVENTS)
            self.end_headers()
            released.wait(10)

        def log_message(self, *what: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Silent) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        try:
            with pytest.raises(StreamError, match="does not answer"):
                list(follow_events(Entrance(f"http://127.0.0.1:{server.server_port}")))
        finally:
            released.set()
            server.shutdown()
            serving.join()
