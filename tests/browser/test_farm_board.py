"""The turbines on the farm page: groups, filters, ages and what stays where it is; the test plays the live channel."""

import json
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.sync_api import Locator, Page, WebSocketRoute, expect

Document = dict[str, Any]

STARTED = datetime(2026, 11, 21, 12, tzinfo=UTC)
ENGINEERS = [{"engineer": 1, "turbine_number": None}, {"engineer": 2, "turbine_number": None}]


def moment(seconds: float = 0.0) -> str:
    """A time of the server, as long after the start; ISO 8601."""
    return (STARTED + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def row(turbine_number: int, standing: str = "ok", **more: Any) -> Document:
    """A turbine that was heard of two seconds before the start."""
    known = {"state": standing, "why": [], "wind_speed": 8.2, "mean_power_in_kw": 1500.0, "rated_power_in_kw": 2000.0}
    return {"turbine_number": turbine_number, "standing": standing, "received_at": moment(-2)} | known | more


class Channel:
    """The server's side of the live channel of one page."""

    def __init__(self, page: Page, *rows: Document) -> None:
        self.rows = {row["turbine_number"]: row for row in rows}
        self.number = 0
        self.troubles: list[Document] = []
        self.line: list[int] | None = None
        self.socket: WebSocketRoute
        self.asked: list[str] = []
        page.route_web_socket("**/api/v1/live*", self._open)

    def _open(self, socket: WebSocketRoute) -> None:
        self.socket = socket
        self.asked.append(socket.url)
        self._send("snapshot", list(self.rows.values()))

    def tell(self, *rows: Document, skipped: int = 0) -> None:
        """Send a delta with these rows, after so many that got lost."""
        self.rows |= {row["turbine_number"]: row for row in rows}
        self.number += 1 + skipped
        self._send("delta", list(rows))

    def _send(self, kind: str, rows: list[Document]) -> None:
        numbered = {"stream": "played", "number": self.number, "kind": kind, "at": moment(self.number)}
        self.socket.send(json.dumps(numbered | {"turbines": rows, "farm": self._farm()}))

    def _farm(self) -> Document:
        standings = Counter(row["standing"] for row in self.rows.values())
        totals = {
            "turbines": len(self.rows),
            "by_standing": dict(standings),
            "engineers": 2,
            "engineers_free": 2,
            "waiting": standings["waiting"],
            "longest_wait_since": None,
            "readings_per_second": 6.0,
            "missing": 0,
            "mean_power_in_kw": 12_345.0,
            "wind_speed": 8.2,
            "reporting": len(self.rows),
        }
        waiting = [number for number, row in self.rows.items() if row["standing"] == "waiting"]
        line = waiting if self.line is None else self.line
        farm = {"totals": totals, "engineers": ENGINEERS, "waiting": line, "troubles": self.troubles}
        return farm | {"monitor": {"running": True}}


def open_farm(page: Page, *rows: Document) -> Channel:
    """The farm page with these turbines on it."""
    channel = Channel(page, *rows)
    page.goto("/")
    expect(page.locator("#stream")).to_have_attribute("data-stream", "live")
    expect(page.locator("[data-turbine]")).to_have_count(len(rows))
    return channel


def tile(page: Page, number: int) -> Locator:
    """A turbine."""
    return page.locator(f"[data-turbine='{number}']")


def order(page: Page) -> list[int]:
    """The turbines in the order of the page."""
    numbers = page.evaluate(
        "() => [...document.querySelectorAll('[data-turbine]')].map((tile) => +tile.dataset.turbine)"
    )
    return [int(number) for number in numbers]


def test_a_tile_says_name_state_wind_power_and_age_with_units(page: Page) -> None:
    open_farm(page, row(7, "waiting", state="broken, waiting", why=["1st in line for ", {"since": moment(-65)}]))

    link = tile(page, 7).get_by_role("link")
    for words in ("T7", "broken, waiting", "8.2 m/s", "1,500 kW", "1st in line for 1 min"):
        expect(link).to_contain_text(words)
    expect(link).to_contain_text("s ago")
    expect(link).to_have_attribute("href", "/turbines/7")


def test_what_an_offline_turbine_does_now_is_unknown_and_not_zero(page: Page) -> None:
    open_farm(page, row(1, "offline", mean_power_in_kw=0.0))

    expect(tile(page, 1).locator(".tile-wind")).to_have_text("-\u00a0m/s")
    expect(tile(page, 1).locator(".tile-power")).to_have_text("-\u00a0kW")


def test_ages_go_on_while_nothing_comes(page: Page) -> None:
    page.clock.install(time=STARTED)
    open_farm(page, row(1))
    expect(tile(page, 1).locator(".tile-age")).to_contain_text("2 s")

    page.clock.run_for(4000)

    expect(tile(page, 1).locator(".tile-age")).to_contain_text("6 s")


REGIONS = (
    row(1, region="South"),
    row(2, "offline", region="South"),
    row(3, "refused", region="South"),
    row(4, "waiting", region="North"),
    row(5, region="North"),
    row(6),
    row(7, region="East"),
)


def test_regions_are_groups_worst_first_and_no_region_last(page: Page) -> None:
    open_farm(page, *REGIONS)

    headings = page.get_by_role("heading", level=3).filter(visible=True)
    expect(headings).to_contain_text(["South", "North", "East", "No region"])
    expect(headings.first).to_contain_text("1 refused")
    assert order(page) == [3, 2, 1, 4, 5, 7, 6]


def test_on_a_large_farm_all_that_are_not_ok_come_first(page: Page) -> None:
    open_farm(page, *REGIONS, *[row(number, region="South") for number in range(101, 201)])

    headings = page.get_by_role("heading", level=3).filter(visible=True)
    expect(headings).to_contain_text(["South", "North", "East", "North", "South", "No region"])
    assert order(page)[:6] == [3, 2, 4, 7, 5, 1]


def test_one_region_needs_no_heading(page: Page) -> None:
    open_farm(page, row(1, region="North"), row(2, region="North"))

    expect(page.locator(".group-heading")).to_be_hidden()
    expect(page.get_by_label("Region", exact=True)).to_be_hidden()


def test_a_count_shows_only_turbines_that_stand_so(page: Page) -> None:
    open_farm(page, row(1), row(2, "offline"), row(3, "offline"))

    offline = page.get_by_role("button", name="2 offline")
    offline.click()
    expect(page.locator("[data-turbine]")).to_have_count(2)
    expect(page.locator("#shown")).to_have_text("2 turbines of 3 shown")
    offline.click()
    expect(page.locator("[data-turbine]")).to_have_count(3)


def test_a_turbine_is_found_by_number_model_serial_number_or_region(page: Page) -> None:
    open_farm(page, row(12), row(112), row(3, model="V90"), row(4, region="Sea"), row(5, serial="GRID-77"))
    found = {}

    for text in ("12", "t12", "v90", "SEA", "grid-77", "none"):
        page.get_by_role("searchbox").fill(text)
        found[text] = order(page)

    assert found == {"12": [12, 112], "t12": [12], "v90": [3], "SEA": [4], "grid-77": [5], "none": []}
    expect(page.locator("#board")).to_contain_text("No turbine is like that")


def test_what_is_shown_is_in_the_address_so_that_a_link_a_reload_and_back_keep_it(page: Page) -> None:
    farm = [row(1, region="North"), row(2, "offline", region="North"), row(3, "offline", region="Sea")]
    open_farm(page, *farm)
    page.get_by_role("button", name="2 offline").click()
    page.get_by_label("Region", exact=True).select_option("Sea")
    page.get_by_role("searchbox").press_sequentially("t3")
    expect(page).to_have_url(re.compile(r"/\?standing=offline&region=Sea&find=t3$"))

    page.reload()
    expect(page.locator("#shown")).to_have_text("1 turbine of 3 shown")
    assert order(page) == [3]
    expect(page.get_by_role("searchbox")).to_have_value("t3")
    expect(page.get_by_label("Region", exact=True)).to_have_value("Sea")

    page.go_back()
    page.go_back()
    expect(page).to_have_url(re.compile(r"/\?standing=offline$"))
    expect(page.locator("[data-turbine]")).to_have_count(2)
    page.get_by_role("button", name="Show all").click()
    expect(page.locator("[data-turbine]")).to_have_count(3)
    expect(page).to_have_url(re.compile(r"/$"))


def test_who_pauses_after_a_failed_visit_still_needs_attention(page: Page) -> None:
    channel = open_farm(page, row(1), row(2, "waiting", why=["paused, 1 failed visit"]))
    channel.line = []
    channel.tell()

    expect(page.locator("#waiting")).to_contain_text("T2")
    expect(page.locator("#waiting")).to_contain_text("paused, 1 failed visit")
    expect(page.locator("#waiting-count")).to_have_text("1 waiting")


def test_the_tab_says_how_many_turbines_need_somebody(page: Page) -> None:
    channel = open_farm(page, row(1, "refused"), row(2, "waiting"), row(3, "offline"))
    expect(page).to_have_title("(2) Farm \u00b7 Grid")

    channel.tell(row(1), row(2))
    expect(page).to_have_title("Farm \u00b7 Grid")


def test_numbers_from_before_a_turbine_came_back_look_old(page: Page) -> None:
    open_farm(page, row(1), row(2, "unknown"), row(3, "visited", link="unknown"))

    expect(tile(page, 1)).not_to_have_attribute("data-old", "")
    expect(tile(page, 2)).to_have_attribute("data-old", "")
    expect(tile(page, 3)).to_have_attribute("data-old", "")


def test_nothing_moves_under_the_pointer_until_it_rests(page: Page) -> None:
    page.clock.install(time=STARTED)
    channel = open_farm(page, row(1), row(2))
    page.clock.run_for(1000)
    tile(page, 1).hover()

    channel.tell(row(2, "offline"))
    expect(tile(page, 2)).to_have_attribute("data-standing", "offline")
    page.clock.run_for(1000)
    assert order(page) == [1, 2]

    page.clock.run_for(3000)
    assert order(page) == [2, 1]


def test_the_focus_stays_on_a_turbine_that_moves(page: Page) -> None:
    channel = open_farm(page, row(1), row(2))
    tile(page, 2).get_by_role("link").focus()

    channel.tell(row(2, "waiting"))

    expect(page.locator("[data-turbine]").first).to_have_attribute("data-turbine", "2")
    expect(tile(page, 2).get_by_role("link")).to_be_focused()


def test_a_lost_message_brings_a_snapshot(page: Page) -> None:
    channel = open_farm(page, row(1))

    channel.tell(row(2), skipped=1)

    expect(tile(page, 2)).to_be_visible()
    first, second = channel.asked
    assert "number" not in first + second


def test_a_broken_connection_goes_on_where_it_was(page: Page) -> None:
    channel = open_farm(page, row(1))
    channel.tell(row(2))
    expect(tile(page, 2)).to_be_visible()

    channel.rows[3] = row(3)
    channel.socket.close()

    expect(tile(page, 3)).to_be_visible()
    assert channel.asked[1].endswith("?stream=played&number=1")


def test_troubles_of_the_monitor_are_sentences_with_a_time(page: Page) -> None:
    channel = open_farm(page, row(1))
    channel.troubles = [{"kind": "broker_away", "since": moment(-90), "detail": "", "sentence": "the broker is away"}]
    channel.tell()

    banner = page.locator("#banners .banner")
    expect(banner).to_contain_text("The broker is away, since")
    expect(banner.locator("time")).to_have_attribute("title", "2026-11-21 11:58:30 UTC")
    channel.troubles = []
    channel.tell()
    expect(banner).to_have_count(0)


def test_a_change_is_said_to_who_can_not_see_it(page: Page) -> None:
    channel = open_farm(page, row(1))
    expect(page.locator("#announcer")).to_be_empty()

    channel.tell(row(1, "waiting", state="broken, waiting"))

    expect(page.locator("#announcer")).to_have_text("Turbine 1: broken, waiting.")


def test_the_theme_that_the_viewer_chose_is_kept(page: Page) -> None:
    open_farm(page, row(1))
    toggle = page.get_by_role("button", name="Dark theme")
    expect(toggle).to_have_attribute("aria-pressed", "false")

    toggle.click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()

    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(toggle).to_have_attribute("aria-pressed", "true")


def test_a_large_farm_has_every_turbine_and_only_a_view_of_numbers(page: Page) -> None:
    open_farm(page, *[row(number) for number in range(1, 1201)])

    numbers = page.locator(".tile-wind")
    expect(tile(page, 1).locator(".tile-power")).to_have_text("1,500\u00a0kW")
    assert 0 < numbers.count() < 600

    tile(page, 1200).scroll_into_view_if_needed()
    expect(tile(page, 1200).locator(".tile-power")).to_have_text("1,500\u00a0kW")
    expect(tile(page, 1).locator(".tile-power")).to_have_count(0)
    assert numbers.count() < 600
