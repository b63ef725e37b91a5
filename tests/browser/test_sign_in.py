"""Signing in and out, and what is offered to whom, on a site that asks who one is."""

import re
from collections.abc import Callable
from contextlib import suppress

import pytest
from barriers import NARROW, NARROWEST, WIDE, barriers, overflow
from closed_farm import ADMIN, ENGINEER, OPERATOR, VIEWER, ClosedFarm, fill_in, signed_in
from playwright.sync_api import Page, expect
from programs import wait_for
from watched import Watch

NewPage = Callable[..., Page]
SIGNED_OUT = r"status of 401 \(Unauthorized\)"
"""What Chromium writes to the console of an answer that was to be expected."""

BEYOND = """() => {
  document.getElementById("alarms-count").textContent = "23";
  document.getElementById("alarms-words").textContent = "alarms, worst critical";
  const row = document.querySelector(".site-header-row");
  const edge = row.getBoundingClientRect().right - parseFloat(getComputedStyle(row).paddingRight);
  return Math.round(document.querySelector(".site-tools").getBoundingClientRect().right - edge);
}"""
"""By how many pixels the header's last part is outside of it, with many alarms."""


@pytest.fixture(autouse=True)
def _here(closed_site: ClosedFarm) -> None:
    """All of this is on the closed site."""


def test_a_stranger_signs_in_and_comes_to_the_page_they_wanted(page: Page) -> None:
    page.goto("/turbines/2?hours=24")
    expect(page).to_have_title("Sign in · Grid")
    expect(page.get_by_label("Name", exact=True)).to_be_focused()

    fill_in(page, VIEWER)

    expect(page).to_have_url(re.compile(r"/turbines/2\?hours=24$"))
    expect(page.locator("#who")).to_contain_text(VIEWER)
    expect(page.locator("#who")).to_contain_text("viewer")


def test_a_wrong_password_is_told_and_nothing_is_asked_twice(page: Page, watch: Watch) -> None:
    watch.forgive(SIGNED_OUT)
    page.goto("/")

    fill_in(page, VIEWER, "not the password")

    expect(page.get_by_role("alert")).to_have_text("That name and password don't belong together.")
    expect(page.get_by_label("Name", exact=True)).to_have_value(VIEWER)
    expect(page.get_by_label("Password", exact=True)).to_be_focused()
    fill_in(page, VIEWER)
    expect(page.locator("#stream")).to_have_attribute("data-stream", "live")


def test_who_is_signed_in_does_not_see_the_sign_in_again(page: Page) -> None:
    signed_in(page, VIEWER)

    page.goto("/sign-in?next=/journal")

    expect(page).to_have_url(re.compile("/journal$"))


def test_to_sign_in_once_is_enough_for_all_tabs(page: Page) -> None:
    page.goto("/alarms")
    other = page.context.new_page()
    other.goto("/journal")

    fill_in(page, VIEWER)

    expect(page).to_have_url(re.compile("/alarms$"))
    expect(other).to_have_url(re.compile("/journal$"))


def test_signing_out_ends_it_in_every_tab_and_going_back_shows_nothing(new_page: NewPage) -> None:
    page = signed_in(new_page(), OPERATOR)
    other = page.context.new_page()
    other.goto("/alarms?severity=high")
    expect(other.locator("#stream")).to_have_attribute("data-stream", "live")

    page.locator("#who").click()
    page.get_by_role("button", name="Sign out").click()

    expect(page).to_have_title("Sign in · Grid")
    expect(other).to_have_url(re.compile(r"/sign-in\?next=%2Falarms%3Fseverity%3Dhigh$"))
    page.go_back()
    expect(page).to_have_title("Sign in · Grid")


def test_who_is_signed_in_is_opened_and_closed_by_keys(page: Page) -> None:
    signed_in(page, VIEWER, "/turbines/1")
    card = page.get_by_role("group", name="Who is signed in")
    page.locator("#who").press("Enter")
    expect(card).to_be_visible()

    page.keyboard.press("Escape")

    expect(card).to_be_hidden()
    expect(page.locator("#who")).to_be_focused()
    expect(page).to_have_url(re.compile("/turbines/1$"))


