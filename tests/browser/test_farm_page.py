"""The farm's story on the farm page, followed without a reload; and what the page says when its stream is down."""

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Locator, Page, WebSocket, expect
from programs import wait_for
from proxy import Proxy
from served import BigSite, ServedFarm
from watched import Watch

from monitor.demo_broker import HOST

FIRST, SECOND = 4, 5
SILENCE_MILLISECONDS = 15_000
"""The page waits five seconds before it calls its stream down."""


@pytest.fixture(autouse=True)
def _all_is_well(site: ServedFarm) -> None:
    for number in (FIRST, SECOND):
        site.says(number, "online", model="E-82", rated_power_in_kw=2000.0, region="North")
        site.report(number, "ok", wind_speed=7.5)
    wait_for(lambda: not site.read("incidents", open_only=True), "nothing is broken")


def tile(page: Page, number: int) -> Locator:
    """A turbine on the farm page."""
    return page.locator(f"[data-turbine='{number}']")


def expect_standing(page: Page, number: int, standing: str, *words: str) -> None:
    """The turbine's tile shows how it stands, as its colour and in words."""
    expect(tile(page, number)).to_have_attribute("data-standing", standing, timeout=SILENCE_MILLISECONDS)
    for word in words:
        expect(tile(page, number)).to_contain_text(word)


def open_farm(page: Page) -> None:
    """Open the farm page, and mark it: a page that is loaded again has lost its mark."""
    page.goto("/")
    expect(page.locator("#stream")).to_have_attribute("data-stream", "live", timeout=SILENCE_MILLISECONDS)
    page.evaluate("() => { window.sameAsBefore = true; }")


def expect_not_loaded_again(page: Page) -> None:
    """The page is the one that was opened."""
    assert page.evaluate("() => window.sameAsBefore") is True


def test_the_story_of_a_farm_is_followed_on_its_page(site: ServedFarm, page: Page) -> None:
    open_farm(page)
    expect_standing(page, FIRST, "ok", "ok", "7.5")

    site.report(SECOND, "broken")
    expect_standing(page, SECOND, "visited", "engineer 1")
    site.report(FIRST, "broken")
    expect_standing(page, FIRST, "waiting", "waiting", "1st in line")
    waiting = page.locator("#waiting").get_by_role("listitem").filter(has_text=f"T{FIRST}")
    expect(waiting).to_contain_text("1st in line")

    site.report(SECOND, "ok")
    expect_standing(page, SECOND, "ok")
    expect_standing(page, FIRST, "visited", "engineer 1")
    expect(page.locator("#engineers")).to_contain_text(f"T{FIRST}")
    site.report(FIRST, "ok")
    expect_standing(page, FIRST, "ok")

    site.says(FIRST, "offline", reason="lost")
    expect_standing(page, FIRST, "offline", "offline")
    expect(page.locator("#engineers")).to_contain_text("free")
    site.says(FIRST, "online")
    site.report(FIRST, "ok")
    expect_standing(page, FIRST, "ok")
    expect_not_loaded_again(page)


def test_a_turbine_that_nobody_knew_appears(site: ServedFarm, page: Page) -> None:
    open_farm(page)
    expect(tile(page, 99)).to_have_count(0)

    site.report(99, "ok", wind_speed=11.5)

    expect_standing(page, 99, "ok", "11.5")
    expect_not_loaded_again(page)


def test_the_worst_stand_first(site: ServedFarm, page: Page) -> None:
    open_farm(page)
    site.report(SECOND, "broken")
    expect_standing(page, SECOND, "visited")

    expect(page.locator("[data-turbine]").first).to_have_attribute("data-turbine", str(SECOND))
    site.report(SECOND, "ok")
    expect_standing(page, SECOND, "ok")


def test_a_stream_that_falls_silent_is_said_and_comes_back(site: ServedFarm, page: Page, watch: Watch) -> None:
    watch.forgive("WebSocket connection")
    open_farm(page)
    serving = process_of_the_pages(site)
    serving.suspend()
    try:
        expect(page.locator("#banners")).to_contain_text("stream is down", timeout=SILENCE_MILLISECONDS)
        expect(page.locator("#stream")).to_have_attribute("data-stream", "down")
    finally:
        serving.resume()

    expect(page.locator("#stream")).to_have_attribute("data-stream", "live", timeout=SILENCE_MILLISECONDS)
    expect(page.locator("#banners")).not_to_contain_text("stream is down")
    expect_not_loaded_again(page)


