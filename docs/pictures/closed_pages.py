"""Takes pictures of what only pages have that ask who one is: `make pictures`."""

import tempfile
from contextlib import ExitStack
from pathlib import Path

from closed_farm import ADMIN, OPERATOR, ClosedFarm, fill_in, signed_in
from pages import FOLDER, LOOKS, SETTLE_MILLISECONDS, WIDE
from playwright.sync_api import Browser, Page, expect, sync_playwright

from benchmarks.chromium import find_chromium, launch
from monitor.demo_broker import LocalMosquitto

WHY = {1: "blade inspection until Friday", 2: "a noise in the gearbox", 3: ""}
REFUSED = "no such password"


def main() -> None:
    """Make a farm that asks who one is, have people order something of it, take the pictures."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="grid-pictures-")))
        farm = ClosedFarm(stack.enter_context(LocalMosquitto(folder)), folder)
        stack.callback(farm.close)
        farm.serve("--engineers", "1")
        for number in WHY:
            farm.says(number, "online", model="E-82", rated_power_in_kw=2000.0, region="Harbour")
            farm.report(number, "ok")
        browser = launch(stack.enter_context(sync_playwright()), find_chromium() or "chromium")
        stack.callback(browser.close)
        take(opened(browser, farm, "/sign-in"), "sign-in")
        order(opened(browser, farm, "/sign-in"))
        page = opened(browser, farm, "/sign-in")
        signed_in(page, ADMIN, "/audit")
        page.wait_for_load_state("networkidle")
        take(page, "audit")
        end(farm, opened(browser, farm, "/sign-in"))


def opened(browser: Browser, farm: ClosedFarm, path: str) -> Page:
    """A page for somebody who is not signed in."""
    page = browser.new_context(base_url=farm.url, viewport=WIDE, timezone_id="Europe/Berlin").new_page()
    page.goto(path)
    return page


def order(page: Page) -> None:
    """Mistype a password, sign in, hold two turbines, and try to release one that is not held."""
    fill_in(page, OPERATOR, REFUSED)
    expect(page.get_by_role("alert")).to_be_visible()
    signed_in(page, OPERATOR)
    for number, why in WHY.items():
        page.goto(f"/turbines/{number}")
        expect(page.locator("#stream")).to_have_attribute("data-stream", "live")
        page.locator(f"[data-order='{'hold' if why else 'release'}']").click()
        page.locator("#order-why").fill(why)
        page.locator("#order-give").click()
        expect(page.locator("#orders-note" if why else "#order-error")).not_to_have_text("")


def end(farm: ClosedFarm, page: Page) -> None:
    """The page of a turbine whose order was being typed when the session ended."""
    signed_in(page, OPERATOR, "/turbines/3")
    page.locator("[data-order='hold']").click()
    page.locator("#order-why").fill("a new sensor")
    farm.end_sessions(OPERATOR)
    page.locator("#order-give").click()
    expect(page.locator("#sign-in")).to_be_visible()
    take(page, "session-ended")


def take(page: Page, name: str) -> None:
    """Take a page's pictures: light, dark and narrow."""
    for look, (viewport, color_scheme) in LOOKS.items():
        page.set_viewport_size(viewport)
        page.emulate_media(color_scheme=color_scheme)
        page.wait_for_timeout(SETTLE_MILLISECONDS)
        page.screenshot(path=FOLDER / f"{name}-{look}.png", animations="disabled")


if __name__ == "__main__":
    main()
