"""What a person hears of a run: once for the fleet, not once per turbine."""

import io

from grid.metrics import OperationalStatus
from turbine.progress import REASONS_SAID, Progress


def make_progress() -> tuple[Progress, io.StringIO]:
    stream = io.StringIO()
    return Progress(turbines=1000, broker="localhost:1883", stream=stream), stream


def lines(stream: io.StringIO) -> list[str]:
    return stream.getvalue().splitlines()


def test_a_missing_broker_is_told_once_for_all_turbines_and_its_return_too() -> None:
    progress, stream = make_progress()
    for _ in range(3):
        for number in range(1, 1001):
            progress.lost(number, "refused")
    for _ in range(1000):
        progress.found()
    assert lines(stream) == [
        "waiting for a broker at localhost:1883: refused",
        "the broker at localhost:1883 is back",
    ]


def test_a_new_reason_is_told() -> None:
    progress, stream = make_progress()
    progress.lost(1, "refused")
    progress.lost(1, "the password is wrong")
    assert [line.rpartition(": ")[2] for line in lines(stream)] == ["refused", "the password is wrong"]


def test_reasons_that_name_each_turbine_are_not_all_told() -> None:
    progress, stream = make_progress()
    for number in range(1, 1001):
        progress.lost(number, f"turbine {number} has no right to publish")
    assert len(lines(stream)) == REASONS_SAID


def test_every_outage_is_told() -> None:
    progress, stream = make_progress()
    for _ in range(2):
        progress.lost(1, "refused")
        progress.found()
        progress.left()
    assert len(lines(stream)) == 4


def test_a_broker_that_is_there_is_not_worth_a_word() -> None:
    progress, stream = make_progress()
    progress.found()
    assert lines(stream) == []


def test_single_losses_are_told_seldom() -> None:
    progress, stream = make_progress()
    progress.found()
    for number in range(2, 500):
        progress.lost(number, "taken over")
    assert lines(stream) == ["turbine 2 has no connection (1 has one): taken over"]


def test_broken_turbines_are_counted_until_they_are_ok() -> None:
    progress, _ = make_progress()
    for status in (OperationalStatus.BROKEN, OperationalStatus.BROKEN, OperationalStatus.OK):
        progress.reported(1, status)
        progress.reported(2, OperationalStatus.BROKEN)
    assert progress.broken == {2}
    assert progress.emitted == 6
    assert str(progress) == "0 of 1,000 turbines connected, 1 broken, 0 of 6 readings acknowledged by the broker"


def test_one_is_singular() -> None:
    progress = Progress(turbines=1, broker="localhost:1883", stream=io.StringIO())
    progress.found()
    progress.reported(1, OperationalStatus.OK)
    progress.delivered(1)
    assert str(progress) == "1 of 1 turbine connected, 0 broken, 1 of 1 reading acknowledged by the broker"


def test_the_line_of_counts_is_for_terminals_only() -> None:
    progress, stream = make_progress()
    progress.show()
    assert stream.getvalue() == ""
