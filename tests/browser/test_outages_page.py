"""Outages and availability on their page, and on that of a turbine."""

import csv
import json
import subprocess
import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from programs import wait_for
from served import ServedFarm

from grid.times import SECOND, format_time
from monitor.facts import MINUTE_SECONDS
from monitor.store.queries.windows import Wanted, turbine_windows
from monitor.store.reader import LedgerReader

TURBINE, BROKEN = 6, 7
HOURS = 2
EVERY_SECONDS = 30
BROKEN_FROM, BROKEN_UNTIL = 3600, 3600 + 1200
"""Of the two hours: twenty minutes."""


def now() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1000


@pytest.fixture(scope="module", autouse=True)
def _two_hours(site: ServedFarm) -> None:
    """What two turbines would have sent in two hours that are over; one was broken for a while."""
    quarter = 900 * SECOND
    begin = now() // quarter * quarter - HOURS * 3600 * SECOND
    for number in (TURBINE, BROKEN):
        site.says(number, "online", model="E-82", rated_power_in_kw=2000.0, region="North")
        lines = []
        for second in range(0, HOURS * 3600, EVERY_SECONDS):
            is_broken = number == BROKEN and BROKEN_FROM <= second < BROKEN_UNTIL
            reading = {
                "turbine_number": number,
                "wind_speed": 8.0,
                "power_output_in_kwh": 0.0 if is_broken else 6.0,
                "operational_status": "broken" if is_broken else "ok",
                "emitted_at": format_time(begin + second * SECOND),
            }
            lines.append(json.dumps(reading))
        client = ["mosquitto_pub", "-h", site.host, "-p", str(site.port), "-q", "1"]
        topic = f"grid/turbines/{number}/metrics"
        subprocess.run([*client, "-t", topic, "-l"], input="\n".join(lines), text=True, check=True)
        site.report(number, "ok")
    sent = HOURS * 3600 // EVERY_SECONDS
    wait_for(lambda: len(site.read("readings", turbine_number=BROKEN, newest=2 * sent)) > sent, "all is stored")
    wait_for(lambda: figured(site) >= HOURS * 60, "the windows of the two hours are figured")


def figured(site: ServedFarm) -> int:
    """How many minutes of the broken turbine have a window."""
    wanted = Wanted(MINUTE_SECONDS, 0, now(), 10_000)
    with LedgerReader.open(site.data_dir / "grid.db") as reader:
        return sum(shown.is_complete for shown in turbine_windows(reader, BROKEN, wanted, now=now()))


def opened(page: Page, path: str = "/outages") -> Page:
    """The page when it is live and has its figures."""
    page.goto(path)
    expect(page.locator("#stream")).to_have_attribute("data-stream", "live")
    page.wait_for_load_state("networkidle")
    return page


def test_availability_is_told_for_each_turbine_and_given_to_a_spreadsheet(page: Page, tmp_path: Path) -> None:
    opened(page, "/outages?period=today")
    row = page.locator("#availability tbody tr").filter(has_text=f"Turbine {BROKEN}")
    expect(row).to_contain_text("83.3 %")
    expect(row).to_contain_text("forced outage 20 min")
    expect(page.locator("#farm-figures")).to_contain_text("Forced outages")

    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    path = tmp_path / "availability.csv"
    download.value.save_as(path)
    lines = csv.DictReader(path.read_text().splitlines())
    [line] = [line for line in lines if line["turbine_number"] == str(BROKEN)]
    assert float(line["time_availability"]) == pytest.approx(5 / 6, abs=0.01)
    assert download.value.suggested_filename == "availability.csv"