def test_a_viewer_is_offered_no_order_and_told_why(page: Page) -> None:
    signed_in(page, VIEWER, "/turbines/1")

    expect(page.get_by_role("button", name="Hold")).to_have_count(0)
    expect(page.locator("#orders-note")).to_have_text(
        "Operators and above send engineers, hold and release turbines; you are signed in as viewer."
    )
    page.goto("/alarms")
    expect(page.locator("#orders-note")).to_have_text("Operators and above answer alarms; you are signed in as viewer.")
    expect(page.get_by_role("button", name="Acknowledge")).to_have_count(0)
    expect(page.get_by_role("checkbox")).to_have_count(0)


def test_an_operator_is_told_who_tests_receivers(page: Page) -> None:
    receiver = {"receiver": "crew", "failing": None}
    page.route("**/api/v1/notifications/receivers", lambda route: route.fulfill(json={"items": [receiver]}))

    signed_in(page, OPERATOR, "/alarms")

    expect(page.locator("#receivers-note")).to_have_text(
        "Engineers and above take alarms out of service and test receivers; you are signed in as operator."
    )
    expect(page.get_by_role("button", name="Test crew")).to_have_count(0)


def test_a_viewer_s_keys_give_no_order(page: Page) -> None:
    signed_in(page, VIEWER, "/alarms")

    for key in ("c", "s", "C"):
        page.keyboard.press(key)

    expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_audit_is_offered_to_admins_only(new_page: NewPage, watch: Watch) -> None:
    watch.forgive(r"status of 403 \(Forbidden\)")
    engineer = signed_in(new_page(), ENGINEER)
    expect(engineer.get_by_role("link", name="Audit")).to_have_count(0)
    engineer.goto("/audit")
    expect(engineer.get_by_role("heading", name="This page is for admins")).to_be_visible()

    admin = signed_in(new_page(), ADMIN)
    admin.get_by_role("link", name="Audit").click()

    expect(admin.get_by_role("heading", name="Audit", exact=True)).to_be_visible()


def test_an_order_is_given_in_the_name_of_who_signed_in(closed_site: ClosedFarm, page: Page) -> None:
    signed_in(page, OPERATOR, "/turbines/1")

    page.get_by_role("button", name="Hold").click()
    by = page.get_by_label("Who orders it")
    expect(by).to_have_value(OPERATOR)
    expect(by).not_to_be_editable()
    page.get_by_label("Why", exact=True).fill("inspection")
    page.get_by_role("dialog").get_by_role("button", name="Hold").click()

    expect(page.locator("#orders-note")).to_contain_text("held")
    wait_for(lambda: closed_site.read("holds"), "the hold is kept")
    [hold] = closed_site.read("holds")
    assert (hold.turbine_number, hold.by, hold.why) == (1, OPERATOR, "inspection")
    closed_site.release(1)


def test_the_audit_tells_orders_and_sign_ins(closed_site: ClosedFarm, new_page: NewPage) -> None:
    operator = signed_in(new_page(), OPERATOR, "/turbines/2")
    operator.get_by_role("button", name="Send an engineer").click()
    operator.get_by_label("Why", exact=True).fill("a noise")
    operator.get_by_role("dialog").get_by_role("button", name="Send an engineer").click()
    expect(operator.locator("#orders-note")).not_to_have_text("")

    page = signed_in(new_page(), ADMIN, "/audit")

    order = page.locator("#orders tbody tr").filter(has_text="a noise")
    expect(order).to_contain_text(OPERATOR)
    expect(order).to_contain_text("send an engineer")
    expect(order.get_by_role("link", name="Turbine 2")).to_be_visible()
    expect(
        page.locator("#access tbody tr").filter(has_text="signed in").filter(has_text=OPERATOR).first
    ).to_be_visible()
    page.get_by_label("Order", exact=True).select_option("hold")
    expect(page.locator("#orders tbody tr").filter(has_text="a noise")).to_have_count(0)


