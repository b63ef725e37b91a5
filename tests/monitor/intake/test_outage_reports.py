"""Outage reports on MQTT: one or a list, each taken or refused for itself."""

import json
from typing import Any

import pytest

from grid.connection import Message, PlainMessage
from grid.outage import MAX_OUTAGE_REPORTS_BYTES
from grid.times import SECOND, format_time
from monitor.facts import DeadLetterReason, OutageReport
from monitor.intake.admission import Admission
from monitor.intake.decode import ArrivalTimes, Decoded, decode
from monitor.intake.outage_reports import MOST_REPORTS

NOON = 1_790_000_000 * SECOND
TOPIC = "grid/controllers/plant/outages"
PLAIN = {"controller_id": "plant", "outage_type": "pump", "timestamp": NOON / SECOND}


def message(payload: Any, topic: str = TOPIC, *, retain: bool = False) -> Message:
    text = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return PlainMessage(topic, text, qos=1, retain=retain, packet_id=1)


def decoded(*messages: Message) -> Decoded:
    return decode(messages, NOON, ArrivalTimes(), Admission())


def balances(found: Decoded) -> bool:
    return found.counted["received"] == len(found.dead_letters) + len(found.readings)


def test_a_report_tells_of_a_moment() -> None:
    found = decoded(message(PLAIN))
    assert found.outage_reports == [OutageReport("plant", "pump", NOON, NOON)]
    assert found.counted == {"received": 0, "outage_reports": 1}


def test_a_report_with_an_end_tells_of_a_span() -> None:
    found = decoded(message({**PLAIN, "timestamp": format_time(NOON - 60 * SECOND), "ended_at": format_time(NOON)}))
    assert found.outage_reports == [OutageReport("plant", "pump", NOON - 60 * SECOND, NOON, until=NOON)]


def test_a_list_brings_many_with_one_message() -> None:
    found = decoded(message([PLAIN, {**PLAIN, "outage_type": "fan"}]))
    assert [report.outage_type for report in found.outage_reports] == ["pump", "fan"]
    assert balances(found)


def test_the_good_reports_of_a_list_count_though_others_are_bad() -> None:
    found = decoded(message([PLAIN, {**PLAIN, "timestamp": "yesterday"}, 7, PLAIN]))
    assert len(found.outage_reports) == 2
    [letter] = found.dead_letters
    assert letter.reason is DeadLetterReason.INVALID
    assert letter.detail.startswith("report 2: timestamp: ")
    assert "report 3: " in letter.detail
    assert balances(found)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", DeadLetterReason.NOT_JSON),
        (b"[" * 4000, DeadLetterReason.NOT_JSON),
        (b"[]" + b" " * 70_000, DeadLetterReason.TOO_LARGE),
        ("out", DeadLetterReason.INVALID),
        ({**PLAIN, "outage_type": "Pump!"}, DeadLetterReason.INVALID),
        ({**PLAIN, "controller_id": "a/b"}, DeadLetterReason.INVALID),
        ({**PLAIN, "timestamp": "2026-11-21T12:00:00"}, DeadLetterReason.INVALID),
        ({**PLAIN, "ended_at": NOON / SECOND - 1}, DeadLetterReason.INVALID),
        ({**PLAIN, "controller_id": "turbine-7"}, DeadLetterReason.OTHER_CONTROLLER),
        ({**PLAIN, "timestamp": NOON / SECOND + 400}, DeadLetterReason.FUTURE),
        ({**PLAIN, "ended_at": NOON / SECOND + 400}, DeadLetterReason.FUTURE),
        (b'{"x": 1, "x": 2, ' + json.dumps(PLAIN).encode()[1:], DeadLetterReason.DUPLICATE_KEY),
    ],
)
def test_what_is_no_report_is_a_dead_letter_with_its_reason(payload: Any, reason: DeadLetterReason) -> None:
    found = decoded(message(payload))
    assert found.outage_reports == []
    assert [letter.reason for letter in found.dead_letters] == [reason]
    assert balances(found)


def test_an_empty_list_brings_nothing() -> None:
    found = decoded(message([]))
    assert (found.outage_reports, found.dead_letters) == ([], [])


def test_a_topic_that_is_none_of_a_controllers_reports_is_a_dead_letter() -> None:
    [letter] = decoded(message(PLAIN, "grid/controllers/a b/outages")).dead_letters
    assert letter.reason is DeadLetterReason.TOPIC


def test_a_retained_report_is_an_old_one_kept_by_mistake() -> None:
    found = decoded(message(PLAIN, retain=True))
    assert found.outage_reports == []
    assert found.counted == {"received": 0, "retained_outage_reports": 1}


def test_of_a_list_with_bad_reports_the_good_ones_are_taken_in_their_places() -> None:
    bad = {**PLAIN, "outage_type": "P"}
    found = decoded(message([PLAIN, bad, {**PLAIN, "outage_type": "fan"}, 1, {}, PLAIN]))
    assert [report.outage_type for report in found.outage_reports] == ["pump", "fan", "pump"]
    [letter] = found.dead_letters
    assert letter.detail.startswith("report 2: outage_type: ")
    assert "; report 4: message: Input should be an object; report 5: controller_id: Field required" in letter.detail


@pytest.mark.parametrize("element", [b"1", b"{}", b"[]", b'{"a":1}'])
def test_thousands_of_bad_reports_are_refused_as_one_message(element: bytes) -> None:
    payload = b"[" + b",".join([element] * (60_000 // (len(element) + 1))) + b"]"
    [letter] = decoded(message(payload)).dead_letters
    assert letter.reason is DeadLetterReason.TOO_LARGE
    assert letter.detail.endswith("reports, the limit is 1250")


def test_as_many_reports_as_fit_into_a_message_are_taken() -> None:
    shortest = b'{"controller_id":"p","outage_type":"b","timestamp":1e9}'
    count = (MAX_OUTAGE_REPORTS_BYTES - 1) // (len(shortest) + 1)
    payload = b"[" + b",".join([shortest] * count) + b"]"
    found = decoded(message(payload, "grid/controllers/p/outages"))
    assert found.dead_letters == []
    assert len(found.outage_reports) == count <= MOST_REPORTS


def test_a_list_that_only_one_reader_takes_is_no_json() -> None:
    [letter] = decoded(message(b'[{"controller_id":"\\ud800"}]')).dead_letters
    assert letter.reason is DeadLetterReason.NOT_JSON
