"""What outages take from a turbine's time."""

from accounts import MIDNIGHT, outage

from grid.times import SECOND
from monitor.availability.down_time import Failure, down_spans, down_times, failures
from monitor.availability.spans import Span
from monitor.facts import Category

MINUTE = 60 * SECOND


def minutes(since: int, until: int) -> Span:
    return Span(MIDNIGHT + since * MINUTE, MIDNIGHT + until * MINUTE)


def test_reports_of_moments_have_the_turbine_down_between_them() -> None:
    reports = [minutes(0, 0), minutes(10, 10), minutes(20, 20)]
    assert down_spans(outage(1, 7, *minutes(0, 20)), reports, 0) == [minutes(0, 20)]


def test_a_pause_between_two_spans_is_not_down() -> None:
    reports = [minutes(0, 10), minutes(15, 30)]
    assert down_spans(outage(1, 7, *minutes(0, 30)), reports, 0) == reports


def test_one_that_goes_on_lasts_until_the_turbine_was_heard_last() -> None:
    ongoing = outage(1, 7, *minutes(0, 5), ongoing=True)
    assert down_spans(ongoing, [minutes(0, 5)], minutes(0, 60).until) == [minutes(0, 60)]


def test_a_forced_outage_has_the_time_that_a_maintenance_would_have_too() -> None:
    forced = outage(1, 7, *minutes(10, 30))
    planned = outage(2, 7, *minutes(0, 60), category=Category.SCHEDULED_MAINTENANCE)
    shared = down_times([(planned, [minutes(0, 60)]), (forced, [minutes(10, 30)])])
    assert [(each.category, list(each.spans)) for each in shared] == [
        (Category.FORCED_OUTAGE, [minutes(10, 30)]),
        (Category.SCHEDULED_MAINTENANCE, [minutes(0, 10), minutes(30, 60)]),
    ]


def test_an_outage_that_a_period_cuts_loses_its_energy_by_its_share_of_time() -> None:
    (down,) = down_times([(outage(1, 7, *minutes(0, 40), lost_energy_in_kwh=200.0), [minutes(0, 40)])])
    assert down.lost_within(minutes(30, 90)) == 50.0


def test_outages_without_a_category_take_no_time() -> None:
    unknown = outage(1, 7, *minutes(0, 40), category=None)
    silent = outage(2, 7, *minutes(0, 40), category=Category.INFORMATION_UNAVAILABLE)
    assert down_times([(unknown, [minutes(0, 40)]), (silent, [minutes(0, 40)])]) == []


def test_forced_outages_that_overlap_are_one_failure() -> None:
    found = [
        outage(1, 7, *minutes(0, 30)),
        outage(2, 7, *minutes(20, 50), outage_type="gearbox"),
        outage(3, 7, *minutes(60, 70)),
        outage(4, 7, *minutes(0, 90), category=Category.PARTIAL_PERFORMANCE),
    ]
    assert failures(found) == [Failure(*minutes(0, 50)), Failure(*minutes(60, 70))]


def test_a_failure_that_goes_on_is_not_restored() -> None:
    found = [outage(1, 7, *minutes(0, 30), ongoing=True), outage(2, 7, *minutes(40, 50), outage_type="gearbox")]
    assert failures(found) == [Failure(minutes(0, 30).since, None)]
