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
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from grid.times import format_time
from grid.topics import MAX_TURBINE_NUMBER
from monitor.facts import Order, OrderAnswer, OrderKind, PostAnswer

SOCKET_NAME = "monitor.socket"
LONGEST_SOCKET_PATH = 100
LONGEST_LINE_BYTES = 512 * 1024
"""Of what is asked: many posted readings are one line."""

_FOLLOW = b'{"follow": "farm"}\n'
ANSWER_WITHIN_SECONDS = 30.0
LAST_WORDS_SECONDS = 0.1
"""How long a monitor that ends waits for those who still talk with it."""
LONGEST_IDEMPOTENCY_KEY = 255
LONGEST_WORDS = 64
"""Of who gives an order, and of the reason."""

LONGEST_ANSWER_BYTES = 256 * 1024 * 1024
"""Of what a follower is told: the whole of a large farm is one line."""

Answer = dict[str, Any]
Serve = Callable[[Answer], Awaitable[Answer]]
Follow = Callable[[], AsyncGenerator[bytes, None]]


class NoMonitorError(Exception):
    """No monitor runs on this data folder, or it does not answer: one sentence."""


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
        listener = socket.socket(socket.AF_UNIX)
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
            if line == _FOLLOW:
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


def ask(data_dir: Path, request: Answer, *, within_seconds: float = ANSWER_WITHIN_SECONDS) -> Answer:
    """Ask the monitor that runs on this data folder, and wait for its answer. Raises NoMonitorError."""
    with _naming_errors(data_dir), socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(within_seconds)
        connection.connect(_socket_path(data_dir / SOCKET_NAME))
        connection.sendall(json.dumps(request).encode() + b"\n")
        with connection.makefile("rb") as lines:
            answer: Answer = json.loads(lines.readline())
            return answer


async def inquire(data_dir: Path, request: Answer, *, within_seconds: float = ANSWER_WITHIN_SECONDS) -> Answer:
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
    try:
        reader, writer = await asyncio.open_unix_connection(
            _socket_path(data_dir / SOCKET_NAME), limit=LONGEST_ANSWER_BYTES
        )
    except (OSError, ValueError):
        raise NoMonitorError(f"no monitor runs on {data_dir}") from None
    try:
        writer.write(_FOLLOW)
        while line := await reader.readline():
            yield line.rstrip(b"\n")
    except (OSError, ValueError):
        raise NoMonitorError(f"the monitor on {data_dir} is gone") from None
    finally:
        writer.close()


def _socket_path(place: Path) -> str:
    return place.read_text(encoding="utf-8") if place.is_file() else str(place)


def order_request(order: Order) -> Answer:
    """Write a person's order as a request."""
    return {
        "order": order.kind.value,
        "turbine_number": order.turbine_number,
        "by": order.by,
        "why": order.why,
        "idempotency_key": order.idempotency_key,
    }


def order_answer(answer: OrderAnswer) -> Answer:
    """Write what became of an order."""
    return {"accepted": answer.accepted, "sentence": answer.sentence, "refusal": answer.refusal}


def posts_request(bodies: Sequence[bytes]) -> Answer:
    """Write readings that came over HTTP as a request. A letter stands for a byte: a body need not be text."""
    return {"posts": [body.decode("latin-1") for body in bodies]}


def read_posts(request: Answer) -> list[bytes] | None:
    """Read a request as posted readings; None if it is something else. Raises ValueError, TypeError."""
    if "posts" not in request:
        return None
    if not isinstance(request["posts"], list) or not all(isinstance(body, str) for body in request["posts"]):
        raise TypeError("posts must be texts")
    return [body.encode("latin-1") for body in request["posts"]]


def post_answer(answer: PostAnswer) -> Answer:
    """Write what became of a posted reading."""
    return {
        "outcome": answer.outcome,
        "turbine_number": answer.turbine_number,
        "emitted_at": None if answer.emitted_at is None else format_time(answer.emitted_at),
        "reason": answer.reason,
        "detail": answer.detail,
    }


def read_order(request: Answer) -> Order | None:
    """Read a request as a person's order; None if it is something else. Raises ValueError, KeyError, TypeError.

    Names and reasons are made printable, and cut to what an event has room for.
    """
    if "order" not in request:
        return None
    return Order(
        OrderKind(request["order"]),
        _turbine_number(request.get("turbine_number")),
        _short_text(request["by"]) or "somebody",
        _short_text(request.get("why", "")),
        _idempotency_key(request.get("idempotency_key")),
    )


def _turbine_number(number: object) -> int:
    if type(number) is not int or not 1 <= number <= MAX_TURBINE_NUMBER:  # neither 1.9 nor true is a turbine
        raise ValueError(f"turbine_number must be an integer from 1 to {MAX_TURBINE_NUMBER}")
    return number


def _idempotency_key(key: object) -> str | None:
    if key is None or (isinstance(key, str) and 1 <= len(key) <= LONGEST_IDEMPOTENCY_KEY and key.isprintable()):
        return key
    raise ValueError(f"idempotency_key must be 1 to {LONGEST_IDEMPOTENCY_KEY} printable letters")


def _short_text(text: object) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in str(text)).split())[:LONGEST_WORDS]