def test_who_ordered_it_is_found_by_turbine_person_and_day(closed_site: ClosedFarm, page: Page) -> None:
    signed_in(page, ADMIN, "/turbines/2")
    for number, why in ((1, "one of them"), (2, "another one")):
        order = {"kind": "release", "why": why}
        headers = {"Origin": closed_site.url}
        assert page.request.post(f"/api/v1/turbines/{number}/orders", data=order, headers=headers).status == 409
    orders = page.locator("#orders tbody tr")

    page.get_by_role("link", name="Who ordered it").click()

    expect(page).to_have_url(re.compile(r"/audit\?about=2$"))
    expect(orders.filter(has_text="another one")).to_have_count(1)
    expect(orders.filter(has_text="one of them")).to_have_count(0)
    page.get_by_label("About", exact=True).fill("turbine 1")
    page.keyboard.press("Enter")
    expect(orders.filter(has_text="one of them")).to_have_count(1)
    page.get_by_label("To the day").fill("2020-01-01")
    page.keyboard.press("Enter")
    expect(page.locator("#orders-foot")).to_contain_text("There is no such order.")
    expect(page.locator("#access-foot")).to_have_text("Nothing of that kind happened.")
    page.get_by_role("button", name="Show all").click()
    orders.filter(has_text="one of them").get_by_role("link", name=ADMIN).click()
    expect(page.get_by_label("Who", exact=True)).to_have_value(ADMIN)
    expect(orders.filter(has_text="another one")).to_have_count(1)


def test_the_audit_shows_who_could_not_sign_in(page: Page, watch: Watch) -> None:
    watch.forgive(SIGNED_OUT)
    page.goto("/")
    fill_in(page, VIEWER, "not the password")
    expect(page.get_by_role("alert")).to_be_visible()
    signed_in(page, ADMIN, f"/audit?who={VIEWER}")

    page.get_by_label("Only").select_option("sign-in refused")

    events = page.locator("#access tbody tr")
    expect(events.filter(has_text="signed in")).to_have_count(0)
    expect(events.first).to_contain_text("sign-in refused")
    expect(events.first).to_contain_text(VIEWER)
    expect(events.first).to_contain_text("127.0.0.1")
    expect(events.first.locator("time")).to_have_text(re.compile(r"\d{4} \d\d:\d\d:\d\d$"))  # also on paper, tomorrow


@pytest.mark.parametrize("path", ["/turbines/1", "/audit"])
def test_nothing_bars_anybody_who_is_signed_in(page: Page, path: str) -> None:
    signed_in(page, ADMIN, path)
    with suppress(TimeoutError):
        page.wait_for_load_state("networkidle")
    page.locator("#who").click()

    light = barriers(page)
    page.emulate_media(color_scheme="dark")
    dark = barriers(page)
    page.set_viewport_size(NARROW)

    assert (light, dark, barriers(page)) == ([], [], [])
    wider = {}
    for viewport in (WIDE, NARROW, NARROWEST):
        page.set_viewport_size(viewport)
        wider[viewport["width"]] = overflow(page)
    assert set(wider.values()) == {0}, wider


def test_nothing_bars_anybody_from_signing_in(page: Page) -> None:
    page.goto("/sign-in")
    light = barriers(page)
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size(NARROWEST)

    assert (light, barriers(page), overflow(page)) == ([], [], 0)


@pytest.mark.parametrize("name", [ADMIN, VIEWER])
def test_the_header_fits_whatever_the_width_and_however_many_alarms(page: Page, name: str) -> None:
    signed_in(page, name, "/journal")

    beyond = {}
    for width in (700, 900, 970, 1024, 1100, 1200, 1280, 1420):
        page.set_viewport_size({"width": width, "height": 800})
        beyond[width] = page.evaluate(BEYOND)

    assert {width: pixels for width, pixels in beyond.items() if pixels > 0} == {}
