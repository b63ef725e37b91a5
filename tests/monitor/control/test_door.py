import asyncio
import contextlib
import socket
from pathlib import Path

import pytest

from monitor.control import SOCKET_NAME, Answer, NoMonitorError, ask, control_door
from monitor.control.door import LONGEST_SOCKET_PATH


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


async def test_a_folder_in_the_place_of_the_socket_is_named(tmp_path: Path) -> None:
    (tmp_path / SOCKET_NAME).mkdir()
    with pytest.raises(OSError, match=r"^\S+monitor\.socket is a folder, and the monitor's socket has to be there"):
        async with control_door(tmp_path, echo):
            pass
