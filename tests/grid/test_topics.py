"""Topics: what is written is read back, and nothing else is taken for a turbine's number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.topics import (
    EVERYTHING,
    MAX_TURBINE_NUMBER,
    MONITOR_CANARY,
    MONITOR_STATUS,
    Kind,
    TurbineTopic,
    events_of_controller,
    outages_of_controller,
    parse,
    parse_outages_topic,
)

NOT_A_NUMBER = [
    "007",
    "0",
    "+7",
    "-1",
    "",
    " 7",
    "7 ",
    "7\n",
    "7.0",
    "1_000",
    "0x7",
    "1e3",
    "+",
    "#",
    "\u0667",  # Arabic-Indic 7: a digit to Python's int()
    "\uff17",  # fullwidth 7
    "\u00b2",
    "2147483648",
    "9" * 400,
    "1" + "0" * 10_000,
]


@given(st.sampled_from(Kind), st.integers(min_value=1, max_value=MAX_TURBINE_NUMBER))
def test_a_topic_that_is_written_is_read_back(kind: Kind, turbine_number: int) -> None:
    assert parse(kind.of(turbine_number)) == TurbineTopic(turbine_number, kind)


@given(st.text())
def test_any_text_is_a_topic_or_refused(text: str) -> None:
    for topic in (text, f"grid/turbines/{text}", f"grid/turbines/{text}/metrics"):
        try:
            found = parse(topic)
        except ValueError:
            continue
        assert found.kind.of(found.turbine_number) == topic


@pytest.mark.parametrize("number", NOT_A_NUMBER, ids=[repr(number)[:24] for number in NOT_A_NUMBER])
def test_a_number_that_is_not_plain_digits_in_range_is_refused(number: str) -> None:
    with pytest.raises(ValueError, match="plain digits from 1 to 2147483647"):
        parse(f"grid/turbines/{number}/metrics")


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "grid",
        "grid/turbines/",
        "grid/turbines/7",
        "grid/turbines/7/",
        "grid/turbines/7/metrics/",
        "grid/turbines//7/metrics",
        "grid/turbines/7/Metrics",
        "grid/turbines/7/repair/results",
        "grid/turbines/5/../6/metrics",
        "/grid/turbines/7/metrics",
        "Grid/turbines/7/metrics",
        "grid/turbine/7/metrics",
        "$SYS/grid/turbines/7/metrics",
        MONITOR_STATUS,
        MONITOR_CANARY,
    ],
)
def test_a_topic_that_is_none_of_a_turbines_is_refused(topic: str) -> None:
    with pytest.raises(ValueError, match="not a "):
        parse(topic)


def test_the_topics_are_those_of_the_contract() -> None:
    assert [kind.of(7) for kind in Kind] == [
        "grid/turbines/7/metrics",
        "grid/turbines/7/status",
        "grid/turbines/7/repair",
        "grid/turbines/7/repair/result",
        "grid/turbines/7/events",
        "grid/turbines/7/acknowledged",
        "grid/turbines/7/windows/1m",
        "grid/turbines/7/windows/15m",
    ]
    assert Kind.REPAIR_RESULT.every_turbine == "grid/turbines/+/repair/result"
    assert (MONITOR_STATUS, EVERYTHING) == ("grid/monitor/status", "grid/#")


def test_a_controllers_topics_are_those_of_the_contract() -> None:
    assert outages_of_controller("turbine-7") == "grid/controllers/turbine-7/outages"
    assert events_of_controller("turbine-7") == "grid/controllers/turbine-7/events"
    assert parse_outages_topic("grid/controllers/turbine-7/outages") == "turbine-7"


@pytest.mark.parametrize(
    "topic",
    [
        "grid/controllers/a b/outages",
        "grid/controllers//outages",
        "grid/controllers/-a/outages",
        "grid/controllers/a/outages/b",
        "grid/controllers/a/events",
        "grid/controllers/a\n/outages",
        f"grid/controllers/{'a' * 65}/outages",
        "grid/turbines/7/outages",
        "outages",
    ],
)
def test_a_topic_that_is_none_of_a_controllers_is_refused(topic: str) -> None:
    with pytest.raises(ValueError, match="controller"):
        parse_outages_topic(topic)
