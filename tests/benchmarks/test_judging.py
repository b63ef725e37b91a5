"""What the cost of judging is measured on."""

from benchmarks.anomaly_trials import STARTED_AT, Trial, heard
from benchmarks.judging import microseconds


def test_readings_of_a_dry_run_are_told_in_order_of_time_with_their_turbines() -> None:
    records, readings = heard(Trial(turbines=3, interval=1.0, seconds=20.0, rate=0.0, seed=1))
    sent = [reading for _, reading in readings]
    assert {reading.turbine_number for reading in sent} == set(records) == {1, 2, 3}
    assert [reading.received_at for reading in sent] == sorted(reading.received_at for reading in sent)
    assert sent[0].received_at >= STARTED_AT


def test_every_reading_costs_something() -> None:
    records, readings = heard(Trial(turbines=50, interval=1.0, seconds=420.0, rate=0.0, seed=1))
    assert microseconds(records, [reading for _, reading in readings]) > 0
