"""One turbine's life, fed with times: it breaks, reports, is repaired, and answers each order once."""

from collections.abc import Callable

import pytest

from grid.metrics import OperationalStatus
from grid.repair import RepairCommand, RepairState
from turbine.generator import StaticGenerator
from turbine.life import Answer
from turbine.turbine import BUSY, OTHER_SESSION, REMEMBERED_COMMANDS, Schedule, State, Wear, WindTurbine

START = 1_800_000_000_000_000
SESSION = "1800000000000-cafe"
OK = OperationalStatus.OK
BROKEN = OperationalStatus.BROKEN


def make_turbine(
    number: int = 7, *, seed: int = 1, interval: float = 1.0, phase: float = 0.0, time_to_fail: float = 30.0
) -> WindTurbine:
    return WindTurbine(
        number,
        session=SESSION,
        run_started_at=START,
        schedule=Schedule(interval, phase),
        wear=Wear(seed, time_to_fail=time_to_fail, time_to_repair=5.0),
        generator=StaticGenerator(),
    )


def command(dispatch_id: str, session: str | None = None) -> RepairCommand:
    issued = {"dispatch_id": dispatch_id, "incident_id": 1, "engineer": 1, "issued_at": 1_800_000_000}
    return RepairCommand.model_validate(issued | {"session": session})


def statuses(turbine: WindTurbine, readings: int) -> list[OperationalStatus]:
    return [turbine.produce_metrics().operational_status for _ in range(readings)]


def results(answers: list[Answer]) -> list[tuple[float, RepairState]]:
    return [(answer.due, answer.result.result) for answer in answers]


@pytest.fixture
def broken() -> WindTurbine:
    """A turbine that broke within its first 30 s."""
    turbine = make_turbine()
    statuses(turbine, 31)
    assert turbine.state(31) is State.BROKEN
    return turbine


def test_a_turbine_breaks_within_its_time_to_fail_and_goes_on_reporting() -> None:
    said = statuses(make_turbine(), 60)
    assert said[0] is OK
    first = said.index(BROKEN)
    assert first <= 30
    assert said[first:] == [BROKEN] * (60 - first)


def test_a_turbine_that_never_fails_stays_ok() -> None:
    assert set(statuses(make_turbine(time_to_fail=0), 10_000)) == {OK}


def test_a_repair_takes_the_turbines_own_time_and_then_it_is_ok(broken: WindTurbine) -> None:
    ends = 40.5 + broken.time_to_repair
    broken.repair(40.5, None)
    assert broken.state(ends - 0.001) is State.UNDER_REPAIR
    assert broken.state(ends) is State.OK


def test_a_turbine_reports_broken_until_the_repair_ends() -> None:
    turbine = make_turbine(interval=0.1)
    said = statuses(turbine, 301)
    assert said[-1] is BROKEN
    turbine.repair(turbine.next_due(), None)
    during = int(turbine.time_to_repair / 0.1)
    assert set(statuses(turbine, during)) == {BROKEN}
    turbine.produce_metrics()
    assert turbine.produce_metrics().operational_status is OK


def test_the_clock_to_the_next_failure_starts_when_the_repair_ends() -> None:
    turbine = make_turbine()
    times_to_fail = []
    now = 0.0
    for failure in range(50):
        expected = Wear(1).draw_time_to_fail(7, failure)
        assert turbine.state(now + expected - 0.001) is State.OK
        now += expected + 0.001
        assert turbine.state(now) is State.BROKEN
        turbine.repair(now, None)
        now += turbine.time_to_repair
        times_to_fail.append(expected)
    assert len(set(times_to_fail)) == 50
    assert max(times_to_fail) <= 30


def test_turbines_differ_in_their_times() -> None:
    wear = Wear(1)
    assert len({wear.draw_time_to_fail(number, 0) for number in range(1, 100)}) == 99
    assert len({wear.draw_time_to_repair(number) for number in range(1, 100)}) == 99
    assert all(0 <= wear.draw_time_to_repair(number) <= 5 for number in range(1, 100))


def test_a_late_repair_changes_no_later_draw() -> None:
    def second_time_to_fail(repaired_at: float) -> float:
        turbine = make_turbine()
        turbine.repair(repaired_at, None)
        ok_again = repaired_at + turbine.time_to_repair
        steps = (step * 0.01 for step in range(3001))
        return next(after for after in steps if turbine.state(ok_again + after) is State.BROKEN)

    assert second_time_to_fail(31) == pytest.approx(second_time_to_fail(400), abs=0.011)


def test_readings_are_due_by_a_fixed_schedule_however_late_they_are_taken() -> None:
    turbine = make_turbine(interval=0.5, phase=0.2)
    due = []
    for _ in range(4):
        due.append(turbine.next_due())
        turbine.state(turbine.next_due() + 0.3)
        turbine.produce_metrics()
    assert due == pytest.approx([0.2, 0.7, 1.2, 1.7])


