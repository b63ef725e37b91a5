"""Alarms on their page: raised by real turbines, acknowledged by a person, shelved, and heard of on every page."""

import itertools
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect
from programs import wait_for
from receivers import Webhook, notify_file, webhook
from served import ServedFarm
from story import refuse
from surroundings import missing

from monitor.demo_broker import LocalMosquitto, find_mosquitto

TURBINE, OTHER, FAR = 4, 5, 6
REASON = "gearbox locked <b>out</b>"


@pytest.fixture(scope="module")
def hook() -> Iterator[Webhook]:
    """Who is notified."""
    with webhook() as hook:
        yield hook


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, hook: Webhook) -> Iterator[ServedFarm]:
    """A farm with one engineer, whose monitor notifies the hook, by the name of `shift`."""
    if find_mosquitto() is None:
        missing("mosquitto is not installed")
    folder = tmp_path_factory.mktemp("site")
    with LocalMosquitto(folder) as broker, closing(ServedFarm(broker, folder)) as farm:
        farm.serve("--engineers", "1", "--notify-file", str(notify_file(folder, {"shift": hook.url})))
        yield farm
    shutil.rmtree(folder)


@pytest.fixture(autouse=True)
def _all_is_well(site: ServedFarm) -> None:
    """Nothing is broken, and nobody waits: what an earlier test left is acknowledged."""
    for number in (TURBINE, OTHER):
        site.says(number, "online", model="E-82", region="North" if number == TURBINE else "South")
        site.report(number, "ok")
    wait_for(lambda: not site.read("incidents", open_only=True), "nothing is broken")
    wait_for(lambda: not [alarm for alarm in alarms(site) if alarm["state"] != "cleared"], "no alarm is active")
    if alarms(site):
        httpx.post(f"{site.url}/api/v1/alarms/orders", json={"kind": "acknowledge", "all": True, "by": "a test"})


def alarms(site: ServedFarm) -> list[dict[str, Any]]:
    """All that are not normal."""
    items: list[dict[str, Any]] = httpx.get(f"{site.url}/api/v1/alarms").json()["items"]
    return items


def opened(page: Page, path: str = "/alarms") -> Page:
    """The page when it is live and has its list; marked, so that a reload would be seen."""
    page.goto(path)
    expect(page.locator("#stream")).to_have_attribute("data-stream", "live")
    if path.startswith("/alarms"):
        expect(page.locator("#alarms-sentence")).not_to_have_text("Loading ...")
    page.evaluate("() => { window.sameAsBefore = true; }")
    return page


def refusal(page: Page, number: int = TURBINE) -> Locator:
    """The row of the alarm that a turbine refused its engineer."""
    return page.locator("#alarms tbody tr").filter(has_text=f"Turbine {number}").filter(has_text="gearbox")


def give(page: Page, *, by: str = "", comment: str = "") -> None:
    """Fill in the dialog of an order, and send it."""
    if by:
        page.get_by_label("Who").fill(by)
    page.get_by_label("Comment", exact=True).fill(comment)
    page.locator("#order-give").click()


def test_an_alarm_is_acknowledged_by_keys_and_every_open_page_sees_it(
    site: ServedFarm, new_page: Callable[..., Page]
) -> None:
    page, second, farm = opened(new_page()), opened(new_page()), opened(new_page(), "/")
    expect(farm.locator("#alarms-waiting")).to_have_text("0 alarms")

    refuse(site, TURBINE, REASON)
    expect(refusal(page)).to_contain_text("high")
    expect(refusal(page)).to_contain_text(REASON)
    expect(page.locator("#announcer")).to_contain_text("New alarm, high")
    expect(farm.locator("#alarms-waiting")).to_have_text("1 alarm, high")
    expect(farm.locator("#alarms-waiting")).to_have_attribute("data-severity", "high")
    expect(page).to_have_title("(1) Alarms · Grid")

    page.keyboard.press("j")
    page.keyboard.press("c")
    page.keyboard.type("Ada")
    page.keyboard.press("Enter")
    expect(refusal(page)).to_contain_text("by Ada")
    expect(refusal(second)).to_contain_text("active, acknowledged")
    expect(second.locator("#alarms-sentence")).to_contain_text("Nothing waits to be acknowledged; 1 alarm is active.")
    expect(farm.locator("#alarms-waiting")).to_have_text("0 alarms")

    site.report(TURBINE, "ok")
    expect(refusal(page)).to_have_count(0)
    assert page.evaluate("() => window.sameAsBefore") is True


def test_what_has_cleared_stays_until_somebody_has_seen_it(site: ServedFarm, page: Page) -> None:
    opened(page)
    refuse(site, TURBINE, REASON)
    site.report(TURBINE, "ok")

    expect(refusal(page)).to_contain_text("cleared at")
    expect(refusal(page)).to_contain_text("Its cause is gone")
    refusal(page).get_by_role("button", name="Acknowledge").click()
    give(page, by="Ada", comment="seen")
    expect(refusal(page)).to_have_count(0)


