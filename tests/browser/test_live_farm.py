"""The farm in the browser as the live channel tells it: the module itself, in Chromium, without a page around it."""

from typing import Any

import pytest
from playwright.sync_api import Page

Document = dict[str, Any]

AT = "2026-11-21T12:00:00.000000Z"
A_SECOND_LATER = "2026-11-21T12:00:01.000000Z"
TEN_SECONDS_BEFORE = "2026-11-21T11:59:50.000000Z"

_TOLD = """async ([messages, now]) => {
  const { LiveFarm } = await import("/static/js/live-farm.js");
  const farm = new LiveFarm();
  const told = messages.map((message) => farm.apply(message, now));
  const rows = Object.fromEntries(farm.rows);
  const ages = Object.fromEntries([...farm.rows].map(([number, row]) => [number, farm.age(row, now + 3000)]));
  return { told, rows, ages, position: farm.position, at: farm.at };
}"""


@pytest.fixture
def empty_page(page: Page) -> Page:
    """A page of the site that runs nothing."""
    page.goto("/health/live")
    return page


def told(page: Page, *messages: Document) -> Document:
    """What the farm makes of messages that all come at once; ages are as of three seconds later."""
    result: Document = page.evaluate(_TOLD, [list(messages), 50_000.0])
    return result


def snapshot(number: int, *rows: Document, stream: str = "a") -> Document:
    """A snapshot with these rows."""
    return {"kind": "snapshot", "stream": stream, "number": number, "at": AT, "turbines": list(rows), "farm": {}}


def delta(number: int, *rows: Document, stream: str = "a", readings: Document | None = None) -> Document:
    """A delta with these rows and columns."""
    turbines = list(rows)
    at = A_SECOND_LATER
    numbered = {"kind": "delta", "stream": stream, "number": number, "at": at, "turbines": turbines, "farm": {}}
    return numbered | ({} if readings is None else {"readings": readings})


def row(turbine_number: int, standing: str = "ok", **more: Any) -> Document:
    """A row of the live channel."""
    return {"turbine_number": turbine_number, "standing": standing, "state": standing, "why": [], **more}


def columns(turbine_number: int, age: float | None, wind_speed: float | None) -> Document:
    """The newer reading of one turbine."""
    return {
        "turbine_number": [turbine_number],
        "reading_age_seconds": [age],
        "wind_speed": [wind_speed],
        "power_output_in_kwh": [0.5],
        "mean_power_in_kw": [None],
    }


def test_a_delta_changes_only_what_it_names(empty_page: Page) -> None:
    result = told(empty_page, snapshot(7, row(1), row(2)), delta(8, row(2, "waiting")))

    assert [change["kind"] for change in result["told"]] == ["snapshot", "delta"]
    assert {number: row["standing"] for number, row in result["rows"].items()} == {"1": "ok", "2": "waiting"}
    assert result["told"][1]["turbines"] == [2]
    assert result["position"] == {"stream": "a", "number": 8}


def test_what_a_whole_row_leaves_out_is_unknown_again(empty_page: Page) -> None:
    result = told(empty_page, snapshot(7, row(1, engineer=2)), delta(8, row(1)))

    assert "engineer" not in result["rows"]["1"]


def test_a_snapshot_forgets_turbines_that_are_gone(empty_page: Page) -> None:
    result = told(empty_page, snapshot(7, row(1), row(2)), snapshot(9, row(2)))

    assert list(result["rows"]) == ["2"]


def test_numbers_are_checked(empty_page: Page) -> None:
    later = {"kind": "of a later version"}
    messages = [delta(8), delta(9), delta(8, stream="b"), delta(7), later]

    kinds = [told(empty_page, snapshot(7, row(1)), message)["told"][1]["kind"] for message in messages]

    assert kinds == ["delta", "gap", "gap", "ignored", "ignored"]


def test_a_delta_without_a_snapshot_is_a_gap(empty_page: Page) -> None:
    result = told(empty_page, delta(8, row(1)))

    assert result["told"][0]["kind"] == "gap"
    assert result["rows"] == {}


def test_the_age_of_a_reading_is_the_servers_and_goes_on(empty_page: Page) -> None:
    result = told(empty_page, snapshot(7, row(1, received_at=TEN_SECONDS_BEFORE), row(2)))

    assert result["ages"] == {"1": pytest.approx(13.0), "2": None}


def test_columns_change_the_numbers_and_keep_the_rest(empty_page: Page) -> None:
    first = snapshot(7, row(1, "waiting", wind_speed=3.0, mean_power_in_kw=900.0, received_at=TEN_SECONDS_BEFORE))

    result = told(empty_page, first, delta(8, readings=columns(1, 0.4, 8.2)))

    known = result["rows"]["1"]
    assert (known["standing"], known["wind_speed"], known["mean_power_in_kw"]) == ("waiting", 8.2, None)
    assert result["ages"]["1"] == pytest.approx(3.4)
    assert (result["told"][1]["turbines"], result["told"][1]["readings"]) == ([], [1])


def test_columns_of_a_turbine_that_is_not_known_are_left_out(empty_page: Page) -> None:
    result = told(empty_page, snapshot(7), delta(8, readings=columns(1, 0.4, 8.2)))

    assert result["rows"] == {}


def test_turbines_are_sorted_worst_first_then_by_place_in_line_then_by_number(empty_page: Page) -> None:
    order = empty_page.evaluate(
        """async (rows) => {
          const { worstFirst } = await import("/static/js/live-farm.js");
          return rows.sort(worstFirst(new Map([[4, 0], [3, 1]]))).map((row) => row.turbine_number);
        }""",
        [row(1), row(2, "offline"), row(3, "waiting"), row(4, "waiting"), row(5, "refused"), row(10), row(9)],
    )

    assert order == [5, 4, 3, 2, 1, 9, 10]


def test_an_age_has_one_unit(empty_page: Page) -> None:
    seconds = [None, -1, 0.9, 59.9, 60, 3600, 86_400 * 2]

    shown = empty_page.evaluate("async (all) => all.map((await import('/static/js/clock.js')).age)", seconds)

    assert shown == ["-", "0 s", "0 s", "59 s", "1 min", "1 h", "2 d"]
