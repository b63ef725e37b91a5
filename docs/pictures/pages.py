"""Takes pictures of every page, light, dark and narrow: `make pictures`.

A farm of its own has a story behind it (tests/fixtures/story.py) and some hours of simulated wind.
"""

import json
import subprocess
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

import httpx
from playwright.sync_api import Browser, ViewportSize, expect, sync_playwright
from programs import PROGRAMS, wait_for
from receivers import notify_file, webhook
from served import ServedFarm
from story import EVERY_PAGE, HELD, REPAIRED, WELL, Words, tell

from benchmarks.chromium import find_chromium, launch
from grid.power_curve import mm92
from grid.times import SECOND, format_time, parse_time
from monitor.demo_broker import LocalMosquitto

ColorScheme = Literal["light", "dark"]

FOLDER = Path(__file__).parent
TURBINES = 24
HISTORY_SECONDS = 6 * 3600
LIVE_SECONDS = 900
INTERVAL_SECONDS = 20
SIMULATION = ("--seed", "5", "--region", "Harbour,Nordsee West")
BROKEN = {2: (9000, 6200), 12: (15000, 14200), 21: (20000, 13000)}
SILENT = {4: (7000, 4000), 17: (12000, 9500)}
"""From how many seconds ago until how many seconds ago, by turbine."""
OTHERS = range(HELD + 1, TURBINES + 1)
"""Turbines without a story."""
STILL_WELL = (*WELL, REPAIRED, HELD)
LEARN_SECONDS = 75
"""What was learnt of a turbine is kept once a minute: until then all of them send."""
Line = tuple[int, int, dict[str, Any]]
"""When, which turbine, and its reading."""
PAUSE_SECONDS = 4.0
OFFLINE_WITHIN_SECONDS = 120.0
SETTLE_MILLISECONDS = 1200
WIDE = ViewportSize(width=1280, height=860)
NARROW = ViewportSize(width=375, height=812)
TALLEST = 1530
"""Pictures are no longer than that, in pixels."""


OF_CLOSED_SITE = ("audit",)
"""What tells more where people sign in: closed_pages.py takes it."""

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