def test_a_reading_carries_the_time_when_it_was_due_its_session_and_its_sequence() -> None:
    turbine = make_turbine(interval=0.5, phase=0.2)
    readings = [turbine.produce_metrics() for _ in range(3)]
    assert [reading.emitted_at for reading in readings] == [START + 200_000, START + 700_000, START + 1_200_000]
    assert [reading.sequence for reading in readings] == [0, 1, 2]
    assert {reading.session for reading in readings} == {SESSION}
    assert {reading.turbine_number for reading in readings} == {7}


def test_an_order_is_accepted_now_and_done_when_the_repair_ends(broken: WindTurbine) -> None:
    answers = broken.repair(40, command("d-1"))
    assert results(answers) == [(40, RepairState.ACCEPTED), (40 + broken.time_to_repair, RepairState.DONE)]
    assert {answer.result.dispatch_id for answer in answers} == {"d-1"}
    assert {answer.result.session for answer in answers} == {SESSION}
    assert [answer.result.at for answer in answers] == [
        START + 40_000_000,
        START + round((40 + broken.time_to_repair) * 1_000_000),
    ]


def test_a_plain_order_is_obeyed_and_has_no_answer(broken: WindTurbine) -> None:
    assert broken.repair(40, None) == []
    assert broken.state(40) is State.UNDER_REPAIR


def test_a_second_plain_order_does_not_prolong_the_repair(broken: WindTurbine) -> None:
    broken.repair(40, None)
    broken.repair(40 + broken.time_to_repair / 2, None)
    assert broken.state(40 + broken.time_to_repair) is State.OK


def test_an_order_to_an_ok_turbine_is_obeyed_and_it_goes_on_reporting_ok() -> None:
    turbine = make_turbine(time_to_fail=0)
    answers = turbine.repair(0, command("d-1"))
    assert [answer.result.result for answer in answers] == [RepairState.ACCEPTED, RepairState.DONE]
    assert turbine.state(0) is State.UNDER_REPAIR
    assert set(statuses(turbine, 10)) == {OK}


def test_a_repeated_command_is_answered_again_and_not_obeyed_again(broken: WindTurbine) -> None:
    broken.repair(40, command("d-1"))
    during = broken.repair(40 + broken.time_to_repair / 2, command("d-1"))
    assert results(during) == [(40, RepairState.ACCEPTED)]
    after = broken.repair(80, command("d-1"))
    assert results(after) == [(40 + broken.time_to_repair, RepairState.DONE)]
    assert broken.state(80) is not State.UNDER_REPAIR


def test_a_repeat_after_it_broke_again_does_not_repair_it(broken: WindTurbine) -> None:
    broken.repair(40, command("d-1"))
    assert broken.state(100) is State.BROKEN
    broken.repair(100, command("d-1"))
    assert broken.state(200) is State.BROKEN


def test_a_command_for_another_session_is_rejected(broken: WindTurbine) -> None:
    (answer,) = broken.repair(40, command("d-1", session="another"))
    assert (answer.result.result, answer.result.reason) == (RepairState.REJECTED, OTHER_SESSION)
    assert broken.state(40) is State.BROKEN


def test_a_command_for_this_session_is_obeyed(broken: WindTurbine) -> None:
    broken.repair(40, command("d-1", session=SESSION))
    assert broken.state(40) is State.UNDER_REPAIR


def test_another_command_during_a_repair_is_rejected_as_busy_and_stays_so(broken: WindTurbine) -> None:
    broken.repair(40, command("d-1"))
    (answer,) = broken.repair(40 + broken.time_to_repair / 2, command("d-2"))
    assert (answer.result.result, answer.result.reason) == (RepairState.REJECTED, BUSY)
    (again,) = broken.repair(90, command("d-2"))
    assert again == answer


def test_a_new_command_repairs_it_again(broken: WindTurbine) -> None:
    broken.repair(40, command("d-1"))
    assert broken.state(100) is State.BROKEN
    answers = broken.repair(100, command("d-2"))
    assert results(answers) == [(100, RepairState.ACCEPTED), (100 + broken.time_to_repair, RepairState.DONE)]


def test_the_memory_of_commands_is_bounded() -> None:
    turbine = make_turbine()
    for number in range(REMEMBERED_COMMANDS + 1):
        turbine.repair(number * 10, command(f"d-{number}"))
    late = (REMEMBERED_COMMANDS + 1) * 10.0
    assert [answer.result.result for answer in turbine.repair(late, command("d-1"))] == [RepairState.DONE]
    assert [answer.result.result for answer in turbine.repair(late, command("d-0"))] == [
        RepairState.ACCEPTED,
        RepairState.DONE,
    ]


@pytest.mark.parametrize("other", [lambda: make_turbine(seed=2), lambda: make_turbine(8)])
def test_seed_and_number_decide_a_life(other: Callable[[], WindTurbine]) -> None:
    def breaks_at(turbine: WindTurbine) -> float:
        return next(step / 100 for step in range(3001) if turbine.state(step / 100) is State.BROKEN)

    assert breaks_at(make_turbine()) == breaks_at(make_turbine())
    assert breaks_at(make_turbine()) != breaks_at(other())
