import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.connection import Message, PlainMessage
from grid.metrics import OperationalStatus
from grid.repair import RepairState
from grid.status import OfflineReason, Presence
from grid.times import SECOND, format_time
from monitor.facts import KEPT_PAYLOAD_BYTES, DeadLetterReason, Held, Reading, RepairAnswer, StatusReport
from monitor.intake.admission import Admission
from monitor.intake.decode import ArrivalTimes, Decoded, decode

NOON = 1_790_000_000 * SECOND
PLAIN: dict[str, Any] = {
    "turbine_number": 7,
    "wind_speed": 100.0,
    "power_output_in_kwh": 3000.0,
    "operational_status": "broken",
}


METRICS = "grid/turbines/7/metrics"


def message(payload: bytes | dict[str, Any], topic: str = METRICS, *, retain: bool = False) -> Message:
    text = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return PlainMessage(topic, text, qos=1, retain=retain, packet_id=1)


def decoded(*messages: Message, received_at: int = NOON) -> Decoded:
    return decode(messages, received_at, ArrivalTimes(), Admission())


def reason_for(payload: bytes | dict[str, Any], topic: str = METRICS) -> DeadLetterReason:
    result = decoded(message(payload, topic))
    assert result.news == []
    [letter] = result.dead_letters
    assert letter.detail
    assert letter.detail.isprintable()
    return letter.reason


def test_four_fields_are_a_complete_reading() -> None:
    assert decoded(message(PLAIN)).news == [
        Reading(7, NOON, 100.0, 3000.0, OperationalStatus.BROKEN, None, None, None, None, None, NOON)
    ]


def test_every_field_of_a_reading_is_kept() -> None:
    full = {**PLAIN, "emitted_at": format_time(NOON - 5), "session": "s", "sequence": 3}
    full |= {"voltage": 690.0, "current": 1500.5, "temperature": -3}
    assert decoded(message(full)).news == [
        Reading(7, NOON - 5, 100.0, 3000.0, OperationalStatus.BROKEN, 690.0, 1500.5, -3.0, "s", 3, NOON)
    ]


def test_a_reading_that_is_sent_again_says_what_is_held() -> None:
    again = {**PLAIN, "session": "s", "sequence": 3}
    batch = [again | {"oldest_held": oldest} for oldest in (1, 9, None)] + [{**PLAIN, "oldest_held": 1}, again]
    result = decoded(*map(message, batch))
    assert result.held == [Held(7, "s", 1), Held(7, "s", 3)]
    assert result.readings == result.news
    assert len(result.news) == 5


def test_readings_without_a_time_get_that_of_arrival_made_unique_for_each_turbine() -> None:
    other = {**PLAIN, "turbine_number": 8}
    news = decoded(message(PLAIN), message(PLAIN), message(other, "grid/turbines/8/metrics")).news
    assert [(reading[0], reading[1]) for reading in news if isinstance(reading, Reading)] == [
        (7, NOON),
        (7, NOON + 1),
        (8, NOON),
    ]


def test_a_clock_that_goes_back_gives_no_time_twice() -> None:
    arrivals = ArrivalTimes()
    arrivals.remember(7, NOON)
    [reading] = decode([message(PLAIN)], NOON - 100 * SECOND, arrivals, Admission()).news
    assert isinstance(reading, Reading)
    assert reading.emitted_at == NOON + 1


def test_news_keep_the_order_of_arrival() -> None:
    gone = message(b"offline", "grid/turbines/7/status")
    kinds = [type(news) for news in decoded(message(PLAIN), gone, message(PLAIN)).news]
    assert kinds == [Reading, StatusReport, Reading]


def test_a_birth_brings_what_the_turbine_says_of_itself() -> None:
    birth = {"status": "online", "session": "s", "connection": 2, "model": "MM92", "region": "north"}
    [report] = decoded(message(birth, "grid/turbines/7/status", retain=True)).news
    assert isinstance(report, StatusReport)
    assert report.presence is Presence.ONLINE
    assert report.retained
    assert (report.session, report.connection, report.birth.model, report.birth.region) == ("s", 2, "MM92", "north")


