"""A page of which a part does not come, as where the network changes while it loads."""

import pytest
from playwright.sync_api import Page, Route, expect
from watched import Watch

LIVE = ("data-stream", "live")


class Lost:
    """Loses what a page asks for, so many times."""

    def __init__(self, times: int) -> None:
        self.times = times

    def __call__(self, route: Route) -> None:
        """Lose it, or let it through."""
        self.times -= 1
        if self.times >= 0:
            route.abort("connectionreset")
        else:
            route.fallback()


@pytest.fixture(autouse=True)
def _lost(watch: Watch) -> None:
    """What is lost is told on the console."""
    watch.forgive("net::ERR_(CONNECTION_RESET|NETWORK_CHANGED)")


@pytest.mark.parametrize("part", ["js/live.js", "js/journal.js", "css/lists.css"])
def test_a_page_that_did_not_come_whole_is_loaded_once_more(page: Page, part: str) -> None:
    lost = Lost(1)
    page.route(f"**/static/{part}", lost)

    with page.expect_request_finished(lambda request: request.url.endswith(part)):  # what is lost does not finish
        page.goto("/journal")

    expect(page.locator("#stream")).to_have_attribute(*LIVE)
    assert lost.times < 0


def test_what_does_not_come_again_is_told_and_the_page_goes_not_round(page: Page) -> None:
    lost = Lost(2)
    page.route("**/static/js/live.js", lost)

    page.goto("/journal")

    expect(page.get_by_role("alert")).to_have_text("A part of this page did not come. Reload it.")
    expect(page.locator("#stream")).to_have_text("not loaded")
    page.evaluate("() => dispatchEvent(new Event('online'))")
    expect(page.locator("#stream")).to_have_attribute(*LIVE)
    assert lost.times < 0
