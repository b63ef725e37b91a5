"""Latencies are those of each reading, from when it was sent to when it was acknowledged."""

import math

from benchmarks.stopwatch import Stopwatch, quantile


def test_each_reading_is_timed_from_its_own_write_to_the_answer_that_covers_it() -> None:
    watch = Stopwatch()
    watch.start(10.0)
    watch.sent(2, 10.0)
    watch.sent(5, 11.0)
    watch.acknowledged(1, 10.5)
    watch.acknowledged(4, 12.0)

    assert watch.latencies() == [0.5, 2.0, 1.0, 1.0]


def test_a_delivery_tells_how_far_it_came_when_and_in_how_many_answers() -> None:
    watch = Stopwatch()
    watch.start(10.0)
    watch.sent(5, 10.0)
    watch.acknowledged(2, 10.001)
    watch.acknowledged(5, 10.004)

    delivery = watch.delivery()

    assert (delivery.acknowledged, delivery.answers) == (5, 2)
    assert (delivery.first_sent, delivery.last_acknowledged) == (10.0, 10.004)
    assert math.isclose(delivery.p50, 4.0, rel_tol=1e-6)


def test_a_monitor_that_answers_nothing_has_no_latency() -> None:
    watch = Stopwatch()
    watch.start(1.0)
    watch.sent(3, 1.0)

    assert watch.delivery().acknowledged == 0
    assert math.isnan(watch.delivery().p50)


def test_quantiles_are_values_that_were_measured() -> None:
    assert quantile([1.0, 2.0, 3.0, 4.0], 0.5) == 2.0
    assert quantile([1.0, 2.0, 3.0, 4.0], 0.99) == 4.0
    assert quantile([5.0], 0.999) == 5.0
    assert math.isnan(quantile([], 0.5))