def test_availability_is_told_by_region_and_farm_and_that_is_in_the_address(page: Page) -> None:
    opened(page)
    page.get_by_role("button", name="Regions").click()
    expect(page.locator("#availability tbody")).to_contain_text("North")
    page.get_by_role("button", name="Days").click()
    assert "by=region&per=day" in page.url
    page.reload()
    expect(page.get_by_role("button", name="Regions")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#availability tbody tr").filter(has_text="North")).not_to_have_count(0)


def test_an_outage_is_listed_while_it_goes_on_and_with_its_end(site: ServedFarm, page: Page) -> None:
    opened(page, f"/outages?of={TURBINE}&type=broken")
    expect(page.locator("#outages-foot")).to_contain_text("No outage is known")
    site.report(TURBINE, "broken", power_output_in_kwh=0.0)
    row = page.locator("#outages tbody tr")
    expect(row).to_contain_text("goes on")
    expect(row).to_contain_text("forced outage")
    site.report(TURBINE, "ok")
    expect(row).not_to_contain_text("goes on")


def test_a_controllers_report_is_found_by_its_name_and_type(site: ServedFarm, page: Page) -> None:
    report = {"controller_id": "substation-2", "outage_type": "grid", "timestamp": format_time(now())}
    answer = page.request.post(f"{site.url}/api/v1/outages", data=report)
    assert answer.ok, answer.text()

    opened(page, "/outages?type=grid")
    expect(page.locator("#outages tbody tr")).to_have_count(1)
    page.get_by_label("Turbine or controller").fill("substation-2")
    expect(page.locator("#outages tbody tr")).to_contain_text("substation-2")
    page.get_by_label("Turbine or controller").fill(str(TURBINE))
    expect(page.locator("#outages-foot")).to_contain_text("No outage is known")


def test_a_time_of_which_nothing_is_known_is_not_called_good(page: Page) -> None:
    opened(page, "/outages?period=2020-01")
    expect(page.locator("#outages-sentence")).to_have_text("Nothing is known of the farm in January 2020.")
    expect(page.locator("#outages-foot")).to_have_text("No outage is known in this time.")


def test_one_report_of_a_moment_does_not_tell_how_long(site: ServedFarm, page: Page) -> None:
    report = {"controller_id": "turbine-2", "outage_type": "icing", "timestamp": format_time(now())}
    assert page.request.post(f"{site.url}/api/v1/outages", data=report).ok
    opened(page, "/outages?type=icing")
    row = page.locator("#outages tbody tr")
    expect(row).to_contain_text("a moment")
    expect(row).not_to_contain_text("kWh")


_BY_ENERGY = """async (line) => {
  const { byEnergyInWords, lossesUnknown, lostInWords } = await import("/static/js/availability-table.js");
  return [byEnergyInWords(line), lostInWords(line), lossesUnknown(line)].map((text) => text.replaceAll("\u00a0", " "));
}"""


@pytest.mark.parametrize(
    ("lost", "unknown", "said"),
    [
        (25.0, 0, ["80.0 %", "25 kWh", ""]),
        (25.0, 2, ["at most 80.0 %", "at least 25 kWh", "of 2 outages unknown"]),
        (0.0, 1, ["unknown", "unknown", "of 1 outage"]),
    ],
)
def test_losses_are_a_bound_where_one_is_unknown(page: Page, lost: float, unknown: int, said: list[str]) -> None:
    page.goto("/health/live")  # a document with a body, and nothing that runs
    share = 100 / (100 + lost)
    line = {"lost_energy_in_kwh": lost, "losses_unknown": unknown, "energy_availability_at_most": share}
    assert page.evaluate(_BY_ENERGY, line | {"energy_availability": None if unknown else share}) == said


def test_a_turbines_day_is_drawn_from_windows_with_the_time_it_was_broken(page: Page) -> None:
    opened(page, f"/turbines/{BROKEN}?hours=24")
    expect(page.locator("#trends-summary")).to_contain_text("Broken for 20 min")
    expect(page.locator("#outages tbody tr")).to_contain_text("broken")
    page.get_by_text("The values as a table").click()
    expect(page.locator("#trends-values tbody tr").filter(has_text="broken")).to_have_count(20)
