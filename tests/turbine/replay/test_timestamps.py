"""Times in a file become moments, also where the clocks are changed."""

from itertools import pairwise

import pytest

from grid.times import SECOND, as_datetime, parse_time
from turbine.replay.timestamps import SkippedTimeError, TimeReader, zone_named


def read_all(zone: str | None, *texts: str, time_format: str | None = None) -> list[int]:
    reader = TimeReader(zone_named(zone), time_format)
    return [reader.read(text, "A") for text in texts]


def test_a_time_without_a_zone_is_utc() -> None:
    assert read_all(None, "2021-01-01 00:10:00") == [parse_time("2021-01-01T00:10:00Z")]


def test_a_time_with_a_zone_keeps_it() -> None:
    assert read_all("Europe/London", "2021-07-01T00:10:00+02:00") == [parse_time("2021-06-30T22:10:00Z")]


def test_a_time_without_a_zone_is_local_time_of_the_given_one() -> None:
    assert read_all("Europe/London", "2021-07-01 00:10") == [parse_time("2021-06-30T23:10:00Z")]


def test_times_may_have_a_format_of_their_own() -> None:
    assert read_all(None, "31 12 2018 23:50", time_format="%d %m %Y %H:%M") == [parse_time("2018-12-31T23:50:00Z")]


def test_seconds_since_1970_are_a_format() -> None:
    assert read_all(None, "1609459200.5", time_format="unix") == [parse_time(1609459200.5)]


@pytest.mark.parametrize("text", ["nan", "inf", "-5", "1e300", "x", "12"])
def test_nonsense_is_no_unix_time(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_all(None, text, time_format="unix")


def test_a_time_that_the_clocks_jump_over_is_not_made_up() -> None:
    with pytest.raises(SkippedTimeError, match="2021-03-28 01:30:00 does not exist in Europe/London"):
        read_all("Europe/London", "2021-03-28 01:30")


@pytest.mark.parametrize(("minutes", "backwards"), [(10, False), (30, False), (60, False), (10, True), (20, True)])
def test_the_hour_that_occurs_twice_is_told_apart_by_the_files_order(*, minutes: int, backwards: bool) -> None:
    """An autumn night in London, 00:00 to 03:00 local time: four hours, the second of which looks like the third."""
    begin = parse_time("2021-10-30T23:00:00Z")
    moments = [begin + minute * 60 * SECOND for minute in range(0, 240, minutes)]
    local = [_london(moment) for moment in moments]
    if backwards:
        moments, local = moments[::-1], local[::-1]
    assert read_all("Europe/London", *local) == moments


def test_a_row_missing_from_the_first_of_two_equal_hours_does_not_mix_them() -> None:
    times = read_all(
        "Europe/London",
        *(f"2021-10-31 {time}" for time in ("00:50", "01:10", "01:50", "01:00", "01:20")),
    )
    assert all(later > earlier for earlier, later in pairwise(times))


def test_each_turbine_has_an_order_of_its_own() -> None:
    reader = TimeReader(zone_named("Europe/London"))
    first = [reader.read(text, turbine) for text in ("2021-10-31 01:00", "2021-10-31 01:30") for turbine in ("A", "B")]
    assert first[0] == first[1] == parse_time("2021-10-31T00:00:00Z")
    assert reader.ambiguous == 4


def _london(moment: int) -> str:
    return f"{as_datetime(moment).astimezone(zone_named('Europe/London')):%Y-%m-%d %H:%M}"
