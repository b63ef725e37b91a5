"""One turbine on its page: followed, explained, ordered about, and drawn."""

import pytest
from playwright.sync_api import Locator, Page, expect
from programs import wait_for
from served import ServedFarm
from story import break_down, visit_to
from watched import Watch

TURBINE = 4
UNKNOWN = 777
SILENCE_MILLISECONDS = 15_000
"""The page waits five seconds before it calls its stream down."""


@pytest.fixture(autouse=True)
def _turbine_is_well(site: ServedFarm) -> None:
    site.says(TURBINE, "online", model="E-82", rated_power_in_kw=2000.0, region="North", latitude=-54.5, longitude=7.25)
    site.report(TURBINE, "ok", wind_speed=7.5, power_output_in_kwh=0.25, voltage=690.0)
    wait_for(lambda: not site.read("incidents", open_only=True), "nothing is broken")


def opened(page: Page, query: str = "") -> Page:
    """The turbine's page when it is live and has drawn its trends; marked, so that a reload would be seen."""
    page.goto(f"/turbines/{TURBINE}{query}")
    expect(page.locator("#stream")).to_have_attribute("data-stream", "live")
    expect(page.locator("#trends-summary")).to_contain_text("reading")
    page.evaluate("() => { window.sameAsBefore = true; }")
    return page


def standing(page: Page) -> Locator:
    """How it stands, as a shape and words."""
    return page.locator("#standing .badge")


def give(page: Page, order: str, *, by: str = "", why: str = "") -> None:
    """Fill in the dialog of an order, and send it."""
    page.locator(f"[data-order={order}]").click()
    if by:
        page.get_by_label("Who orders it").fill(by)
    page.get_by_label("Why", exact=True).fill(why)
    page.locator("#order-give").click()


def test_a_repair_is_followed_and_explained_without_a_reload(site: ServedFarm, page: Page) -> None:
    opened(page)
    expect(standing(page)).to_have_attribute("data-standing", "ok")

    break_down(site, TURBINE)
    expect(standing(page)).to_have_text("broken, engineer 1")
    story = page.locator("#story")
    expect(story).to_contain_text(f"Engineer 1 sent to turbine {TURBINE}")
    dispatch_id = visit_to(site, TURBINE).dispatch_id
    site.answer_order(TURBINE, dispatch_id, "accepted")
    site.answer_order(TURBINE, dispatch_id, "done")
    site.report(TURBINE, "ok", wind_speed=7.5)

    expect(standing(page)).to_have_attribute("data-standing", "ok")
    expect(story).to_contain_text("repaired by engineer 1")
    expect(page.locator("#incidents tbody tr").first).to_contain_text("repaired")
    expect(page.locator("#visits tbody tr").first).to_contain_text("repaired")
    assert page.evaluate("() => window.sameAsBefore") is True


def test_what_a_turbine_says_of_itself_is_shown_with_units(page: Page) -> None:
    opened(page)
    expect(page.locator("#identity")).to_contain_text("54.5000\u00b0 S, 7.2500\u00b0 E")
    expect(page.locator("#identity")).to_contain_text("2,000\u00a0kW")
    expect(page.locator("#quantities")).to_contain_text("690.0\u00a0V")
    expect(page.locator("#quantities dt:text-is('Temperature') + dd")).to_have_text("-")


def test_an_order_is_given_with_who_and_why_and_the_name_is_remembered(site: ServedFarm, page: Page) -> None:
    opened(page)
    give(page, "hold", by="Ada", why="blade inspection")

    expect(page.locator("#orders-note")).to_contain_text(f"Turbine {TURBINE} is held by Ada (blade inspection)")
    expect(standing(page)).to_have_attribute("data-standing", "held")
    assert [(hold.by, hold.why) for hold in site.read("holds")] == [("Ada", "blade inspection")]

    opened(page)
    give(page, "release")
    expect(page.locator("#orders-note")).to_contain_text("released by Ada")
    expect(standing(page)).to_have_attribute("data-standing", "ok")


def test_the_monitor_says_why_it_refuses_an_order(page: Page, watch: Watch) -> None:
    watch.forgive("status of 409")
    opened(page)
    give(page, "release", by="Ada")
    expect(page.get_by_role("alert")).to_have_text(f"Turbine {TURBINE} is not held")


