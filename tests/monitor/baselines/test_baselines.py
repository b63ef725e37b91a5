"""What is found of a turbine, and what is not."""

import tracemalloc
from typing import Any

import pytest
from learning import BEGAN, LEARNING, Change, Watch, measured, showing, spoilt

from grid.metrics import OperationalStatus
from grid.times import SECOND
from monitor.baselines.baselines import MOST_RECORDS, Baselines
from monitor.facts import FindingKind, Link, LinkReason, Now, Reading, RememberedKnowledge

SPIKE, DROP, FROZEN = FindingKind.SPIKE, FindingKind.DROP, FindingKind.FROZEN
RESIDUAL, SILENCE = FindingKind.RESIDUAL, FindingKind.SILENCE


def test_a_turbine_that_is_well_gives_no_finding() -> None:
    assert Watch().learn(3000).told == []


@pytest.mark.parametrize(
    ("field", "quantity"),
    [
        ("wind_speed", "wind_speed"),
        ("power_output_in_kwh", "power"),
        ("voltage", "voltage"),
        ("current", "current"),
        ("temperature", "temperature"),
    ],
)
@pytest.mark.parametrize(("factor", "kind"), [(2.2, SPIKE), (0.2, DROP)])
def test_a_wrong_value_is_found_and_laid_to_its_own_instrument(
    field: str, quantity: str, factor: float, kind: FindingKind
) -> None:
    watch = Watch().learn()
    (begun,) = watch.take(spoilt(field, factor))
    assert (begun.quantity, begun.kind, begun.until, begun.lasting) == (quantity, kind, None, False)
    watch.learn(20)
    (ended,) = watch.found.values()
    assert (ended.since, ended.until, ended.readings, ended.lasting) == (begun.since, begun.since, 1, False)


@pytest.mark.parametrize(
    ("field", "quantity"),
    [
        ("wind_speed", "wind_speed"),
        ("power_output_in_kwh", "power"),
        ("voltage", "voltage"),
        ("current", "current"),
        ("temperature", "temperature"),
    ],
)
def test_a_frozen_instrument_is_found_and_nothing_else(field: str, quantity: str) -> None:
    watch = Watch().learn()
    stuck = getattr(measured(1, watch.index - 1), field)
    for _ in range(6):
        watch.take(showing(**{field: stuck}))
    watch.learn(30)
    assert watch.kinds() == [(quantity, FROZEN)]
    (finding,) = watch.found.values()
    # A power counts as frozen from where the wind moves enough.
    assert 0 <= finding.since - (BEGAN + LEARNING * SECOND) <= (2 * SECOND if quantity == "power" else 0)
    assert finding.until == BEGAN + (LEARNING + 5) * SECOND


def test_nothing_is_judged_before_it_is_learnt() -> None:
    watch = Watch().learn(20)
    watch.take(spoilt("voltage", 3))
    assert watch.told == []


def test_readings_that_come_quickly_are_not_learnt_sooner_than_in_a_minute() -> None:
    watch = Watch(interval=1.0).learn(58)
    assert watch.take(spoilt("voltage", 3)) == []
    watch.learn(4)
    assert watch.take(spoilt("voltage", 3)) != []


def test_what_outlasts_the_on_delay_lasts_and_what_ends_ends_after_the_off_delay() -> None:
    watch = Watch().learn()
    for _ in range(40):
        watch.take(spoilt("voltage", 1.3))
    assert [(finding.lasting, finding.until) for finding in watch.told] == [(False, None), (True, None)]
    watch.learn(9)
    assert len(watch.told) == 2
    watch.learn(2)
    assert watch.told[-1].until == BEGAN + (LEARNING + 39) * SECOND
    assert watch.told[-1].readings == 40


def test_spikes_within_the_off_delay_are_one_finding() -> None:
    watch = Watch().learn()
    for _ in range(4):
        watch.take(spoilt("voltage", 1.3))
        watch.learn(4)
    watch.learn(20)
    (finding,) = watch.found.values()
    assert finding.readings == 4


def test_what_has_lasted_for_an_hour_is_the_new_normal() -> None:
    watch = Watch(interval=30.0).learn()
    for _ in range(300):
        watch.take(spoilt("voltage", 1.3))
    (finding,) = watch.found.values()
    assert finding.until is not None
    assert watch.take(spoilt("voltage", 1.0))[0].kind is DROP


