"""Asking the running monitor, and following it, from another process of this machine."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from monitor.control.documents import Answer, Request
from monitor.control.door import FOLLOW, SOCKET_NAME

ANSWER_WITHIN_SECONDS = 30.0
LONGEST_ANSWER_BYTES = 256 * 1024 * 1024
"""Of what a follower is told: the whole of a large farm is one line."""


class NoMonitorError(Exception):
    """No monitor runs on this data folder, or it does not answer: one sentence."""


def ask(data_dir: Path, request: Request, *, within_seconds: float = ANSWER_WITHIN_SECONDS) -> Answer:
    """Ask the monitor that runs on this data folder, and wait for its answer. Raises NoMonitorError."""
    with _naming_errors(data_dir), socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(within_seconds)
        connection.connect(_socket_path(data_dir / SOCKET_NAME))
        connection.sendall(json.dumps(request).encode() + b"\n")
        with connection.makefile("rb") as lines:
            answer: Answer = json.loads(lines.readline())
            return answer


async def inquire(data_dir: Path, request: Request, *, within_seconds: float = ANSWER_WITHIN_SECONDS) -> Answer:
    """Ask as `ask` does, without holding up anybody else. Raises NoMonitorError."""
    with _naming_errors(data_dir):
        async with asyncio.timeout(within_seconds):
            path = _socket_path(data_dir / SOCKET_NAME)
            reader, writer = await asyncio.open_unix_connection(path, limit=LONGEST_ANSWER_BYTES)
            try:
                writer.write(json.dumps(request).encode() + b"\n")
                answer: Answer = json.loads(await reader.readline())
                return answer
            finally:
                writer.close()


@contextlib.contextmanager
def _naming_errors(data_dir: Path) -> Iterator[None]:
    """Tell in a sentence why there is no answer."""
    try:
        yield
    except TimeoutError:
        raise NoMonitorError(
            f"the monitor on {data_dir} does not answer; what reached it may still be carried out"
        ) from None
    except PermissionError:
        raise NoMonitorError(f"the monitor on {data_dir} runs as another user: only that one may ask it") from None
    except (OSError, ValueError):
        raise NoMonitorError(f"no monitor runs on {data_dir}") from None


async def follow(data_dir: Path) -> AsyncIterator[bytes]:
    """What the monitor on this data folder tells, line by line, until it ends. Raises NoMonitorError."""
    with _naming_errors(data_dir):
        path = _socket_path(data_dir / SOCKET_NAME)
        reader, writer = await asyncio.open_unix_connection(path, limit=LONGEST_ANSWER_BYTES)
    try:
        writer.write(FOLLOW)
        while line := await reader.readline():
            yield line.rstrip(b"\n")
    except (OSError, ValueError):
        raise NoMonitorError(f"the monitor on {data_dir} is gone") from None
    finally:
        writer.close()


def _socket_path(place: Path) -> str:
    return place.read_text(encoding="utf-8") if place.is_file() else str(place)
