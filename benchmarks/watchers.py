"""A process with many open pages: each a WebSocket that takes all it is told, and one that asks slow questions.

Says `{"ready": true}` when each page has its snapshot; at the next line on standard input it ends, and says how many
messages came, how large they were, and how many questions were answered.
"""

import argparse
import asyncio
import sys
import time
import urllib.request
from dataclasses import asdict, dataclass

from websockets.asyncio.client import connect

from benchmarks.load import say

LIVE = "/api/v1/live"
PAUSE_SECONDS = 1.0
"""Between the answer to a slow question and the next question."""

MOST_IN_A_MESSAGE = 64 * 1024 * 1024
WINDOW_SECONDS = 7 * 86_400
QUESTIONS = (
    "/api/v1/turbines/1/readings/downsampled?since={since}&until={until}&points=1000",
    "/api/v1/turbines/1/power-curve?since={since}&until={until}",
    "/api/v1/turbines?limit=1000",
)


@dataclass
class Heard:
    """What all pages heard together."""

    messages: int = 0
    bytes: int = 0
    questions: int = 0
    slowest_seconds: float = 0.0


async def watch(url: str, heard: Heard, *, ready: asyncio.Event) -> None:
    """Be one open page, until cancelled."""
    address = url.replace("http://", "ws://", 1) + LIVE
    async with connect(address, compression=None, max_size=MOST_IN_A_MESSAGE) as socket:
        async for message in socket:
            heard.messages += 1
            heard.bytes += len(message)
            ready.set()
    raise ConnectionError("the server hung up on a page")


async def ask_slowly(url: str, heard: Heard) -> None:
    """Ask what takes long, again and again, until cancelled."""
    while True:
        for question in QUESTIONS:
            began = time.monotonic()
            await asyncio.to_thread(_ask, url + question.format(since=_day(-WINDOW_SECONDS), until=_day(86_400)))
            heard.questions += 1
            heard.slowest_seconds = max(heard.slowest_seconds, time.monotonic() - began)
            await asyncio.sleep(PAUSE_SECONDS)


def _ask(address: str) -> None:
    with urllib.request.urlopen(address, timeout=60) as answer:  # noqa: S310 -- our own server
        answer.read()


def _day(seconds_from_now: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds_from_now))


async def run(url: str, count: int, *, questions: bool) -> Heard:
    """Watch until standard input has a line."""
    heard = Heard()
    async with asyncio.TaskGroup() as tasks:
        opened = [asyncio.Event() for _ in range(count)]
        open_pages = [tasks.create_task(watch(url, heard, ready=ready)) for ready in opened]
        if questions:
            open_pages.append(tasks.create_task(ask_slowly(url, heard)))
        for ready in opened:
            await ready.wait()
        say({"ready": True})
        await asyncio.to_thread(sys.stdin.readline)
        for page in open_pages:
            page.cancel()
    return heard


def main() -> None:
    """Run as a program."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("url")
    options.add_argument("--count", type=int, default=20)
    options.add_argument("--questions", action="store_true", help="ask slow questions, too")
    chosen = options.parse_args()
    say(asdict(asyncio.run(run(chosen.url, chosen.count, questions=chosen.questions))))


if __name__ == "__main__":
    main()
