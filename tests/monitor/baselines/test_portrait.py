"""What is normal for a turbine, as people are told."""

import pytest
from learning import Watch, showing

from grid.times import SECOND
from monitor.baselines.portrait import portrait
from monitor.facts import BaselineRecord


def _record(watch: Watch) -> BaselineRecord:
    return watch.decider._tracks[1].record()


def test_what_is_normal_is_told_in_numbers_and_words() -> None:
    shown = portrait(_record(Watch().learn(600)))
    assert shown.is_learnt
    assert shown.interval_seconds == 1
    assert shown.learnt_from is not None
    assert shown.learnt_to - shown.learnt_from == pytest.approx(599 * SECOND, abs=SECOND)
    assert [quantity.quantity for quantity in shown.quantities] == [
        "wind_speed",
        "power",
        "voltage",
        "current",
        "temperature",
    ]
    voltage = shown.quantities[2]
    assert voltage.expected == pytest.approx(690, abs=2)
    assert voltage.deviation == pytest.approx(2.76, rel=0.4)
    assert voltage.low is not None
    assert voltage.high is not None
    assert voltage.low < 690 < voltage.high
    assert voltage.sentence.startswith(f"Voltage should be about {voltage.expected:.0f} V; ")
    assert shown.sentences[0] == "A reading comes every 1.0 s."
    assert shown.curve


def test_a_spike_is_what_lies_above_the_band() -> None:
    watch = Watch().learn(600)
    high = portrait(_record(watch)).quantities[2].high or 0.0
    assert watch.take(showing(voltage=high * 0.999)) == []
    assert watch.take(showing(voltage=high * 1.002)) != []


def test_what_is_not_learnt_yet_is_said() -> None:
    shown = portrait(_record(Watch().learn(12)))
    assert not shown.is_learnt
    assert shown.quantities[0].expected is None
    assert shown.sentences[:2] == ["Nothing is judged before 60 s and 30 readings.", "Wind speed is not learnt yet."]


def test_a_record_of_another_version_says_that_nothing_is_learnt() -> None:
    shown = portrait(BaselineRecord(7, 5, '{"version": 99}'))
    assert (shown.is_learnt, shown.quantities, shown.interval_seconds) == (False, [], None)
    assert shown.learnt_from is None
