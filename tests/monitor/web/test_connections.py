import asyncio
import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from sites import served

from monitor.web import connections
from monitor.web.connections import LONGEST_HEAD_BYTES, LONGEST_URL_BYTES
from monitor.web.site import Site

HANDSHAKE = (
    b"GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
ALIVE = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
POST = b"POST /post_metrics HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 10\r\n"
STREAM = b"POST /api/v1/outages HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n"
EVENTS = b"GET /api/v1/live/sse HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def dial(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, _, port = address.rpartition(":")
    return await asyncio.open_connection(host, int(port))


async def answer_to(address: str, sent: bytes) -> bytes:
    """All that is answered until the connection ends."""
    reader, writer = await dial(address)
    writer.write(sent)
    try:
        return await asyncio.wait_for(reader.read(), 10)
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HT",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
        POST + b"\r\n12",
        HANDSHAKE[:-2],
    ],
)
async def test_a_request_that_does_not_arrive_in_time_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(connections, "REQUEST_WITHIN_SECONDS", 0.05)
    async with served(tmp_path) as (_, address):
        assert await answer_to(address, sent) == b""


async def test_who_goes_in_the_middle_of_a_reading_is_no_bug_of_ours(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with served(tmp_path) as (_, address):
        reader, writer = await dial(address)
        writer.write(POST + b"Expect: 100-continue\r\n\r\n12")
        assert await reader.readline() == b"HTTP/1.1 100 Continue\r\n"  # it waits for the rest
        writer.transport.abort()
        assert b'"ok"' in await answer_to(address, ALIVE)
    assert caplog.text == ""


async def test_a_follower_that_goes_with_another_request_in_line_leaves_its_seat(tmp_path: Path) -> None:
    async with served(tmp_path) as (site, address):
        _, writer = await dial(address)
        writer.write(EVENTS + ALIVE)
        await until(lambda: site.hub.followers == 1)
        writer.transport.abort()
        await until(lambda: site.hub.followers == 0)


async def test_the_second_request_of_a_connection_has_to_arrive_in_time_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "REQUEST_WITHIN_SECONDS", 0.2)
    async with served(tmp_path) as (_, address):
        answer = await answer_to(address, b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\nGET / HTTP/1.1\r\nHo")
    assert answer.count(b"HTTP/1.1 200 OK") == 1


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /" + b"x" * LONGEST_URL_BYTES + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"x" * LONGEST_HEAD_BYTES + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X-Many: 1\r\n" * 5000 + b"\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
async def test_a_head_that_is_too_long_or_none_is_refused(tmp_path: Path, sent: bytes) -> None:
    async with served(tmp_path) as (_, address):
        answer = await answer_to(address, sent)
    assert answer[:12] in (b"HTTP/1.1 400", b"")  # a reset may overtake the answer


async def test_there_is_a_bound_on_connections(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 2)
    async with served(tmp_path) as (_, address):
        kept = [await dial(address) for _ in range(2)]
        assert await answer_to(address, b"") == b""
        for _, writer in kept:
            writer.close()


async def test_one_address_leaves_room_for_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MOST_FROM_ONE_PLACE", 2)
    async with served(tmp_path) as (_, address):
        kept = [await dial(address) for _ in range(2)]
        assert await answer_to(address, ALIVE) == b""
        reader, writer = await asyncio.open_connection(*address.split(":"), local_addr=("127.0.0.2", 0))
        writer.write(ALIVE)
        assert (await reader.read()).startswith(b"HTTP/1.1 200")
        for each in (writer, *(writer for _, writer in kept)):
            each.close()


async def test_followers_that_went_are_counted_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MOST_FROM_ONE_PLACE", 2)
    async with served(tmp_path) as (_, address):
        for sent in (HANDSHAKE, ALIVE, HANDSHAKE):
            reader, writer = await dial(address)
            writer.write(sent)
            assert await reader.read(1) == b"H"
            writer.close()
        async with asyncio.timeout(10):
            while connections._places._open:
                await asyncio.sleep(0.01)
        assert (await answer_to(address, ALIVE)).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("asked", [HANDSHAKE, EVENTS])
async def test_a_follower_that_takes_nothing_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: bytes
) -> None:
    monkeypatch.setattr(connections, "TAKES_NOTHING_SECONDS", 0.1)
    async with served(tmp_path) as (site, address):
        host, _, port = address.rpartition(":")
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.setblocking(False)
            await asyncio.get_running_loop().sock_connect(deaf, (host, int(port)))
            deaf.send(asked)
            await until(lambda: site.hub.followers == 1)
            await until(lambda: told_in_vain(site))


def told_in_vain(site: Site) -> bool:
    """Tell more; returns whether nobody follows."""
    site.hub.tell(json.dumps({"kind": "delta", "padding": "x" * 1_000_000}))
    return site.hub.followers == 0


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_stream_of_outage_reports_may_take_longer_as_long_as_it_flows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "REQUEST_WITHIN_SECONDS", 0.3)
    lines = b'{"controller_id": "plant", "outage_type": "pump", "timestamp": "never"}\n' * 60_000
    async with served(tmp_path) as (_, address):
        began = asyncio.get_running_loop().time()
        head = STREAM + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(lines)
        answer = await answer_to(address, head + lines)
    assert asyncio.get_running_loop().time() - began > connections.REQUEST_WITHIN_SECONDS
    assert answer.startswith(b"HTTP/1.1 422")


async def test_a_stream_that_stands_still_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "REQUEST_WITHIN_SECONDS", 0.05)
    async with served(tmp_path) as (_, address):
        assert await answer_to(address, STREAM + b"Content-Length: 99\r\n\r\n{") == b""
