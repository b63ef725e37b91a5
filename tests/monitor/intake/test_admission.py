"""How many turbines and controllers the monitor takes, whoever invents them."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.connection import Message, PlainMessage
from grid.times import SECOND
from grid.topics import MAX_TURBINE_NUMBER, Kind, outages_of_controller
from monitor.facts import DeadLetterReason
from monitor.intake.admission import CONTROLLERS_FOR_A_TURBINE, Admission
from monitor.intake.decode import ArrivalTimes, Decoded, decode
from monitor.intake.refused import RefusedError
from monitor.intake.salvage import salvage

NOON = 1_790_000_000 * SECOND


def message(topic: str, payload: object) -> Message:
    return PlainMessage(topic, json.dumps(payload).encode(), qos=1, retain=False, packet_id=1)


def reading(number: int) -> Message:
    fields = {"wind_speed": 8.0, "power_output_in_kwh": 0.5, "operational_status": "ok"}
    return message(Kind.METRICS.of(number), {"turbine_number": number, **fields})


def status(number: int) -> Message:
    return message(Kind.STATUS.of(number), {"status": "online"})


def answer(number: int) -> Message:
    return message(Kind.REPAIR_RESULT.of(number), {"dispatch_id": "d-1", "result": "done"})


def decoded(admission: Admission, *messages: Message) -> Decoded:
    return decode(messages, NOON, ArrivalTimes(), admission)


@pytest.mark.parametrize("of_turbine", [reading, status, answer])
def test_a_turbine_too_many_is_a_dead_letter_that_names_the_setting(of_turbine: Callable[[int], Message]) -> None:
    admission = Admission(most_turbines=2)
    found = decoded(admission, of_turbine(1), of_turbine(2), of_turbine(3), of_turbine(1))
    assert len(found.news) == 3
    [letter] = found.dead_letters
    assert (letter.reason, letter.topic.split("/")[2]) == (DeadLetterReason.TOO_MANY, "3")
    assert letter.detail == "turbine 3 is one too many: --max-turbines is 2"


def test_who_was_turned_away_is_told_once() -> None:
    admission = Admission(most_turbines=1)
    decoded(admission, reading(1))
    assert admission.drain_turned_away() is None
    decoded(admission, reading(2), reading(1))
    assert admission.drain_turned_away() == "turbine 2 is one too many: --max-turbines is 1"
    assert admission.drain_turned_away() is None


def test_turbines_of_the_ledger_are_let_in_whatever_the_limit() -> None:
    admission = Admission(most_turbines=1)
    admission.remember([7, 8, 9], [])
    found = decoded(admission, reading(7), reading(8), reading(9), reading(10))
    assert [news.turbine_number for news in found.readings] == [7, 8, 9]


def test_what_is_refused_lets_nobody_in() -> None:
    admission = Admission()
    decoded(admission, message(Kind.METRICS.of(7), {}), message(Kind.STATUS.of(8), {}), message("grid/turbines/x/", {}))
    assert admission.turbines == set()


def test_a_controller_too_many_is_a_dead_letter() -> None:
    admission = Admission(most_turbines=1)
    reports = [
        message(outages_of_controller(name), {"controller_id": name, "outage_type": "pump", "timestamp": NOON / SECOND})
        for name in ("a", "b", "c", "a")
    ]
    found = decoded(admission, *reports)
    assert len(admission.controllers) == CONTROLLERS_FOR_A_TURBINE
    assert [report.controller_id for report in found.outage_reports] == ["a", "b", "a"]
    assert [letter.reason for letter in found.dead_letters] == [DeadLetterReason.TOO_MANY]


def test_poison_of_a_turbine_too_many_is_not_answered() -> None:
    admission = Admission(most_turbines=1)
    poison = [message(Kind.METRICS.of(number), {"session": "s-1", "sequence": 0}) for number in (1, 2)]
    refused, _ = salvage(decoded(admission, *poison).dead_letters, admission)
    assert [of.turbine_number for of in refused] == [1]


@given(st.lists(st.integers(1, MAX_TURBINE_NUMBER)), st.integers(1, 10), st.sets(st.integers(1, 20)))
def test_never_more_than_the_limit_or_the_ledger_has(numbers: list[int], most: int, known: set[int]) -> None:
    admission = Admission(most_turbines=most)
    admission.remember(known, [])
    for number in numbers:
        try:
            admission.let_in(number)
        except RefusedError:
            assert number not in admission.turbines
        else:
            assert number in admission.turbines
    assert len(admission.turbines) <= max(most, len(known))