class PicturedFarm(ServedFarm):
    """Its turbines' simulated readings and those of the story are of one count, each with the energy since the last."""

    def __init__(self, broker: LocalMosquitto, folder: Path) -> None:
        super().__init__(broker, folder)
        self._sent: dict[int, int] = defaultdict(int)
        self._last_at: dict[int, int] = {}

    def come_up(self) -> None:
        """Have all turbines say what they are."""
        regions = SIMULATION[-1].split(",")
        for number in range(1, TURBINES + 1):
            self.says(number, "online", model="E-82", rated_power_in_kw=2000.0, region=regions[(number + 1) % 2])

    def worded(self, line: Line) -> str:
        """A reading as the turbine's next message."""
        at, number, reading = line
        since = min(at - self._last_at.get(number, 0), INTERVAL_SECONDS * SECOND)
        self._last_at[number] = at
        energy = reading["power_output_in_kwh"] * since / (INTERVAL_SECONDS * SECOND)
        counted = {"session": "played", "sequence": self._sent[number]}
        self._sent[number] += 1
        return json.dumps({**reading, **counted, "power_output_in_kwh": energy, "emitted_at": format_time(at)})

    def report(self, turbine_number: int, operational_status: str, **fields: Any) -> None:
        """A reading of the story: of a turbine that is well, with the energy of its wind."""
        if "session" in fields:
            super().report(turbine_number, operational_status, **fields)
            return
        reading = {"turbine_number": turbine_number, "operational_status": operational_status, **fields}
        if operational_status == "ok" and fields["power_output_in_kwh"]:
            reading["power_output_in_kwh"] = (mm92().power(fields["wind_speed"]) or 0.0) * INTERVAL_SECONDS / 3600
        self.send((time.time_ns() // 1000, turbine_number, reading))

    def send(self, line: Line) -> None:
        """Send a reading; one from before the turbine's newest has no place in its story."""
        if line[0] > self._last_at.get(line[1], 0):
            self.publish(f"grid/turbines/{line[1]}/metrics", self.worded(line))


def main() -> None:
    """Make the farm, tell its story, take the pictures."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="grid-pictures-")))
        broker = stack.enter_context(LocalMosquitto(folder))
        farm = PicturedFarm(broker, folder)
        stack.callback(farm.close)
        hook = stack.enter_context(webhook())
        farm.serve(
            "--engineers", "1", "--notify-file", str(notify_file(folder, {"shift": hook.url, "on-call": hook.url}))
        )
        farm.come_up()
        lines = simulated()
        sent_until = time.time_ns() // 1000
        send_history(farm, [line for line in lines if line[0] <= sent_until])
        coming = [line for line in lines if line[0] > sent_until]
        stack.enter_context(sending_live(farm, [line for line in coming if line[1] in OTHERS]))
        with sending_live(farm, [line for line in coming if line[1] not in OTHERS]):
            time.sleep(LEARN_SECONDS)
        tell(farm, Words(), pause_seconds=PAUSE_SECONDS)
        stack.enter_context(sending_live(farm, [line for line in coming if line[1] in STILL_WELL]))
        answer_alarms(farm)
        playwright = stack.enter_context(sync_playwright())
        browser = launch(playwright, find_chromium() or "chromium")
        stack.callback(browser.close)
        for name, path in EVERY_PAGE.items():
            if name not in OF_CLOSED_SITE:
                take(browser, f"{farm.url}{path}", name.replace(" ", "-"), str(folder))


def simulated() -> list[Line]:
    """What simulated turbines send from some hours before now until a while after."""
    paced = ("--upload-interval", str(INTERVAL_SECONDS), "--duration", str(HISTORY_SECONDS + LIVE_SECONDS))
    command: list[str | Path] = [PROGRAMS / "grid-turbines", "--dry-run", "--count", str(TURBINES), *SIMULATION, *paced]
    printed = subprocess.run([*command, "--time-to-fail", "0"], check=True, capture_output=True, text=True).stdout
    lines: list[Line] = []
    for reading in map(json.loads, printed.splitlines()):
        number, emitted_at = reading["turbine_number"], parse_time(reading["emitted_at"]) - HISTORY_SECONDS * SECOND
        seconds_ago = time.time() - emitted_at / SECOND
        if is_within(SILENT, number, seconds_ago):
            continue
        if is_within(BROKEN, number, seconds_ago):
            reading |= {"operational_status": "broken", "power_output_in_kwh": 0.0}
        lines.append((emitted_at, number, reading))
    return sorted(lines, key=lambda line: line[:2])


def is_within(spans: dict[int, tuple[int, int]], number: int, seconds_ago: float) -> bool:
    """Whether it was so with this turbine then."""
    since, until = spans.get(number, (0, 0))
    return since > seconds_ago > until


def send_history(farm: PicturedFarm, lines: Iterable[Line]) -> None:
    """Send it a quarter of an hour at a time, so that the monitor sees neighbours in the same wind."""
    for _, quarter in groupby(lines, key=lambda line: line[0] // (900 * SECOND)):
        of_turbine: dict[int, list[str]] = defaultdict(list)
        for line in quarter:
            of_turbine[line[1]].append(farm.worded(line))
        for number, texts in of_turbine.items():
            topic = f"grid/turbines/{number}/metrics"
            client = ["mosquitto_pub", "-h", farm.host, "-p", str(farm.port), "-q", "1", "-t", topic, "-l"]
            subprocess.run(client, input="\n".join(texts), text=True, check=True)


@contextmanager
def sending_live(farm: PicturedFarm, lines: Iterable[Line]) -> Iterator[None]:
    """Send each reading when its time has come."""
    stop = threading.Event()

    def send() -> None:
        for line in lines:
            if stop.wait(max(0.0, line[0] / SECOND - time.time())):
                return
            farm.send(line)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        yield
    finally:
        stop.set()
        sender.join()


def answer_alarms(farm: ServedFarm) -> None:
    """Wait for the alarm of the turbine that is offline, take care of one alarm, and shelve another."""
    api = httpx.Client(base_url=f"{farm.url}/api/v1")

    def known() -> dict[str, int]:
        return {alarm["rule"]: alarm["alarm_id"] for alarm in api.get("/alarms").json()["items"]}

    wait_for(
        lambda: {"turbine_offline", "turbine_silent"} <= known().keys(),
        "alarms of links are there",
        seconds=OFFLINE_WITHIN_SECONDS,
    )
    until = format_time(time.time_ns() // 1000 + 8 * 3600 * SECOND)
    for rule, order in {
        "turbine_silent": {"kind": "acknowledge", "by": "Ada", "comment": "its sensors are being changed"},
        "turbine_offline": {"kind": "shelve", "by": "Ben", "comment": "a new router is under way", "until": until},
    }.items():
        api.post("/alarms/orders", json={**order, "alarm_ids": [known()[rule]]}).raise_for_status()


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
