"""Repairs, the journal, dead letters, and what the monitor says of itself: read from the top, and live."""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect
from programs import wait_for
from served import ServedFarm
from story import break_down, visits_to

FIRST, SECOND = 4, 5
MARKUP = "<img src=x onerror=window.hacked=1>"


@pytest.fixture(autouse=True)
def _all_is_well(site: ServedFarm) -> None:
    for number in (FIRST, SECOND):
        site.says(number, "online", region="North")
        site.report(number, "ok")
    wait_for(lambda: not site.read("incidents", open_only=True), "nothing is broken")


def opened(page: Page, path: str) -> Page:
    """The page when it is live; marked, so that a reload would be seen."""
    page.goto(path)
    expect(page.locator("#stream")).to_have_attribute("data-stream", "live")
    page.evaluate("() => { window.sameAsBefore = true; }")
    return page


def repair(site: ServedFarm, number: int) -> None:
    """The turbine reports ok, and its engineer is back."""
    site.report(number, "ok")
    wait_for(lambda: not visits_to(site, number), f"turbine {number} is repaired")


def test_the_repairs_page_follows_who_waits_and_who_works(site: ServedFarm, page: Page) -> None:
    opened(page, "/repairs")
    expect(page.locator("#waiting-foot")).to_have_text("Nothing waits, nothing is refused.")
    expect(page.locator("#engineers")).to_contain_text("Engineer 1 is free")

    break_down(site, FIRST)
    site.report(SECOND, "broken")
    expect(page.locator("#engineers")).to_contain_text(f"Engineer 1 at Turbine {FIRST}")
    expect(page.locator("#waiting li")).to_have_count(1)
    expect(page.locator("#waiting li")).to_contain_text(f"Turbine {SECOND}")
    expect(page.locator("#repairs-sentence")).to_contain_text("1 turbine waits")

    repair(site, FIRST)
    expect(page.locator("#engineers")).to_contain_text(f"Engineer 1 at Turbine {SECOND}")
    repair(site, SECOND)
    expect(page.locator("#waiting-foot")).to_have_text("Nothing waits, nothing is refused.")
    expect(page.locator("#visits tbody tr").first).to_contain_text("repaired")
    expect(page.locator("#times section").nth(1)).to_contain_text("Median")
    assert page.evaluate("() => window.sameAsBefore") is True


def test_a_hold_is_listed_with_who_and_why(site: ServedFarm, page: Page) -> None:
    opened(page, "/repairs")
    assert site.run("hold", str(FIRST), "--by", "Ada", "--why", MARKUP).returncode == 0
    expect(page.locator("#holds")).to_contain_text(f"Turbine {FIRST} by Ada")
    expect(page.locator("#holds")).to_contain_text(MARKUP)
    assert site.run("release", str(FIRST), "--by", "Ada").returncode == 0
    expect(page.locator("#holds-foot")).to_contain_text("No turbine is held")


def test_new_entries_of_the_journal_come_first_and_are_filtered(site: ServedFarm, page: Page) -> None:
    opened(page, f"/journal?turbine={FIRST}&action=engineer_dispatched")
    rows = page.locator("#journal tbody tr")
    before = rows.count()

    break_down(site, FIRST)
    expect(rows).to_have_count(before + 1)
    expect(rows.first).to_contain_text(f"Engineer 1 sent to turbine {FIRST}")
    repair(site, FIRST)

    page.get_by_label("What happened").select_option("incident_closed")
    expect(rows.first).to_contain_text("reports ok")
    page.get_by_label("Turbine", exact=True).fill("3")
    expect(page.locator("#journal-foot")).to_contain_text("There is no such entry")
    page.get_by_role("button", name="Show all").click()
    expect(rows.first).to_contain_text(f"Turbine {FIRST}")
    assert page.evaluate("() => window.sameAsBefore") is True


def test_all_times_of_a_page_are_in_one_zone_which_it_names(site: ServedFarm, new_page: Callable[..., Page]) -> None:
    break_down(site, FIRST)
    repair(site, FIRST)
    page = opened(new_page(timezone_id="Asia/Kolkata"), "/journal?action=incident_opened")

    sentence = page.locator("#journal tbody td.long").first
    expect(sentence).to_contain_text("is broken since")
    expect(sentence).not_to_contain_text("UTC")
    spoken = str(sentence.locator("time").get_attribute("datetime"))
    there = datetime.fromisoformat(spoken).astimezone(ZoneInfo("Asia/Kolkata"))
    expect(sentence.locator("time")).to_contain_text(there.strftime("%H:%M:%S"))
    expect(page.locator("#clock")).to_contain_text("GMT+5:30")
    expect(page.locator(".site-footer")).to_contain_text("Asia/Calcutta")


def test_a_dead_letter_shows_its_payload_as_text(site: ServedFarm, page: Page) -> None:
    site.publish(f"grid/turbines/{FIRST}/metrics", f"{MARKUP} \u202e not json")
    site.publish(f"grid/turbines/{FIRST}/metrics", {"turbine_number": SECOND, "wind_speed": 1})
    wait_for(lambda: len(site.read("dead_letters")) >= 2, "both are kept")
    opened(page, "/dead-letters")

    page.get_by_role("button", name="Not JSON: 1 message.").click()
    rows = page.locator("#letters tbody tr")
    expect(rows).to_have_count(1)
    rows.get_by_text("Payload").click()
    expect(rows.locator("pre")).to_have_text(f"{MARKUP} \\u202e not json")
    assert page.evaluate("() => window.hacked") is None


def test_the_monitor_tells_how_it_is_in_sentences(page: Page) -> None:
    opened(page, "/about")
    expect(page.locator("#checks")).to_contain_text("The monitor is connected to its broker.")
    expect(page.locator("#balance")).to_contain_text("The books balance")
    licence = page.request.get(str(page.get_by_role("link", name="licence").get_attribute("href")))
    assert "Permission is hereby granted" in licence.text()
