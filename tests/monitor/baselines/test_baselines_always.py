"""What holds for the baselines whatever turbines send."""

import json
import math
import random

from hypothesis import given, settings
from hypothesis import strategies as st
from learning import BEGAN, Watch, measured

from grid.metrics import MAX_QUANTITY, MAX_WIND_SPEED, OperationalStatus
from grid.times import SECOND
from monitor.baselines.portrait import portrait
from monitor.baselines.track import Track
from monitor.facts import Finding, FindingKind, Reading

AMOUNTS = st.floats(-MAX_QUANTITY, MAX_QUANTITY)
SOMETIMES = st.none() | AMOUNTS | st.sampled_from([0.0, 690.0, 690.5])


@st.composite
def readings(draw: st.DrawFn) -> list[Reading]:
    """A run of readings, in order of time: well ones, and such as no instrument shows."""
    at, found = BEGAN, []
    for index in range(draw(st.integers(1, 90))):
        at += draw(st.sampled_from([1, 1000, SECOND, 5 * SECOND, 600 * SECOND, 10**15]))
        reading = measured(1, index)._replace(emitted_at=at, received_at=at)
        if draw(st.booleans()):
            reading = reading._replace(
                wind_speed=draw(st.floats(0, MAX_WIND_SPEED) | st.just(8.0)),
                power_output_in_kwh=draw(AMOUNTS | st.just(0.2)),
                voltage=draw(SOMETIMES),
                current=draw(SOMETIMES),
                temperature=draw(SOMETIMES),
                operational_status=draw(st.sampled_from(OperationalStatus)),
                sequence=draw(st.none() | st.integers(0, 2**53 - 1)),
                session=draw(st.sampled_from([None, "s-1", "s-2"])),
            )
        found.append(reading)
    return found


@given(readings(), st.sampled_from([None, "MM92"]))
@settings(max_examples=60, deadline=None)
def test_what_turbines_send_never_gives_a_number_that_is_none(sent: list[Reading], model: str | None) -> None:
    watch = Watch(model=model)
    for reading in sent:
        for finding in watch.take_batch([reading]):
            _assert_sound(finding)
    _assert_finite(watch.decider._tracks[1])


def _assert_sound(finding: Finding) -> None:
    assert math.isfinite(finding.score)
    assert finding.until is None or finding.until >= finding.since or finding.kind is FindingKind.FROZEN
    assert finding.sentence
    for number in (finding.expected, finding.observed):
        assert number is None or math.isfinite(number)


def _assert_finite(track: Track) -> None:
    state = json.loads(track.record().state)  # refuses NaN and infinity
    assert portrait(track.record()).turbine_number == 1
    assert all(math.isfinite(power) for power in state["curve"][0])
    assert math.isfinite(track.drift)


@given(readings())
@settings(max_examples=40, deadline=None)
def test_a_record_holds_all_that_was_learnt(sent: list[Reading]) -> None:
    watch = Watch()
    for reading in sent:
        watch.take_batch([reading])
    record = watch.decider._tracks[1].record()
    assert Track.of(record).record() == record


@given(readings(), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_repeats_and_late_readings_change_nothing(sent: list[Reading], drawn: random.Random) -> None:
    once, again = Watch(), Watch()
    for place, reading in enumerate(sent):
        once.take_batch([reading])
        earlier = sent[: place + 1]
        again.take_batch([reading, reading, earlier[drawn.randrange(len(earlier))]])
    assert once.decider._tracks[1].record() == again.decider._tracks[1].record()
    assert list(once.found.values()) == list(again.found.values())