def test_the_bare_words_online_and_offline_are_statuses() -> None:
    news = decoded(*(message(word, "grid/turbines/7/status") for word in (b"online", b"offline"))).news
    assert [report.presence for report in news if isinstance(report, StatusReport)] == ["online", "offline"]


def test_a_last_will_says_lost() -> None:
    will = {"status": "offline", "reason": "lost", "session": "s"}
    [report] = decoded(message(will, "grid/turbines/7/status")).news
    assert isinstance(report, StatusReport)
    assert report.reason is OfflineReason.LOST


def test_a_cleared_retained_status_says_nothing() -> None:
    result = decoded(message(b"", "grid/turbines/7/status"))
    assert (result.news, result.dead_letters) == ([], [])
    assert +result.counted == {"cleared_statuses": 1}


def test_retained_metrics_are_counted_and_ignored() -> None:
    result = decoded(message(PLAIN, retain=True))
    assert (result.news, result.dead_letters) == ([], [])
    assert +result.counted == {"retained_metrics": 1}


def test_a_repair_result_is_read() -> None:
    answer = {"dispatch_id": "a-1", "result": "rejected", "reason": "busy"}
    assert decoded(message(answer, "grid/turbines/7/repair/result")).news == [
        RepairAnswer(7, "a-1", RepairState.REJECTED, NOON, "busy")
    ]


def with_(**changes: Any) -> dict[str, Any]:
    return {**PLAIN, **changes}


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", DeadLetterReason.NOT_JSON),
        (b"hello", DeadLetterReason.NOT_JSON),
        (b"\xef\xbb\xbf" + json.dumps(PLAIN).encode(), DeadLetterReason.NOT_JSON),
        (b'{"turbine_number":7,"session":"\xff"}', DeadLetterReason.NOT_JSON),
        (b"[" * 4000, DeadLetterReason.NOT_JSON),
        (b'{"a":' * 800, DeadLetterReason.NOT_JSON),
        (b"[]", DeadLetterReason.INVALID),
        (b"7", DeadLetterReason.INVALID),
        (b"null", DeadLetterReason.INVALID),
        (json.dumps(PLAIN).encode() + b"{}", DeadLetterReason.NOT_JSON),
        (b'{"turbine_number":7,"wind_speed":NaN}', DeadLetterReason.INVALID),
        (with_(wind_speed=float("nan")), DeadLetterReason.INVALID),
        (with_(wind_speed=float("inf")), DeadLetterReason.INVALID),
        (json.dumps(PLAIN).replace("3000.0", "1e999").encode(), DeadLetterReason.INVALID),
        (with_(wind_speed="7.1"), DeadLetterReason.INVALID),
        (with_(wind_speed=-0.1), DeadLetterReason.INVALID),
        (with_(wind_speed=200.1), DeadLetterReason.INVALID),
        (with_(turbine_number=True), DeadLetterReason.INVALID),
        (with_(turbine_number=0), DeadLetterReason.INVALID),
        (with_(turbine_number=2**63), DeadLetterReason.INVALID),
        (with_(sequence=2**63), DeadLetterReason.INVALID),
        (with_(sequence=-1), DeadLetterReason.INVALID),
        (with_(operational_status="fine"), DeadLetterReason.INVALID),
        (with_(operational_status=1), DeadLetterReason.INVALID),
        (with_(session="x" * 33), DeadLetterReason.INVALID),
        (with_(session="a\x1b[31m\nb"), DeadLetterReason.INVALID),
        (with_(emitted_at="2026-01-01T00:00:00"), DeadLetterReason.INVALID),
        (with_(emitted_at="1999-12-31T23:59:59Z"), DeadLetterReason.INVALID),
        (with_(emitted_at="soon"), DeadLetterReason.INVALID),
        (with_(emitted_at=True), DeadLetterReason.INVALID),
        (with_(emitted_at=1e30), DeadLetterReason.INVALID),
        (with_(emitted_at=format_time(NOON + 301 * SECOND)), DeadLetterReason.FUTURE),
        (with_(turbine_number=8), DeadLetterReason.OTHER_TURBINE),
        (with_(extra="x" * 4096), DeadLetterReason.TOO_LARGE),
        ({**PLAIN, **{f"key{number}": 0 for number in range(100_000)}}, DeadLetterReason.TOO_LARGE),
        (b'{"wind_speed":1,' + json.dumps(PLAIN).encode()[1:], DeadLetterReason.DUPLICATE_KEY),
        (b'{"wind\\u005fspeed":1,' + json.dumps(PLAIN).encode()[1:], DeadLetterReason.DUPLICATE_KEY),
        (b'{"emitted_at":1790000000,"wind_speed":1,' + json.dumps(PLAIN).encode()[1:], DeadLetterReason.DUPLICATE_KEY),
    ],
)
def test_what_is_not_of_the_contract_is_a_dead_letter_with_its_reason(
    payload: bytes | dict[str, Any], reason: DeadLetterReason
) -> None:
    assert reason_for(payload) is reason


