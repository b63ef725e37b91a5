"""Where the demo says that its pages are."""

import socket
from contextlib import closing

from monitor.demo import pages_of
from monitor.demo_broker import HOST
from monitor.settings import MonitorSettings


def wanting(http_port: int, *, asked_for: bool) -> MonitorSettings:
    fields = {"http_port"} if asked_for else set()
    return MonitorSettings.model_construct(fields, http_host=HOST, http_port=http_port)


def test_the_usual_port_is_left_to_whom_it_belongs() -> None:
    with closing(socket.create_server((HOST, 0))) as other:
        taken = other.getsockname()[1]
        port, (about,) = pages_of(wanting(taken, asked_for=False))
    assert port != taken
    assert about == f"Pages: http://{HOST}:{port} (port {taken} is taken), in a moment."


def test_a_port_that_was_asked_for_stays() -> None:
    with closing(socket.create_server((HOST, 0))) as other:
        taken = other.getsockname()[1]
        assert pages_of(wanting(taken, asked_for=True)) == (taken, [f"Pages: http://{HOST}:{taken}, in a moment."])


def test_pages_that_are_not_wanted_are_not_told_of() -> None:
    assert pages_of(wanting(0, asked_for=True)) == (0, [])
