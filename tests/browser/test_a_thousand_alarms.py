"""The page of alarms after a night in which a thousand turbines were offline."""

import shutil
import time
from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Page, expect
from served import ServedFarm
from stores import fill
from surroundings import missing

from grid.times import SECOND
from monitor.demo_broker import LocalMosquitto, find_mosquitto
from monitor.facts import Alarm, AlarmChanges, AlarmState, Changes, KnowledgeChanges, Severity


def alarms() -> list[Alarm]:
    """Turbines that were offline, and came back before this monitor was started: each waits for somebody."""
    at = time.time_ns() // 1000 - 3600 * SECOND
    return [
        Alarm(
            number, "turbine_offline", f"turbine-{number}", number, "East", Severity.MEDIUM, AlarmState.CLEARED,
            f"Turbine {number} is offline: the broker lost it.", at, at, cleared_at=at, announced_at=at,
        )
        for number in range(1, 1001)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedFarm]:
    """A monitor that finds them in its ledger, and its pages."""
    if find_mosquitto() is None:
        missing("mosquitto is not installed")
    folder = tmp_path_factory.mktemp("site")
    (folder / "data").mkdir()
    fill(folder / "data", also=Changes(knowledge=KnowledgeChanges(alarms=AlarmChanges(alarms()))))
    with LocalMosquitto(folder) as broker, closing(ServedFarm(broker, folder)) as farm:
        farm.serve()
        yield farm
    shutil.rmtree(folder)


def test_a_thousand_alarms_are_listed_and_acknowledged_at_once(page: Page) -> None:
    page.goto("/alarms")
    rows = page.locator("#alarms tbody tr")
    expect(page.locator("#alarms-sentence")).to_contain_text("1,000 alarms wait to be acknowledged: 1,000 medium")
    expect(page.locator("#alarms-waiting")).to_have_text("1,000 alarms, worst medium")
    expect(rows).to_have_count(200)
    page.get_by_role("button", name="Show 200 more of 800").click()
    expect(rows).to_have_count(400)

    page.keyboard.press("C")
    page.get_by_label("Who").fill("Ada")
    page.get_by_label("Comment", exact=True).fill("the night of the storm")
    page.get_by_role("button", name="Acknowledge 1,000 alarms").click()
    expect(page.locator("#alarms-sentence")).to_contain_text("Nothing waits to be acknowledged")
    expect(rows).to_have_count(0)
    expect(page.locator("#alarms-waiting")).to_have_text("0 alarms")
