"""A page that stays open for days: its session is kept, is asked for again when it ends, and nothing typed is lost."""

import re
from collections.abc import Iterator

import pytest
from barriers import barriers
from closed_farm import OPERATOR, OTHER_OPERATOR, PASSWORD, ClosedFarm, fill_in, signed_in
from playwright.sync_api import Page, Request, WebSocketRoute, expect
from programs import wait_for
from watched import Watch

from monitor.web.channel import UNAUTHORIZED

SIGN_IN = "Sign in to go on"
LOOKS_WITHIN_MILLISECONDS = 130_000
LAST_LOOKS_MILLISECONDS = 400_000
"""Twice that is longer than a session goes on without being renewed, if it is."""


@pytest.fixture(autouse=True)
def _ended(closed_site: ClosedFarm, watch: Watch) -> Iterator[None]:
    """That a session has ended is told by answers that Chromium writes to the console."""
    watch.forgive(r"status of 401 \(Unauthorized\)")
    watch.forgive(r"WebSocket connection to .* failed")
    yield
    for hold in closed_site.read("holds"):
        closed_site.release(hold.turbine_number)
    wait_for(lambda: not closed_site.read("holds"), "nothing is held")


def holding(page: Page, why: str) -> Page:
    """The dialog of an order, typed and not yet given."""
    page.get_by_role("button", name="Hold").click()
    page.get_by_label("Why", exact=True).fill(why)
    return page


def give(page: Page) -> None:
    """Give it, also where the page has already noticed that the session has ended, and asks over the order."""
    page.locator("#order-form").evaluate("form => form.requestSubmit()")


def test_an_order_that_was_typed_is_given_after_signing_in_again(closed_site: ClosedFarm, page: Page) -> None:
    holding(signed_in(page, OPERATOR, "/turbines/1"), "blade inspection")
    closed_site.end_sessions(OPERATOR)

    give(page)
    dialog = page.get_by_role("dialog", name=SIGN_IN)
    expect(dialog).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_value(OPERATOR)
    expect(page.get_by_label("Password", exact=True)).to_be_focused()
    fill_in(page, OPERATOR)

    expect(page.locator("#orders-note")).to_contain_text("held")
    [hold] = closed_site.read("holds")
    assert (hold.by, hold.why) == (OPERATOR, "blade inspection")
    expect(page.locator("#stream")).to_have_attribute("data-stream", "live")
    assert page.evaluate("() => window.sameAsBefore") is True


def test_what_one_typed_is_not_sent_in_the_name_of_another(closed_site: ClosedFarm, page: Page) -> None:
    holding(signed_in(page, OPERATOR, "/turbines/1"), "my own reason")
    closed_site.end_sessions(OPERATOR)

    give(page)
    fill_in(page, OTHER_OPERATOR)

    expect(page.locator("#order-error")).to_contain_text(f"Nothing was sent: {OTHER_OPERATOR} signed in")
    expect(page.get_by_label("Why", exact=True)).to_have_value("my own reason")
    expect(page.get_by_label("Who orders it")).to_have_value(OTHER_OPERATOR)
    expect(page.locator("#who")).to_contain_text(OTHER_OPERATOR)
    assert closed_site.read("holds") == []


def channels_of(page: Page) -> list[WebSocketRoute]:
    """The live channels that a page opens from now on, to be ended as the server does within ten seconds."""
    channels: list[WebSocketRoute] = []

    def through(channel: WebSocketRoute) -> None:
        channel.connect_to_server()
        channels.append(channel)

    page.route_web_socket(re.compile("/api/v1/live"), through)
    return channels