def test_an_alarm_is_explained_and_shelved_and_comes_back(site: ServedFarm, page: Page) -> None:
    opened(page)
    refuse(site, TURBINE, REASON)
    refusal(page).locator(".alarm-open").click()
    dialog = page.locator("#alarm")
    expect(dialog).to_contain_text("What to do")
    expect(page.locator("#alarm-journal li")).not_to_have_count(0)
    assert "alarm=" in page.url

    dialog.get_by_role("button", name="Shelve").click()
    page.get_by_label("8 h").check()
    give(page, by="Ben", comment="crane on site")
    expect(dialog).to_contain_text("shelved by Ben")
    expect(page.locator("#alarm-journal")).to_contain_text("crane on site")
    dialog.get_by_role("button", name="Close").click()
    expect(page.locator("#alarms-waiting")).to_have_text("0 alarms")
    page.locator("[data-group=shelved]").click()
    expect(refusal(page)).to_contain_text("until")
    assert "group=shelved" in page.url

    opened(page, page.url.removeprefix(site.url))
    refusal(page).locator(".alarm-open").click()
    dialog.get_by_role("button", name="Unshelve").click()
    give(page)
    expect(page.locator("#alarms-foot")).to_contain_text("is one of these")
    expect(page.locator("#alarms-waiting")).to_have_text("1 alarm, high")


def test_all_that_are_shown_are_acknowledged_and_no_other(site: ServedFarm, page: Page) -> None:
    opened(page)
    for number in (TURBINE, OTHER):
        refuse(site, number, REASON)
    expect(refusal(page, OTHER)).to_be_visible()
    page.get_by_label("Region").select_option("South")
    expect(refusal(page, TURBINE)).to_have_count(0)
    page.get_by_role("button", name="Acknowledge all 1 shown").click()
    give(page, by="Ada")

    expect(refusal(page, OTHER)).to_contain_text("by Ada")
    page.get_by_role("button", name="Show all").click()
    expect(refusal(page, TURBINE)).to_have_class("is-waiting")


_BOXES = """(row) => [...row.querySelectorAll("td:not(:empty), th")].map((cell) => {
  const { left, right, top, bottom } = cell.getBoundingClientRect();
  return [left, right, top, bottom];
})"""


def test_a_long_region_leaves_room_on_a_narrow_page(site: ServedFarm, new_page: Callable[..., Page]) -> None:
    site.says(FAR, "online", model="E-82", region="The outermost farm of all, far in the west of the North Sea")
    refuse(site, FAR, REASON)
    page = opened(new_page(viewport={"width": 375, "height": 812}))
    expect(refusal(page, FAR)).to_contain_text("The outermost")
    boxes = refusal(page, FAR).evaluate(_BOXES)
    assert all(left >= 0 and right <= 375 for left, right, _, _ in boxes)
    beside = [
        (one, other)
        for one, other in itertools.combinations(boxes, 2)
        if one[0] < other[1] - 1 and other[0] < one[1] - 1 and one[2] < other[3] - 1 and other[2] < one[3] - 1
    ]
    assert beside == [], "cells lie over each other"
    severity = refusal(page, FAR).locator("td[data-label=Severity]")
    assert severity.evaluate("(cell) => cell.scrollWidth <= cell.clientWidth")
    site.report(FAR, "ok")


def test_an_alarm_is_taken_out_of_service_until_somebody_puts_it_back(site: ServedFarm, page: Page) -> None:
    opened(page)
    refuse(site, TURBINE, REASON)
    refusal(page).locator(".alarm-open").click()
    dialog = page.locator("#alarm")
    dialog.get_by_role("button", name="Take out of service").click()
    give(page, by="Ada")
    expect(dialog).to_contain_text("out of service by Ada")
    dialog.get_by_role("button", name="Put in service").click()
    give(page)
    expect(dialog.get_by_role("button", name="Take out of service")).to_be_visible()


def test_a_turbines_page_has_its_alarms_with_a_way_to_each(site: ServedFarm, page: Page) -> None:
    opened(page, f"/turbines/{TURBINE}")
    refuse(site, TURBINE, REASON)
    page.locator("#turbine-alarms").get_by_role("link", name="gearbox").click()
    page.wait_for_url("**/alarms?**")
    expect(page.locator("#alarm")).to_contain_text("What to do")
    expect(refusal(page)).to_be_visible()


def test_a_receiver_is_tested_and_what_it_got_is_listed(site: ServedFarm, hook: Webhook, page: Page) -> None:
    opened(page)
    page.get_by_role("button", name="Test shift").click()
    expect(page.locator("#toasts")).to_contain_text("Shift has the test")
    expect(page.locator("#deliveries tbody tr").first).to_contain_text("sent")
    before = len(hook.accepted)

    refuse(site, TURBINE, REASON)
    newest = page.locator("#deliveries tbody tr").first
    expect(newest).to_contain_text("refused the repair")
    wait_for(lambda: len(hook.accepted) > before, "the hook has it")
    expect(newest).to_contain_text("sent")
