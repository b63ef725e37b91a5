"""The door to the running monitor for other processes of this machine: a Unix socket in the data folder.

One JSON object a line in each direction. File permissions decide who may speak: the user that the monitor runs
as. A socket's path must be short (107 characters on Linux), a data folder's need not be: where it is too long, the
socket lies in a temporary folder and the data folder's file `monitor.socket` says where.
"""

import asyncio
import contextlib
import json
import socket
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from pathlib import Path

from monitor.control.documents import Answer, Request

SOCKET_NAME = "monitor.socket"
LONGEST_SOCKET_PATH = 100
LONGEST_LINE_BYTES = 512 * 1024
"""Of what is asked: many posted readings are one line."""
FOLLOW = b'{"follow": "farm"}\n'
LAST_WORDS_SECONDS = 0.1
"""How long a monitor that ends waits for those who still talk with it."""

Serve = Callable[[Request], Awaitable[Answer]]
Follow = Callable[[], AsyncGenerator[bytes, None]]


async def _nothing_to_follow() -> AsyncGenerator[bytes, None]:
    nothing: tuple[bytes, ...] = ()
    for line in nothing:
        yield line


@contextlib.asynccontextmanager
async def control_door(data_dir: Path, serve: Serve, follow: Follow = _nothing_to_follow) -> AsyncIterator[None]:
    """Answer requests with `serve` while the context lasts. The caller holds the data folder's lock.

    Who asks to follow gets the lines of `follow` until one of both ends.

    Raises OSError, as a sentence where something else has the place of the socket.
    """
    place = data_dir / SOCKET_NAME
    _clear(place)
    with contextlib.ExitStack() as cleanup:
        path = place
        if len(bytes(place.absolute())) > LONGEST_SOCKET_PATH:
            path = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="grid-"))) / SOCKET_NAME
            place.write_text(str(path), encoding="utf-8")
        cleanup.callback(place.unlink, missing_ok=True)
        listener = cleanup.enter_context(socket.socket(socket.AF_UNIX))
        listener.bind(str(path))
        path.chmod(0o600)  # before anybody can be let in
        conversations: set[asyncio.Task[None]] = set()

        def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            conversation = asyncio.create_task(_converse(reader, writer, serve, follow), name="converse")
            conversations.add(conversation)
            conversation.add_done_callback(conversations.discard)

        server = await asyncio.start_unix_server(begin, sock=listener, limit=LONGEST_LINE_BYTES)
        try:
            yield
        finally:
            server.close()
            await _end(conversations)


def _clear(place: Path) -> None:
    """Take away what a monitor that crashed has left."""
    if place.is_dir():
        raise IsADirectoryError(f"{place} is a folder, and the monitor's socket has to be there: move it away")
    place.unlink(missing_ok=True)


async def _end(conversations: set["asyncio.Task[None]"]) -> None:
    """Give what was decided last a moment to be told, then end all conversations."""
    if conversations:
        await asyncio.wait(conversations, timeout=LAST_WORDS_SECONDS)
    for conversation in conversations:
        conversation.cancel()


async def _converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, serve: Serve, follow: Follow) -> None:
    # Whoever asked may be gone, or its line may have no end.
    with contextlib.closing(writer), contextlib.suppress(OSError, ValueError):
        while line := await reader.readline():
            if line == FOLLOW:
                async with contextlib.aclosing(follow()) as lines:
                    async for told in lines:
                        writer.write(told + b"\n")
                        await writer.drain()
                break
            writer.write(json.dumps(await _answer(line, serve)).encode() + b"\n")
            await writer.drain()


async def _answer(line: bytes, serve: Serve) -> Answer:
    try:
        request = json.loads(line)
        return await serve(request if isinstance(request, dict) else {})
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        return {"accepted": False, "sentence": f"not understood: {error}"}
