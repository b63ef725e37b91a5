"""What the page makes of alarms' documents: the modules themselves, in Chromium, without a page around them."""

from typing import Any

import pytest
from playwright.sync_api import Page

Document = dict[str, Any]

_ORDERED = """async (alarms) => {
  const { inOrder } = await import("/static/js/alarm-facts.js");
  return alarms.sort(inOrder).map((alarm) => alarm.alarm_id);
}"""
_GROUPS = """async (alarm) => {
  const { isListed, isOf } = await import("/static/js/alarm-facts.js");
  const facts = { chattering: new Set([7]), standing: new Set([8]) };
  const groups = ["waiting", "active", "standing", "chattering", "shelved", "suppressed", "out_of_service"];
  return [...groups.filter((group) => isOf(group, alarm, facts)), ...(isListed(alarm) ? ["listed"] : [])];
}"""
_STRIPS = """async (windows) => {
  const { trendsOfWindows, stretchesOf, summaryOf } = await import("/static/js/series.js");
  const trends = trendsOfWindows(windows, 60);
  return { wind: trends.wind, stretches: stretchesOf(trends), summary: summaryOf(trends) };
}"""
_ENDS = """async ([name, now]) => {
  const { endsOf } = await import("/static/js/periods.js");
  return endsOf(name, new Date(now)).map((end) => end.toISOString());
}"""


_NORMAL = """async (baseline) => {
  const { boundsInWords, howSure } = await import("/static/js/normal-words.js");
  const words = [...baseline.quantities.map((normal) => boundsInWords(normal, baseline.quantities)), howSure(baseline)];
  return words.map((text) => text.replaceAll("\u00a0", " "));
}"""
_GUIDANCE = """async (alarm) => (await import("/static/js/alarm-facts.js")).guidanceOf(alarm)"""


@pytest.fixture
def empty_page(page: Page) -> Page:
    """A page of the site that runs nothing."""
    page.goto("/health/live")
    return page


def alarm(alarm_id: int, severity: str = "high", state: str = "unacknowledged", **more: Any) -> Document:
    """An alarm as the API tells it."""
    silent = {"shelved_until": None, "out_of_service_by": None, "suppressed_by": None}
    raised_at = f"2026-11-21T12:00:{alarm_id:02}Z"
    return {"alarm_id": alarm_id, "severity": severity, "state": state, "raised_at": raised_at} | silent | more


def test_what_waits_comes_first_then_by_severity_the_newest_first(empty_page: Page) -> None:
    alarms = [
        alarm(1, "critical", "acknowledged"),
        alarm(2, "low"),
        alarm(3, "high"),
        alarm(4, "high"),
        alarm(5, "high", "cleared"),
        alarm(6, "critical", shelved_until="2026-11-21T13:00:00Z"),
    ]

    assert empty_page.evaluate(_ORDERED, alarms) == [4, 3, 5, 2, 1, 6]


@pytest.mark.parametrize(
    ("shown", "groups"),
    [
        (alarm(1), ["waiting", "active", "listed"]),
        (alarm(1, state="cleared"), ["waiting", "listed"]),
        (alarm(1, state="acknowledged"), ["active", "listed"]),
        (alarm(1, state="normal"), []),
        (alarm(7), ["waiting", "active", "chattering", "listed"]),
        (alarm(8, state="acknowledged"), ["active", "standing", "listed"]),
        (alarm(1, shelved_until="2026-11-21T13:00:00Z"), ["shelved", "listed"]),
        (alarm(1, suppressed_by="turbine_offline"), ["suppressed", "listed"]),
        (alarm(1, state="normal", out_of_service_by="Ada"), ["out_of_service", "listed"]),
    ],
)
def test_an_alarm_that_is_silenced_waits_for_nobody(empty_page: Page, shown: Document, groups: list[str]) -> None:
    assert empty_page.evaluate(_GROUPS, shown) == groups


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("unacknowledged", "Look at it."),
        ("acknowledged", "Look at it."),
        ("cleared", "Its cause is gone. Acknowledge it when you have seen it."),
        ("normal", ""),
    ],
)
def test_what_to_do_is_said_as_long_as_something_is_to_be_done(empty_page: Page, state: str, said: str) -> None:
    assert empty_page.evaluate(_GUIDANCE, alarm(1, state=state, guidance="Look at it.")) == said


def normal(quantity: str, unit: str, expected: float, band: float) -> Document:
    """What is normal as the API tells it."""
    return {"quantity": quantity, "unit": unit, "expected": expected, "low": expected - band, "high": expected + band}


def test_what_is_normal_says_of_which_wind_and_how_sure_it_is(empty_page: Page) -> None:
    quantities = [
        normal("wind_speed", "m/s", 4.2, 7.1),
        normal("power", "kW", 112, 54),
        normal("current", "A", 95.7, 17.2),
        normal("temperature", "\u00b0C", -3, 7),
    ]
    learnt = {"is_learnt": True, "learnt_from": "2026-11-21T12:00:00Z", "learnt_to": "2026-11-21T12:02:00Z"}

    assert empty_page.evaluate(_NORMAL, learnt | {"quantities": quantities}) == [
        "up to 11.3 m/s",
        "58 to 166 kW, in 4.2 m/s",
        "78.5 to 112.9 A, at 112 kW",
        "-10.0 to 4.0 \u00b0C",
        "What comes outside may be a finding. Learnt in only 2 min: not sure yet.",
    ]


def window(minute: int, covered_seconds: float = 60, broken_seconds: float = 0) -> Document:
    """A minute as the API tells it."""
    values = {"wind_speed_mean": 8, "wind_speed_min": 7, "wind_speed_max": 9, "mean_power_in_kw": 500, "readings": 6}
    start_at = f"1970-01-01T00:{minute:02}:00Z"
    return values | {"start_at": start_at, "covered_seconds": covered_seconds, "broken_seconds": broken_seconds}


def test_windows_show_for_how_long_it_was_broken_and_for_how_long_nothing_was_heard(empty_page: Page) -> None:
    windows = [window(0), window(1, broken_seconds=45), window(2, covered_seconds=20), window(9)]
    shown = empty_page.evaluate(_STRIPS, windows)

    assert shown["wind"] == [8, 8, 8, None, 8]
    assert [(stretch["from"], stretch["to"], stretch["broken"]) for stretch in shown["stretches"]] == [
        (0, 75, False), (75, 120, True), (120, 140, False), (540, 600, False),
    ]  # fmt: skip
    assert (shown["summary"]["brokenSeconds"], shown["summary"]["coveredSeconds"]) == (45, 200)


@pytest.mark.parametrize(
    ("name", "since", "until"),
    [
        ("today", "2026-11-20T23:00:00.000Z", "2026-11-21T12:00:00.000Z"),
        ("7d", "2026-11-14T12:00:00.000Z", "2026-11-21T12:00:00.000Z"),
        ("2026-11", "2026-10-31T23:00:00.000Z", "2026-11-21T12:00:00.000Z"),
        ("2026-03", "2026-02-28T23:00:00.000Z", "2026-03-31T22:00:00.000Z"),
    ],
)
def test_a_period_is_of_the_viewers_zone(new_page: Any, name: str, since: str, until: str) -> None:
    page = new_page(timezone_id="Europe/Berlin")
    page.goto("/health/live")

    assert page.evaluate(_ENDS, [name, "2026-11-21T12:00:00Z"]) == [since, until]
