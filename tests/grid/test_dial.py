"""A host may have several addresses, and each has its share of the time."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from grid.broker import Broker
from grid.dial import dial

HOST = "127.0.0.1"
Address = tuple[str, int]


@pytest.fixture
def silent() -> Iterator[Address]:
    """An address that lets nobody in and refuses nobody: the queue of its listener is full."""
    with socket.create_server((HOST, 0), backlog=0) as listener, ExitStack() as callers:
        address: Address = listener.getsockname()
        for _ in range(3):
            caller = callers.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex(address)
        yield address


@pytest.fixture
def open_address() -> Iterator[Address]:
    with socket.create_server((HOST, 0)) as listener:
        yield listener.getsockname()


def resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: Address) -> None:
    async def getaddrinfo(*_: object, **__: object) -> list[tuple[int, int, int, str, Address]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", address) for address in addresses]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)


async def test_a_silent_address_leaves_time_for_the_next(
    silent: Address, open_address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a host has an IPv6 address that no route leads to."""
    resolve_to(monkeypatch, silent, open_address)
    with await dial(asyncio.get_running_loop(), Broker("several"), within_seconds=1) as line:
        assert line.getpeername() == open_address


async def test_a_refusing_address_is_passed_over(
    free_port: int, open_address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve_to(monkeypatch, (HOST, free_port), open_address)
    with await dial(asyncio.get_running_loop(), Broker("several"), within_seconds=5) as line:
        assert line.getpeername() == open_address


async def test_the_last_address_says_why_there_is_no_line(
    free_port: int, silent: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve_to(monkeypatch, silent, (HOST, free_port))
    with pytest.raises(ConnectionRefusedError, match=r"^\[Errno \d+\] Connection refused$"):
        await dial(asyncio.get_running_loop(), Broker("several"), within_seconds=1)
    resolve_to(monkeypatch, (HOST, free_port), silent)
    with pytest.raises(TimeoutError):
        await dial(asyncio.get_running_loop(), Broker("several"), within_seconds=1)
