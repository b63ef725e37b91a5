"""Takes pictures of every page, light, dark and narrow: `make pictures`.

A farm of its own has a story behind it (tests/fixtures/story.py) and some hours of simulated wind.
"""

import json
import subprocess
import tempfile
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, ViewportSize, expect, sync_playwright
from programs import PROGRAMS
from served import ServedFarm
from story import EVERY_PAGE, HELD, Words, tell

from benchmarks.chromium import find_chromium, launch
from grid.times import SECOND, format_time, parse_time
from monitor.demo_broker import LocalMosquitto

ColorScheme = Literal["light", "dark"]

FOLDER = Path(__file__).parent
TURBINES = 24
HISTORY_SECONDS = 6 * 3600
INTERVAL_SECONDS = 20
SIMULATION = ("--seed", "5", "--region", "Harbour,Nordsee West")
FIRST_OTHER = HELD + 1
PAUSE_SECONDS = 4.0
SETTLE_MILLISECONDS = 1200
WIDE = ViewportSize(width=1280, height=860)
NARROW = ViewportSize(width=375, height=812)
TALLEST = 1530
"""Pictures are no longer than that, in pixels."""


SHOWN_FOLDER = "/srv/grid"
_REPLACE = """([folder, shown]) => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) texts.currentNode.data = texts.currentNode.data.replaceAll(folder, shown);
}"""

LOOKS: dict[str, tuple[ViewportSize, ColorScheme]] = {
    "light": (WIDE, "light"),
    "dark": (WIDE, "dark"),
    "narrow": (NARROW, "light"),
}


def main() -> None:
    """Make the farm, tell its story, take the pictures."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="grid-pictures-")))
        broker = stack.enter_context(LocalMosquitto(folder))
        farm = ServedFarm(broker, folder)
        stack.callback(farm.close)
        farm.serve("--engineers", "1")
        send_history(farm)
        others = ("--first-number", str(FIRST_OTHER), "--count", str(TURBINES + 1 - FIRST_OTHER))
        farm.start("grid-turbines", *others, *SIMULATION, "--time-to-fail", "0")
        tell(farm, Words(), pause_seconds=PAUSE_SECONDS)
        playwright = stack.enter_context(sync_playwright())
        browser = launch(playwright, find_chromium() or "chromium")
        stack.callback(browser.close)
        for name, path in EVERY_PAGE.items():
            take(browser, f"{farm.url}{path}", name.replace(" ", "-"), str(folder))


def send_history(farm: ServedFarm) -> None:
    """Send what simulated turbines would have sent in the hours up to now."""
    paced = ("--upload-interval", str(INTERVAL_SECONDS), "--duration", str(HISTORY_SECONDS))
    command: list[str | Path] = [PROGRAMS / "grid-turbines", "--dry-run", "--count", str(TURBINES), *SIMULATION, *paced]
    printed = subprocess.run([*command, "--time-to-fail", "0"], check=True, capture_output=True, text=True).stdout
    of_turbine: dict[int, list[str]] = defaultdict(list)
    for reading in map(json.loads, printed.splitlines()):
        emitted_at = parse_time(reading["emitted_at"]) - HISTORY_SECONDS * SECOND
        of_turbine[reading["turbine_number"]].append(json.dumps({**reading, "emitted_at": format_time(emitted_at)}))
    for number, lines in of_turbine.items():
        topic = f"grid/turbines/{number}/metrics"
        client = ["mosquitto_pub", "-h", farm.host, "-p", str(farm.port), "-q", "1", "-t", topic, "-l"]
        subprocess.run(client, input="\n".join(lines), text=True, check=True)


def take(browser: Browser, address: str, name: str, folder: str) -> None:
    """Take a page's pictures; the folder's name, which is another each time, is not in them."""
    for look, (viewport, color_scheme) in LOOKS.items():
        context = browser.new_context(viewport=viewport, color_scheme=color_scheme, timezone_id="Europe/Berlin")
        page = context.new_page()
        page.goto(address)
        expect(page.locator("#stream")).to_have_attribute("data-stream", "live")
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(SETTLE_MILLISECONDS)
        height = min(TALLEST, int(page.evaluate("() => document.documentElement.scrollHeight")))
        page.set_viewport_size({**viewport, "height": max(height, viewport["height"])})
        page.wait_for_timeout(SETTLE_MILLISECONDS)
        page.evaluate(_REPLACE, [folder, SHOWN_FOLDER])
        page.screenshot(path=FOLDER / f"{name}-{look}.png", animations="disabled")
        context.close()


if __name__ == "__main__":
    main()
