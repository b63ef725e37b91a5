"""How alarms come: per ten minutes, in a flood, chattering, standing."""

import pytest
from alarm_bell import NOON

from grid.times import SECOND
from monitor.alarms.rates import Raised, chattering, flood_since, per_ten_minutes

MINUTE = 60 * SECOND


def came(*seconds: float, alarm_id: int = 1) -> list[Raised]:
    return [Raised(NOON + round(second * SECOND), alarm_id) for second in seconds]


def test_alarms_are_counted_in_ten_minutes_of_the_clock() -> None:
    raised = came(-1, 0, 599, 600, 1799)
    spans = per_ten_minutes(raised, since=NOON - 300 * SECOND, now=NOON + 1800 * SECOND)
    assert [span.raised for span in spans] == [1, 2, 1, 1, 0]
    assert spans[1].since == NOON


@pytest.mark.parametrize(("alarms", "is_flood"), [(10, False), (11, True)])
def test_a_flood_begins_with_the_eleventh_alarm_in_ten_minutes(alarms: int, is_flood: bool) -> None:
    raised = came(*range(0, alarms * 50, 50))
    begun = flood_since(raised, now=NOON + 590 * SECOND)
    assert begun == (NOON + 500 * SECOND if is_flood else None)


def test_an_alarm_of_this_very_moment_counts() -> None:
    assert flood_since(came(*range(11)), now=NOON + 10 * SECOND) == NOON + 10 * SECOND


def test_a_flood_ends_when_fewer_than_five_came_in_ten_minutes() -> None:
    raised = came(*range(0, 550, 50))
    assert flood_since(raised, now=NOON + 899 * SECOND) == NOON + 500 * SECOND
    assert flood_since(raised, now=NOON + 900 * SECOND) is None


def test_the_ten_minutes_roll() -> None:
    """Six at the end of one span and five at the begin of the next are one flood."""
    raised = came(*range(540, 600, 10), *range(600, 650, 10))
    assert flood_since(raised, now=NOON + 650 * SECOND) is not None


def test_an_alarm_that_comes_three_times_in_a_minute_chatters() -> None:
    raised = [*came(0, 30, 60), *came(0, 30, 61, alarm_id=2), *came(0, 1, alarm_id=3)]
    assert chattering(sorted(raised)) == [1]