def test_a_turbine_that_makes_less_is_found_by_its_curve() -> None:
    watch = Watch().learn()
    for _ in range(400):
        watch.take(lambda r: spoilt("current", 0.7)(spoilt("power_output_in_kwh", 0.7)(r)))
    lasting = [finding for finding in watch.found.values() if finding.lasting]
    assert [(finding.quantity, finding.kind) for finding in lasting] == [("power", RESIDUAL)]
    assert "less than its curve" in lasting[0].sentence
    watch.learn(2000)
    assert next(finding for finding in watch.found.values() if finding.kind is RESIDUAL).until is not None


def test_a_farm_of_which_all_make_less_has_another_cause() -> None:
    watch = Watch(numbers=(1, 2, 3, 4)).learn()
    for _ in range(400):
        watch.take(lambda r: spoilt("current", 0.7)(spoilt("power_output_in_kwh", 0.7)(r)))
    assert RESIDUAL not in [kind for _, kind in watch.kinds()]


def test_a_gust_that_the_neighbours_feel_is_no_finding() -> None:
    farm, alone = Watch(numbers=(1, 2, 3, 4)), Watch(numbers=(4,))
    for watch in (farm, alone):
        for index in range(200):
            watch.take(_calm(0.6 + 0.01 * (index % 7)))
        for index in range(3):  # in each second the fourth is heard last: by then most of its neighbours have it
            watch.take(_calm(2.8 + 0.01 * index))
    assert 4 not in {finding.turbine_number for finding in farm.told}
    assert [kind for _, kind in alone.kinds()] == [SPIKE]


def _calm(wind_speed: float) -> Change:
    return showing(wind_speed=round(wind_speed, 3), power_output_in_kwh=0.0, current=None)


def test_a_broken_turbine_makes_no_power_and_that_is_no_finding() -> None:
    watch = Watch().learn()
    broken = showing(operational_status=OperationalStatus.BROKEN, power_output_in_kwh=-0.0008, current=2.4)
    for _ in range(300):
        watch.take(broken)
    watch.learn(300)
    assert watch.told == []


def test_a_turbine_that_was_just_repaired_may_take_its_time() -> None:
    watch = Watch().learn()
    for _ in range(30):
        watch.take(showing(operational_status=OperationalStatus.BROKEN, power_output_in_kwh=0.0, current=0.0))
    for _ in range(8):
        watch.take(showing(power_output_in_kwh=0.0, current=0.0))
    watch.learn(60)
    assert watch.told == []


def test_late_and_repeated_readings_change_nothing() -> None:
    watch, plain = Watch().learn(), Watch().learn()
    late = [measured(1, place, voltage=3000.0, wind_speed=40.0) for place in (3, 200, LEARNING - 2, LEARNING - 1)]
    for reading in late:
        assert watch.take_batch([reading, reading], seconds=0.0) == []
    assert watch.learn(200).records == plain.learn(200).records


def test_many_readings_a_second_are_judged_once_a_second() -> None:
    watch = Watch(interval=0.01).learn(6000)
    record = watch.decider._tracks[1]
    assert 55 <= record.voltage.seen <= 62


def test_the_power_is_right_where_readings_were_lost() -> None:
    watch = Watch().learn()
    watch.index += 5
    assert watch.take() == []
    watch.learn(20)
    assert watch.told == []


def test_silence_of_a_connected_turbine_is_found_and_ends_with_a_reading() -> None:
    watch = Watch(numbers=(1, 2, 3)).learn()
    watch.turbines[2].link = Link.STALE
    (begun,) = watch.take_batch([], seconds=20)
    assert (begun.turbine_number, begun.kind, begun.lasting) == (2, SILENCE, False)
    assert begun.sentence.startswith("a reading was expected every 1.0 s, and none came for 20 s")
    (lasts,) = watch.take_batch([], seconds=20)
    assert lasts.finding_id == begun.finding_id
    assert lasts.lasting
    assert watch.take_batch([], seconds=20) == []
    watch.turbines[2].link = Link.ONLINE
    watch.index += 60
    (ended,) = watch.take()
    assert ended.until == BEGAN + (LEARNING + 60) * SECOND


def test_a_farm_that_falls_silent_as_a_whole_has_another_cause() -> None:
    watch = Watch(numbers=(1, 2, 3)).learn()
    for turbine in watch.turbines.values():
        turbine.link, turbine.link_reason = Link.OFFLINE, LinkReason.SILENT
    assert watch.take_batch([], seconds=20) == []