def test_a_page_that_only_shows_asks_too_and_goes_on_where_it_was(closed_site: ClosedFarm, page: Page) -> None:
    channels = channels_of(page)
    signed_in(page, OPERATOR, "/?find=north")
    closed_site.end_sessions(OPERATOR)

    channels[0].close(code=UNAUTHORIZED, reason="what it was opened with has ended")

    dialog = page.get_by_role("dialog", name=SIGN_IN)
    expect(dialog).to_be_visible()
    assert barriers(page) == []
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Not now").click()
    expect(page.locator("#sign-in-password")).to_have_value("")  # others may come by
    expect(page.locator("#stream")).to_have_text("signed out")
    expect(page.locator("#banners")).to_contain_text("You are signed out since")
    expect(page.locator("body")).to_have_class(re.compile("is-old"))
    expect(page).to_have_title(re.compile(r"^\(!\)"))

    page.locator("#banners").get_by_role("button", name="Sign in").click()
    fill_in(page, OPERATOR)

    expect(page.locator("#stream")).to_have_attribute("data-stream", "live")
    expect(page.locator("#banners")).to_be_empty()
    assert page.evaluate("() => window.sameAsBefore") is True
    assert page.url.endswith("/?find=north")


def test_an_order_that_is_put_off_is_not_given(closed_site: ClosedFarm, page: Page) -> None:
    holding(signed_in(page, OPERATOR, "/turbines/1"), "later")
    closed_site.end_sessions(OPERATOR)

    give(page)
    page.get_by_role("button", name="Not now").click()

    expect(page.locator("#order-error")).to_contain_text("Nothing was sent: you are signed out.")
    expect(page.get_by_label("Why", exact=True)).to_have_value("later")
    give(page)
    fill_in(page, OPERATOR)
    expect(page.locator("#orders-note")).to_contain_text("held")


def test_signing_in_again_in_one_tab_is_enough_for_all(closed_site: ClosedFarm, page: Page) -> None:
    signed_in(page, OPERATOR)
    other = page.context.new_page()
    other.goto("/journal")
    expect(other.locator("#stream")).to_have_attribute("data-stream", "live")
    closed_site.end_sessions(OPERATOR)
    for tab in (page, other):
        tab.evaluate("() => dispatchEvent(new Event('online'))")  # the network is back: it looks at once
        expect(tab.get_by_role("dialog", name=SIGN_IN)).to_be_visible()

    fill_in(page, OPERATOR)

    expect(other.get_by_role("dialog", name=SIGN_IN)).to_be_hidden()
    expect(other.locator("#stream")).to_have_attribute("data-stream", "live")


def test_a_page_that_nobody_touches_keeps_its_session(page: Page) -> None:
    page.clock.install()
    signed_in(page, OPERATOR)

    def asks_who_is_in(request: Request) -> bool:
        return request.method == "GET" and request.url.endswith("/api/v1/session")

    with page.expect_request(asks_who_is_in):
        page.clock.fast_forward(LOOKS_WITHIN_MILLISECONDS)


def test_that_a_session_ends_for_good_is_told_before(page: Page) -> None:
    page.clock.install()
    signed_in(page, OPERATOR)
    answer = page.request.get("/api/v1/session").json()
    page.route("**/api/v1/session", lambda route: route.fulfill(json=answer))  # it is renewed no more

    for _ in range(2):
        with page.expect_response("**/api/v1/session"):
            page.clock.fast_forward(LAST_LOOKS_MILLISECONDS)

    expect(page.locator("#banners")).to_contain_text("Your session ends at")
    page.unroute("**/api/v1/session")
    page.locator("#banners").get_by_role("button", name="Sign in again").click()
    fill_in(page, OPERATOR)
    expect(page.get_by_role("dialog", name=SIGN_IN)).to_be_hidden()
    expect(page.locator("#banners")).to_be_empty()
    assert page.evaluate("() => window.sameAsBefore") is True


def test_a_channel_whose_ticket_has_ended_goes_on_without_a_flicker(page: Page) -> None:
    channels = channels_of(page)
    signed_in(page, OPERATOR)
    page.evaluate("""() => {
      window.states = [];
      const stream = document.getElementById("stream");
      new MutationObserver(() => window.states.push(stream.dataset.stream)).observe(stream, {attributes: true});
    }""")

    with page.expect_response(re.compile("/live/tickets")):
        channels[0].close(code=UNAUTHORIZED, reason="what it was opened with has ended")

    page.wait_for_timeout(2500)  # two messages of the new channel
    assert len(channels) == 2
    assert set(page.evaluate("() => window.states")) <= {"live"}
    assert "number=" in channels[1].url
