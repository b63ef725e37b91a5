import asyncio
import contextlib
import json
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.control import (
    LONGEST_SOCKET_PATH,
    SOCKET_NAME,
    Answer,
    NoMonitorError,
    ask,
    control_door,
    order_request,
    posts_request,
    read_order,
    read_posts,
)
from monitor.facts import Order, OrderKind


async def echo(request: Answer) -> Answer:
    return {"asked": request}


async def ask_in_thread(data_dir: Path, request: Answer) -> Answer:
    return await asyncio.to_thread(ask, data_dir, request)


async def test_the_running_monitor_answers(tmp_path: Path) -> None:
    async with control_door(tmp_path, echo):
        assert await ask_in_thread(tmp_path, {"ask": "health"}) == {"asked": {"ask": "health"}}


async def test_several_may_ask_at_once(tmp_path: Path) -> None:
    async with control_door(tmp_path, echo):
        answers = await asyncio.gather(*(ask_in_thread(tmp_path, {"number": number}) for number in range(20)))
    assert answers == [{"asked": {"number": number}} for number in range(20)]


async def test_a_data_folder_with_a_long_name_has_a_door_too(tmp_path: Path) -> None:
    deep = tmp_path / ("a" * LONGEST_SOCKET_PATH) / ("b" * LONGEST_SOCKET_PATH)
    deep.mkdir(parents=True)
    async with control_door(deep, echo):
        assert await ask_in_thread(deep, {}) == {"asked": {}}
    assert list(deep.iterdir()) == []


async def test_the_door_is_gone_after_the_monitor(tmp_path: Path) -> None:
    async with control_door(tmp_path, echo):
        pass
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(NoMonitorError, match="no monitor runs on"):
        ask(tmp_path, {})


async def test_the_door_of_a_monitor_that_crashed_is_no_obstacle(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as crashed:
        crashed.bind(str(tmp_path / SOCKET_NAME))
    with pytest.raises(NoMonitorError):
        ask(tmp_path, {})
    async with control_door(tmp_path, echo):
        assert await ask_in_thread(tmp_path, {}) == {"asked": {}}


async def test_only_the_monitors_own_user_may_enter(tmp_path: Path) -> None:
    async with control_door(tmp_path, echo):
        assert (tmp_path / SOCKET_NAME).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "line", [b"hello\n", b"[]\n", b"\xff\n", b"{}{}\n", b"[" * 5_000 + b"\n", b"[" * 60_000 + b"\n"]
)
async def test_what_is_not_understood_is_answered_in_words(tmp_path: Path, line: bytes) -> None:
    async def serve(request: Answer) -> Answer:
        raise KeyError("order")

    async with control_door(tmp_path, serve):
        reader, writer = await asyncio.open_unix_connection(tmp_path / SOCKET_NAME)
        writer.write(line)
        assert b"not understood" in await reader.readline()
        writer.close()
        await writer.wait_closed()


async def test_a_line_without_an_end_closes_the_conversation_only(tmp_path: Path) -> None:
    async with control_door(tmp_path, echo):
        reader, writer = await asyncio.open_unix_connection(tmp_path / SOCKET_NAME)
        writer.write(b"x" * 1_000_000)
        with contextlib.suppress(ConnectionError):  # closed or reset, as the timing has it
            assert await reader.read() == b""
        writer.close()
        assert await ask_in_thread(tmp_path, {}) == {"asked": {}}


def test_an_order_survives_the_way_through_the_door() -> None:
    order = Order(OrderKind.HOLD, 7, "Ann", "people on site")
    assert read_order(order_request(order)) == order


def test_the_words_of_an_order_are_short_and_printable() -> None:
    order = read_order({"order": "repair", "turbine_number": 7, "by": "A\x1b[31m\nnn" + "x" * 100, "why": ""})
    assert order is not None
    assert order.by.isprintable()
    assert len(order.by) == 64


def test_an_order_that_is_none_is_an_error() -> None:
    for request in ({"order": "explode", "turbine_number": 7, "by": "Ann"}, {"order": "hold", "by": "Ann"}):
        with pytest.raises((ValueError, KeyError)):
            read_order(request)
    assert read_order({"ask": "health"}) is None


@pytest.mark.parametrize("number", ["1.9", "1e400", "true", '"7"', "0", "-1", "2147483648", "null"])
def test_an_order_for_a_number_that_no_turbine_has_is_an_error(number: str) -> None:
    request = json.loads(f'{{"order": "repair", "turbine_number": {number}, "by": "Ann"}}')
    with pytest.raises(ValueError, match="turbine_number must be an integer from 1 to 2147483647"):
        read_order(request)


def test_an_order_keeps_its_key() -> None:
    order = Order(OrderKind.HOLD, 7, "Ann", "people on site", idempotency_key='"k-1"')
    assert read_order(order_request(order)) == order


@pytest.mark.parametrize("key", ["", "x" * 256, "a\nb", 7, [], True])
def test_a_key_that_is_none_is_an_error(key: object) -> None:
    request = order_request(Order(OrderKind.HOLD, 7, "Ann")) | {"idempotency_key": key}
    with pytest.raises(ValueError, match="idempotency_key must be 1 to 255 printable letters"):
        read_order(request)


@given(st.lists(st.binary()))
def test_posted_bodies_survive_the_way_through_the_door_whatever_they_are(bodies: list[bytes]) -> None:
    assert read_posts(json.loads(json.dumps(posts_request(bodies)))) == bodies


@pytest.mark.parametrize("posts", [None, "body", [7], ["\u20ac"]])
def test_posts_that_are_none_are_an_error(posts: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        read_posts({"posts": posts})
    assert read_posts({"ask": "health"}) is None


async def test_a_folder_in_the_place_of_the_socket_is_named(tmp_path: Path) -> None:
    (tmp_path / SOCKET_NAME).mkdir()
    with pytest.raises(OSError, match=r"^\S+monitor\.socket is a folder, and the monitor's socket has to be there"):
        async with control_door(tmp_path, echo):
            pass