def test_a_turbine_that_said_goodbye_is_not_silent() -> None:
    watch = Watch(numbers=(1, 2, 3)).learn()
    watch.turbines[2].link, watch.turbines[2].link_reason = Link.OFFLINE, LinkReason.STOPPED
    assert watch.take_batch([], seconds=20) == []


def test_a_turbine_without_a_known_model_is_judged_by_the_curve_that_it_shows() -> None:
    watch = Watch(model=None).learn(3000)
    begun = watch.take(spoilt("power_output_in_kwh", 2.5))
    assert [(finding.quantity, finding.kind) for finding in begun] == [("power", SPIKE)]


def test_a_restart_goes_on_with_what_was_learnt_and_found() -> None:
    watch = Watch(interval=1.0).learn(200)
    for _ in range(3):
        watch.take(spoilt("temperature", 2))
    remembered = RememberedKnowledge(
        baselines=[watch.decider._tracks[1].record()],
        open_findings=[finding for finding in watch.found.values() if finding.until is None],
        next_finding_id=5,
    )
    again = Watch(remembered=remembered)
    again.index = watch.index
    (finding,) = again.take(spoilt("voltage", 1.5))
    assert finding.finding_id == 5
    again.learn(30)
    assert again.found[1].until is not None


def test_a_record_that_cant_be_read_means_to_learn_anew() -> None:
    watch = Watch().learn()
    record = watch.decider._tracks[1].record()
    for state in ("", "{}", "[]", '{"version":99}', record.state.replace("normals", "x"), record.state[:-9]):
        damaged = type(record)(1, record.learnt_to, state)
        again = Watch(remembered=RememberedKnowledge(baselines=[damaged]))
        assert again.learn(20).told == []


def test_a_farms_records_are_kept_about_once_a_minute_in_bounded_commits() -> None:
    numbers = range(1, 101)
    watch = Watch(numbers=numbers)
    kept = 0
    for _ in range(121):
        batch = [measured(number, watch.index) for number in numbers]
        watch.index += 1
        watch.watched += 1
        changes = watch.decider.take(batch, watch.turbines, Now(BEGAN, watch.watched))
        assert len(changes.records) <= MOST_RECORDS
        kept += len(changes.records)
    assert 100 <= kept <= 220


def test_a_turbine_takes_less_than_two_kilobytes() -> None:
    assert min(bytes_of_a_turbine() for _ in range(3)) < 2048  # others may take memory meanwhile


def bytes_of_a_turbine() -> float:
    """What the baselines of one of many turbines take."""
    readings = [[measured(number, index) for number in range(1, 81)] for index in range(80)]
    turbines = Watch(numbers=range(1, 81)).turbines
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    decider = Baselines(RememberedKnowledge(), now=Now(BEGAN, 0.0))
    for index, batch in enumerate(readings):
        decider.take(batch, turbines, Now(BEGAN, float(index)))
    taken = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return taken / 80


def test_after_a_restart_a_turbine_of_a_known_model_is_judged_as_before() -> None:
    watch = Watch().learn(2000)
    again = Watch(remembered=RememberedKnowledge(baselines=[watch.decider._tracks[1].record()]))
    again.index = watch.index
    assert again.learn(600).told == []


def test_what_stays_constant_while_it_stands_is_a_loss_and_no_frozen_power() -> None:
    watch = Watch().learn(1000)
    for _ in range(400):
        watch.take(showing(power_output_in_kwh=0.0, current=0.0))
    assert [(finding.quantity, finding.kind) for finding in watch.found.values() if finding.lasting] == [
        ("power", RESIDUAL)
    ]
    assert ("power", FROZEN) not in watch.kinds()


@pytest.mark.parametrize("interval", [1.0, 600.0])
def test_a_turbine_that_stands_in_wind_from_the_first_reading_is_found_by_its_models_curve(interval: float) -> None:
    watch = Watch(interval=interval)
    standing = showing(power_output_in_kwh=-0.0003, current=None)
    for _ in range(200):
        watch.take(standing)
    (finding,) = watch.found.values()
    assert (finding.quantity, finding.kind, finding.lasting, finding.until) == ("power", RESIDUAL, True, None)
    watch.learn(400)
    assert watch.found[finding.finding_id].until is not None
    assert len(watch.found) == 1


def test_of_an_unknown_model_nobody_knows_what_it_should_make_before_it_has_run() -> None:
    watch = Watch(model=None)
    for _ in range(300):
        watch.take(showing(power_output_in_kwh=-0.0003, current=None))
    assert watch.told == []


