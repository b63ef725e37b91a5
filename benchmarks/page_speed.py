"""How well a page keeps up in Chromium: first paint, frames a second and memory, with 5,000 turbines that change."""

import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import CDPSession, Page, sync_playwright

from benchmarks.chromium import find_chromium, launch
from benchmarks.programs import PROGRAMS, BenchmarkError, Program, wait_for
from benchmarks.table import Bar, Table, figure, median, spread
from monitor.demo_broker import find_free_port

Say = Callable[[str], None]

TURBINES = 5_000
LOOKS = 6
"""At the memory, evenly over the time."""
PAINTS = 5
SETTLE_SECONDS = 5.0

FRAMES = Bar(30, "frames/s", at_least=True)
PAINT = Bar(1.0, "s")
GROWTH = Bar(1.1)

_COUNT_FRAMES = """(milliseconds) => new Promise((resolve) => {
  const began = performance.now();
  let frames = 0, previous = began, longest = 0;
  const count = (now) => {
    frames += 1;
    longest = Math.max(longest, now - previous);
    previous = now;
    if (now - began < milliseconds) requestAnimationFrame(count);
    else resolve({perSecond: frames * 1000 / (now - began), longest});
  };
  requestAnimationFrame(count);
})"""
_FIRST_PAINT = """() => new Promise((resolve) => new PerformanceObserver((list) => {
  const found = list.getEntriesByName("first-contentful-paint");
  if (found.length) resolve(found[0].startTime / 1000);
}).observe({type: "paint", buffered: true}))"""


@dataclass(frozen=True, slots=True)
class Look:
    """The page's memory, after a garbage collection."""

    heap_mb: float
    nodes: int


def page_speed(*, seconds: float, say: Say) -> Table:
    """Open the farm page of a made-up farm of 5,000, and watch it for so many seconds."""
    executable = find_chromium()
    if executable is None:
        raise BenchmarkError("no Chromium is installed")
    with _big_farm() as url, sync_playwright() as playwright:
        browser = launch(playwright, executable)
        paints = [_first_paint(browser.new_page(), url) for _ in range(PAINTS)]
        say(f"first paint: {spread(paints)} s")
        page = browser.new_page()
        page.goto(url)
        time.sleep(SETTLE_SECONDS)
        rates, longest, looks = _observe(page, seconds, say)
        browser.close()
    return _table(seconds, paints, rates, longest, looks)


@contextmanager
def _big_farm() -> Iterator[str]:
    """The pages of a made-up farm; returns their address."""
    with tempfile.TemporaryDirectory(prefix="grid-bench-") as name:
        folder, port = Path(name), find_free_port()
        farm: list[str | Path] = [
            sys.executable,
            "-m",
            "benchmarks.big_farm",
            folder / "data",
            "--turbines",
            str(TURBINES),
        ]
        pages: list[str | Path] = [PROGRAMS / "grid-monitor", "serve", "--data-dir", folder / "data"]
        (folder / "data").mkdir()
        with Program(farm, folder / "farm.log") as monitor:
            wait_for(lambda: b"ready" in (folder / "farm.log").read_bytes(), "the made-up monitor is there")
            with Program([*pages, "--http-port", str(port)], folder / "serve.log") as server:
                wait_for(lambda: _listens(server, port), "the pages are served")
                yield f"http://127.0.0.1:{port}/"
                monitor.usage()  # it must not have ended meanwhile


def _listens(server: Program, port: int) -> bool:
    server.usage()
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5):
            return True
    except OSError:
        return False


def _first_paint(page: Page, url: str) -> float:
    """Seconds from the navigation to the first contentful paint, in a page that has nothing cached but the browser."""
    page.goto(url)
    seconds = float(page.evaluate(_FIRST_PAINT))
    page.close()
    return seconds


def _observe(page: Page, seconds: float, say: Say) -> tuple[list[float], float, list[Look]]:
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    looks = [_look(session)]
    rates: list[float] = []
    longest = 0.0
    for _ in range(LOOKS):
        frames: dict[str, Any] = page.evaluate(_COUNT_FRAMES, 1000 * seconds / LOOKS)
        rates.append(frames["perSecond"])
        longest = max(longest, frames["longest"])
        looks.append(_look(session))
        say(f"{figure(rates[-1])} frames/s, heap {figure(looks[-1].heap_mb)} MB, {looks[-1].nodes:,} nodes")
    return rates, longest, looks


def _look(session: CDPSession) -> Look:
    session.send("HeapProfiler.collectGarbage")
    metrics = {metric["name"]: metric["value"] for metric in session.send("Performance.getMetrics")["metrics"]}
    return Look(metrics["JSHeapUsedSize"] / 1e6, int(metrics["Nodes"]))


def _table(seconds: float, paints: list[float], rates: list[float], longest: float, looks: list[Look]) -> Table:
    table = Table(f"The farm page: {TURBINES:,} turbines, each changing every second", ("what", "measured", "bar"))
    table.add("first contentful paint, s", spread(paints), table.judge(PAINT, median(paints)))
    table.add("frames a second", spread(rates), table.judge(FRAMES, median(rates)))
    table.add("longest pause between frames, ms", figure(longest), "")
    first, last = looks[1], looks[-1]
    growth = last.heap_mb / first.heap_mb
    heaps = [look.heap_mb for look in looks]
    table.add("JavaScript heap, MB", spread(heaps), "")
    table.add(f"heap after {seconds:.0f} s against a sixth of it", figure(growth), table.judge(GROWTH, growth))
    table.add("nodes of the document", f"{first.nodes:,} to {last.nodes:,}", "")
    return table
