"""What holds on every page, of a farm whose turbines send hostile texts: nothing runs, nothing bars, nothing leaks."""

from collections.abc import Callable

import pytest
from barriers import NARROW, NARROWEST, WIDE, barriers, overflow
from playwright.sync_api import Page, expect
from served import ServedFarm
from story import EVERY_PAGE, HELD, REFUSING, Words, tell

IMAGE = "<img src=x onerror=hacked=1>"
HOSTILE = Words(
    session=IMAGE,
    model="</script><script>hacked=1</script>",
    region="W" * 64,
    serial="javascript:hacked=1//'\"`--></style>",
    reason="{{7*7}}${7*7}<svg onload=hacked=1>",
    topic=f"grid/turbines/{IMAGE}/metrics",
    payload=f'"><script>hacked=1</script>{IMAGE} ' + "\u200f\u05e9\u05dc\u05d5\u05dd " + "M" * 500,
    by=f"<b>Ada</b>{IMAGE}",
    why="<iframe srcdoc='<script>top.hacked=1</script>'>",
)

every_page = pytest.mark.parametrize("path", EVERY_PAGE.values(), ids=EVERY_PAGE.keys())


@pytest.fixture(scope="module", autouse=True)
def _hostile_farm(site: ServedFarm) -> None:
    tell(site, HOSTILE)


def settled(page: Page, path: str) -> Page:
    """The page when it is live and has what it asked for."""
    page.goto(path)
    expect(page.locator("#stream")).to_have_attribute("data-stream", "live")
    page.wait_for_load_state("networkidle")
    return page


@every_page
def test_nothing_bars_anybody_in_light_dark_and_narrow(page: Page, path: str) -> None:
    settled(page, path)

    light = barriers(page)
    page.emulate_media(color_scheme="dark")
    dark = barriers(page)
    page.set_viewport_size(NARROW)
    narrow = barriers(page)

    assert (light, dark, narrow) == ([], [], [])


def test_a_barrier_would_be_found(page: Page) -> None:
    settled(page, "/")
    page.evaluate("() => document.querySelector('main').append(document.createElement('button'))")

    assert [found.split()[0] for found in barriers(page)] == ["button-name"]


@every_page
def test_nothing_bars_anybody_from_the_help(page: Page, path: str) -> None:
    settled(page, path)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()

    assert barriers(page) == []


def test_nothing_bars_anybody_from_giving_an_order(page: Page) -> None:
    settled(page, EVERY_PAGE["turbine"])
    page.get_by_role("button", name="Send an engineer").click()
    expect(page.get_by_role("dialog")).to_be_visible()

    assert barriers(page) == []


def test_nothing_bars_anybody_from_an_alarm_and_from_shelving_it(page: Page) -> None:
    settled(page, EVERY_PAGE["alarms"])
    page.locator(".alarm-open").first.click()
    expect(page.locator("#alarm")).to_be_visible()
    opened = barriers(page)
    page.locator("#alarm").get_by_role("button", name="Shelve").click()
    expect(page.locator("#order")).to_be_visible()

    assert (opened, barriers(page)) == ([], [])


@every_page
def test_no_page_scrolls_sideways(page: Page, path: str) -> None:
    settled(page, path)

    wider = {}
    for viewport in (WIDE, NARROW, NARROWEST):
        page.set_viewport_size(viewport)
        wider[viewport["width"]] = overflow(page)

    assert set(wider.values()) == {0}, wider


@every_page
def test_what_a_turbine_sends_is_text_and_nothing_runs(page: Page, path: str) -> None:
    settled(page, path)

    assert page.evaluate("() => typeof hacked") == "undefined"
    assert page.locator("img, iframe, svg[onload]").count() == 0
    assert page.locator("a[href^='javascript']").count() == 0


SEEN = [
    ("farm", HOSTILE.region),
    ("turbine", HOSTILE.model),
    ("turbine", HOSTILE.region),
    ("turbine", HOSTILE.serial),
    ("turbine", HOSTILE.session),
    ("turbine", HOSTILE.reason),
    ("alarms", HOSTILE.reason),
    ("journal", HOSTILE.why),
    ("journal", HOSTILE.reason),
    ("dead letters", IMAGE),
]


@pytest.mark.parametrize(("name", "text"), SEEN, ids=[f"{name}: {text[:12]}" for name, text in SEEN])
def test_a_hostile_text_is_seen_as_it_was_sent(page: Page, name: str, text: str) -> None:
    settled(page, EVERY_PAGE[name])

    expect(page.get_by_text(text).locator("visible=true").first).to_be_visible()


def test_who_holds_a_turbine_and_why_is_seen_as_it_was_typed(page: Page) -> None:
    settled(page, f"/turbines/{HELD}")

    expect(page.get_by_text(HOSTILE.why).locator("visible=true").first).to_be_visible()


@every_page
def test_without_javascript_a_page_says_so(site: ServedFarm, new_page: Callable[..., Page], path: str) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(path)

    sentence = page.locator("noscript > p")  # by its place: Playwright finds no text in a noscript
    expect(sentence).to_be_visible()
    assert "JavaScript" in sentence.inner_text()


def test_the_title_of_a_page_says_where_one_is(page: Page) -> None:
    titles = set()
    for path in EVERY_PAGE.values():
        page.goto(path)
        titles.add(page.title())

    assert len(titles) == len(EVERY_PAGE)
    assert any(str(REFUSING) in title for title in titles)