def test_neighbours_that_stand_do_not_excuse_a_turbine_that_stands() -> None:
    watch = Watch(numbers=(1, 2, 3, 4, 5)).learn(600)
    for _ in range(400):
        watch.take(lambda r: r if r.turbine_number > 3 else showing(power_output_in_kwh=-0.0003, current=0.0)(r))
    lasting = {finding.turbine_number for finding in watch.found.values() if finding.lasting}
    assert lasting == {1, 2, 3}


@pytest.mark.parametrize("reason", [LinkReason.STOPPED, LinkReason.LOST])
def test_the_silence_of_a_turbine_ends_when_it_is_known_why(reason: LinkReason) -> None:
    watch = Watch(numbers=(1, 2, 3)).learn()
    watch.turbines[2].link = Link.STALE
    (begun,) = watch.take_batch([], seconds=20)
    watch.turbines[2].link, watch.turbines[2].link_reason = Link.OFFLINE, LinkReason.SILENT
    assert [finding.lasting for finding in watch.take_batch([], seconds=20)] == [True]
    watch.turbines[2].link_reason = reason
    (ended,) = watch.take_batch([], seconds=5)
    assert (ended.finding_id, ended.since, ended.until) == (begun.finding_id, begun.since, begun.since + 45 * SECOND)
    assert watch.take_batch([], seconds=5) == []


def test_what_was_found_of_a_turbine_ends_when_it_is_gone() -> None:
    watch = Watch(numbers=(1, 2, 3)).learn()
    (begun,) = watch.take(spoilt("voltage", 1.3), of=2)
    watch.turbines[2].link, watch.turbines[2].link_reason = Link.OFFLINE, LinkReason.SILENT
    ended = [finding for finding in watch.take_batch([], seconds=20) if finding.kind is SPIKE]
    assert [(finding.finding_id, finding.until) for finding in ended] == [(begun.finding_id, begun.since)]


def test_a_storm_of_wrong_values_neither_becomes_normal_nor_hides_the_next() -> None:
    watch = Watch().learn()
    for index in range(300):
        watch.take(spoilt("temperature", 1.5 + index % 3) if index % 2 else None)
    watch.learn(20)
    (storm,) = watch.found.values()
    assert (storm.quantity, storm.readings) == ("temperature", 150)
    assert abs(watch.decider._tracks[1].temperature.level - 60) < 0.5
    assert [finding.kind for finding in watch.take(spoilt("temperature", 0.8))] == [DROP]


def test_a_turbine_that_sends_wind_and_energy_only_is_judged_by_them() -> None:
    bare: dict[str, Any] = {"voltage": None, "current": None, "temperature": None, "session": None, "sequence": None}
    watch = Watch()
    for _ in range(600):
        watch.take(showing(**bare))
    assert watch.told == []
    (begun,) = watch.take(lambda r: spoilt("power_output_in_kwh", 0.1)(r)._replace(**bare))
    assert (begun.quantity, begun.kind) == ("power", DROP)


def test_the_load_of_a_moment_changes_no_finding() -> None:
    singly, together = Watch(numbers=(1, 2)), Watch(numbers=(1, 2))
    wrong = spoilt("voltage", 1.3)
    sent = [
        wrong(reading) if index % 97 == 96 else reading
        for index in range(500)
        for reading in (measured(1, index), measured(2, index))
    ]
    for reading in sent:
        singly.take_batch([reading])
    for place in range(0, len(sent), 250):
        together.take_batch(sent[place : place + 250], seconds=0.0)
    assert list(singly.found.values()) == list(together.found.values())
    for number in (1, 2):
        assert singly.decider._tracks[number].record() == together.decider._tracks[number].record()


def test_a_plain_turbine_that_once_sent_early_is_judged_by_its_usual_interval_again() -> None:
    def plain(reading: Reading) -> Reading:
        return reading._replace(session=None, sequence=None)

    def early(reading: Reading) -> Reading:
        energy = reading.power_output_in_kwh / 5
        return plain(reading)._replace(emitted_at=reading.emitted_at - 16 * SECOND, power_output_in_kwh=energy)

    watch = Watch(interval=20.0)
    for _ in range(400):
        watch.take(plain)
    watch.take(early)
    for _ in range(10):
        watch.take(plain)
    assert watch.decider._tracks[1].interval == 20 * SECOND
    assert [finding for finding in watch.found.values() if finding.until is None] == []