@pytest.mark.parametrize(
    "number", ["007", "0", "+7", "-7", "7.0", "x", "", "\u0667", "2147483648", "1" * 400, " 7", "5%2F..%2F6"]
)
def test_a_topic_with_a_number_that_is_none_is_a_dead_letter(number: str) -> None:
    assert reason_for(PLAIN, f"grid/turbines/{number}/metrics") is DeadLetterReason.TOPIC


@pytest.mark.parametrize("before", [b"", b" ", b"\r\n\t"])
def test_a_status_in_which_a_key_comes_twice_is_a_dead_letter_wherever_it_begins(before: bytes) -> None:
    status = before + b'{"status":"online","status":"offline","reason":"lost"}'
    assert reason_for(status, "grid/turbines/7/status") is DeadLetterReason.DUPLICATE_KEY


def test_a_topic_that_the_monitor_publishes_itself_is_no_news() -> None:
    assert reason_for(PLAIN, "grid/turbines/7/repair") is DeadLetterReason.TOPIC


def test_a_dead_letter_keeps_the_beginning_of_the_payload() -> None:
    [letter] = decoded(message(b"x" * 9000)).dead_letters
    assert (len(letter.payload), letter.size) == (KEPT_PAYLOAD_BYTES, 9000)


def test_a_bad_message_does_not_touch_the_good_ones_beside_it() -> None:
    result = decoded(message(PLAIN), message(b"{"), message(PLAIN))
    assert len(result.news) == 2
    assert len(result.dead_letters) == 1
    assert result.counted["received"] == 3


def test_unknown_fields_are_ignored_also_when_they_hold_quotes() -> None:
    for extra in ({"note": 'say "hello"'}, {"nested": {"wind_speed": 1}}, {"": ""}, {"list": ["a", "b"]}):
        result = decoded(message({**PLAIN, **extra}))
        assert result.dead_letters == []
        assert len(result.news) == 1


@given(st.binary(max_size=5000), st.sampled_from(["metrics", "status", "repair/result"]))
def test_no_payload_whatever_is_more_than_a_dead_letter(payload: bytes, kind: str) -> None:
    result = decoded(message(payload, f"grid/turbines/7/{kind}"))
    assert len(result.news) + len(result.dead_letters) + result.counted["cleared_statuses"] == 1


@given(
    st.lists(st.sampled_from([*PLAIN, "session", "emitted_at", "other"]), min_size=1, max_size=3),
    st.sampled_from(['"2026-09-01T00:00:00Z"', "1790000000", "null"]),
)
def test_a_repeated_key_is_found_whatever_stands_beside_it(repeated: list[str], time: str) -> None:
    pairs = {**{name: json.dumps(value) for name, value in PLAIN.items()}, "emitted_at": time, "session": '"s"'}
    text = ",".join(f'"{name}":{pairs.get(name, "1")}' for name in [*pairs, *repeated])
    result = decoded(message(b"{" + text.encode() + b"}"))
    repeats = any(name in pairs for name in repeated) or len(set(repeated)) < len(repeated)
    assert [letter.reason for letter in result.dead_letters] == ([DeadLetterReason.DUPLICATE_KEY] if repeats else [])
