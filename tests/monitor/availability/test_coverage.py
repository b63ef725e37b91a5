"""How much of an outage's time readings speak for."""

from accounts import MIDNIGHT, QUARTER

from grid.times import SECOND
from monitor.availability.coverage import Quarter, covered_down_seconds
from monitor.availability.spans import Span

HOUR = Span(MIDNIGHT, MIDNIGHT + 4 * QUARTER)


def test_in_a_quarter_hour_that_readings_cover_they_speak_for_all_of_the_outage() -> None:
    out = [Span(MIDNIGHT + 600 * SECOND, MIDNIGHT + QUARTER)]
    assert list(covered_down_seconds([Quarter(MIDNIGHT, 900.0, 0.0)], out, HOUR)) == [(MIDNIGHT, 300.0)]


def test_readings_that_say_ok_and_an_outage_elsewhere_in_the_quarter_hour_are_both_information() -> None:
    out = [Span(MIDNIGHT + 450 * SECOND, MIDNIGHT + QUARTER)]
    assert list(covered_down_seconds([Quarter(MIDNIGHT, 450.0, 0.0)], out, HOUR)) == [(MIDNIGHT, 0.0)]


def test_readings_that_say_broken_speak_for_the_outage() -> None:
    out = [Span(MIDNIGHT, MIDNIGHT + 450 * SECOND)]
    assert list(covered_down_seconds([Quarter(MIDNIGHT, 450.0, 450.0)], out, HOUR)) == [(MIDNIGHT, 450.0)]


def test_readings_every_ten_minutes_cover_each_quarter_hour() -> None:
    """They come at 0:00, 0:10 and so on up to 1:00: quarter hours hold two and one in turn."""
    found = [Quarter(MIDNIGHT + place * QUARTER, 1200.0 - place % 2 * 600, 0.0) for place in range(5)]
    covered = dict(covered_down_seconds(found, [HOUR], HOUR))
    assert covered == {MIDNIGHT + place * QUARTER: 900.0 for place in range(4)}


def test_a_reading_an_hour_covers_the_hour_before_it() -> None:
    hourly = [Quarter(MIDNIGHT + 4 * QUARTER, 3600.0, 0.0)]
    covered = dict(covered_down_seconds([Quarter(MIDNIGHT, 900.0, 0.0), *hourly], [HOUR], HOUR))
    assert sum(covered.values()) == 3600.0