def test_what_was_refused_may_be_possible_when_it_is_asked_again(site: ServedFarm, page: Page, watch: Watch) -> None:
    watch.forgive("status of 409")
    page.add_init_script("delete Crypto.prototype.randomUUID")  # as over plain HTTP from another machine
    opened(page)
    give(page, "release", by="Ada")
    expect(page.get_by_role("alert")).to_have_text(f"Turbine {TURBINE} is not held")
    assert site.run("hold", str(TURBINE), "--by", "Bob").returncode == 0
    page.locator("#order-give").click()
    expect(page.locator("#orders-note")).to_contain_text("released by Ada")


def test_an_unknown_turbine_has_a_page_that_says_so(page: Page, watch: Watch) -> None:
    watch.forgive("status of 404")
    response = page.goto(f"/turbines/{UNKNOWN}")
    assert response is not None
    assert response.status == 404
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Turbine {UNKNOWN} is not known")


def test_the_trends_are_told_in_words_and_values_too(page: Page) -> None:
    opened(page)
    trends = page.locator("#trends")
    told = page.locator("#trends-summary").inner_text()
    expect(trends).to_have_attribute("aria-label", f"Charts of wind, power and status. {told}")

    trends.focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#readout")).to_contain_text("wind 7.5\u00a0m/s")
    expect(page.locator("#readout")).not_to_contain_text("Newest")

    page.get_by_text("The values as a table").click()
    expect(page.locator("#trends-values tbody tr").first).to_contain_text("7.5\u00a0m/s")


def test_all_ranges_are_read_and_drawn(page: Page) -> None:
    opened(page)
    for range_name, words in (("24 h", "the last 24 hours"), ("7 d", "the last 7 days"), ("1 h", "the last hour")):
        page.get_by_role("button", name=range_name, exact=True).click()
        expect(page.locator("#trends-summary")).to_contain_text(words)
    is_drawn = "canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(Boolean)"
    canvases = f"() => [...document.querySelectorAll('#trends canvas')].map((canvas) => {is_drawn})"
    assert page.evaluate(canvases) == [True, True, True]


def test_a_turbine_is_left_for_its_neighbours_and_the_farm(page: Page) -> None:
    opened(page)
    expect(page.locator("#previous")).to_have_text(f"\u2190 Turbine {TURBINE - 1}")
    page.keyboard.press("[")
    page.wait_for_url(f"**/turbines/{TURBINE - 1}")
    expect(page.locator("#next")).to_be_visible()
    page.keyboard.press("Escape")
    page.wait_for_url("**/")


def test_no_line_is_drawn_over_a_gap(page: Page) -> None:
    """Readings every 10 s, then half an hour without: the row between them holds nothing."""
    opened(page)
    columns = page.evaluate("""async () => {
        const { trendsOf, summaryOf, stretchesOf } = await import("/static/js/series.js");
        const start = [0, 10, 20, 1820, 1830].map((second) => new Date(second * 1000).toISOString());
        const five = (value) => Array(5).fill(value);
        const trends = trendsOf({start, width_seconds: 10, readings: five(1), wind_speed_mean: five(8),
            wind_speed_min: five(7), wind_speed_max: five(9), mean_power_in_kw: five(500), broken: [0, 0, 0.5, 0, 0]});
        return {wind: trends.wind, gaps: summaryOf(trends).gaps, stretches: stretchesOf(trends)};
    }""")
    assert columns["wind"] == [8, 8, 8, None, 8, 8]
    assert columns["gaps"] == [[20, 1820]]
    assert [(stretch["from"], stretch["to"], stretch["broken"]) for stretch in columns["stretches"]] == [
        (0, 20, False), (20, 20, True), (1820, 1830, False),
    ]  # fmt: skip


def test_no_order_can_be_given_while_the_page_hears_nothing(site: ServedFarm, page: Page, watch: Watch) -> None:
    watch.forgive("WebSocket connection|503")  # a question that was under way took too long
    opened(page)
    [serving] = site.processes_beside_the_monitor()
    serving.suspend()
    try:
        expect(page.locator("#orders-note")).to_contain_text("Orders can't be given", timeout=SILENCE_MILLISECONDS)
        expect(page.locator("[data-order=repair]")).to_be_disabled()
    finally:
        serving.resume()
    expect(page.locator("[data-order=repair]")).to_be_enabled(timeout=SILENCE_MILLISECONDS)