def test_pages_that_are_killed_come_back_by_themselves(site: ServedFarm, page: Page, watch: Watch) -> None:
    watch.forgive("WebSocket connection|ERR_CONNECTION_REFUSED")
    open_farm(page)
    process_of_the_pages(site).send_signal(signal.SIGKILL)

    site.report(FIRST, "broken", wind_speed=3.25)

    expect_standing(page, FIRST, "visited", "engineer 1")
    expect_not_loaded_again(page)


def process_of_the_pages(site: ServedFarm) -> psutil.Process:
    """The process beside the monitor that serves."""
    found = [process for process in site.processes_beside_the_monitor() if "monitor.web" in process.cmdline()]
    [serving] = found
    return serving


def test_after_a_cut_a_page_goes_on_where_it_was(site: ServedFarm, new_page: Callable[..., Page], watch: Watch) -> None:
    watch.forgive("WebSocket connection")
    with Proxy(site.http_port) as network:
        watch.origin = f"http://{HOST}:{network.port}"
        page = new_page()
        kinds: list[list[str]] = []
        page.on("websocket", lambda socket: kinds.append(kinds_of_messages(socket)))
        open_farm(page)
        expect_standing(page, FIRST, "ok")  # the pages, which follow the monitor, may be a moment behind its ledger
        network.reset_clients()
        site.report(FIRST, "broken")

        expect_standing(page, FIRST, "visited")
        assert [told[0] for told in kinds] == ["snapshot", "delta"]
        expect_not_loaded_again(page)
        page.close()


def kinds_of_messages(socket: WebSocket) -> list[str]:
    """What comes over a WebSocket, from now on."""
    kinds: list[str] = []
    socket.on("framereceived", lambda payload: kinds.append(json.loads(payload)["kind"]))
    return kinds


def test_keys_lead_through_the_farm(site: ServedFarm, page: Page) -> None:
    open_farm(page)
    expect_standing(page, FIRST, "ok")
    tiles = page.locator("[data-turbine] > a")

    page.keyboard.press("j")
    expect(tiles.nth(0)).to_be_focused()
    page.keyboard.press("j")
    expect(tiles.nth(1)).to_be_focused()
    page.keyboard.press("k")
    expect(tiles.nth(0)).to_be_focused()

    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type(f"T{SECOND}")
    expect(tiles).to_have_count(1)
    page.keyboard.press("Escape")
    expect(tiles).not_to_have_count(1)

    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()

    page.keyboard.press("j")
    number = tiles.nth(0).locator("xpath=..").get_attribute("data-turbine")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/turbines/{number}")


class TestWithoutMonitor:
    """Pages served by a process of their own outlive the monitor."""

    @pytest.fixture
    def alone(self, tmp_path: Path) -> Iterator[BigSite]:
        site = BigSite(tmp_path, turbines=20)
        try:
            site.start()
            yield site
        finally:
            site.close()

    def test_a_monitor_that_is_away_is_said_and_comes_back(
        self, alone: BigSite, new_page: Callable[..., Page], watch: Watch
    ) -> None:
        watch.origin = alone.url
        page = new_page()
        open_farm(page)
        expect(page.locator("[data-turbine]")).to_have_count(20)
        alone.end_monitor()

        expect(page.locator("#banners")).to_contain_text("monitor is not running", timeout=SILENCE_MILLISECONDS)
        expect(page.locator("#stream")).to_contain_text("monitor away for")
        expect(page).to_have_title("(!) Farm \u00b7 Grid")
        expect(page.locator("[data-turbine]")).to_have_count(20)
        alone.start_monitor()
        expect(page.locator("#banners")).to_be_empty(timeout=SILENCE_MILLISECONDS)
        expect_not_loaded_again(page)
        page.close()
