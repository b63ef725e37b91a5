"""Messages: what the contract allows is read, and whatever else arrives is refused in words and never otherwise."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from grid.acknowledged import Acknowledged
from grid.alarm import AlarmMessage
from grid.canary import CanaryCall
from grid.event import TurbineEvent
from grid.metrics import MAX_INTEGER, OperationalStatus, TurbineMetrics
from grid.outage import ControllerEvent, OutageReport
from grid.repair import RepairCommand, RepairResult, RepairState
from grid.status import MonitorStatus, OfflineReason, Presence, TurbineStatus
from grid.times import EARLIEST, LATEST, format_time, parse_time
from grid.window import TurbineWindow

FOUR_FIELDS = b'{"turbine_number":7,"wind_speed":100.0,"power_output_in_kwh":3000.0,"operational_status":"broken"}'

FULL: dict[type[BaseModel], dict[str, Any]] = {
    TurbineMetrics: {
        "turbine_number": 7,
        "wind_speed": 7.1,
        "power_output_in_kwh": -0.02,
        "operational_status": "ok",
        "emitted_at": "2026-11-21T12:00:00.000000Z",
        "session": "1795262400000-x7Qp",
        "sequence": 0,
        "oldest_held": 0,
        "voltage": 690.0,
        "current": 1200.5,
        "temperature": -12.5,
    },
    TurbineStatus: {
        "status": "offline",
        "reason": "lost",
        "session": "1795262400000-x7Qp",
        "at": "2026-11-21T12:00:00.000000Z",
        "connection": 3,
        "model": "MM92",
        "rated_power_in_kw": 2050.0,
        "region": "Nordfriesland, Süd",
        "latitude": 54.6,
        "longitude": -8.9,
        "serial": "90273",
    },
    MonitorStatus: {
        "status": "online",
        "reason": "stopped",
        "session": "1795262400000-x7Qp",
        "at": "2026-11-21T12:00:00.000000Z",
        "version": "0.1.0",
        "engineers": 3,
        "lock_id": "4f1c2a9b8d7e6f50",
    },
    RepairCommand: {
        "dispatch_id": "k3v9-12",
        "incident_id": 4,
        "engineer": 1,
        "issued_at": "2026-11-21T12:00:00.000000Z",
        "session": "1795262400000-x7Qp",
    },
    RepairResult: {
        "dispatch_id": "k3v9-12",
        "result": "rejected",
        "reason": "busy",
        "session": "1795262400000-x7Qp",
        "at": "2026-11-21T12:00:00.000000Z",
    },
    TurbineEvent: {
        "at": "2026-11-21T12:00:00.000000Z",
        "turbine_number": 7,
        "action": "engineer_dispatched",
        "sentence": "Engineer 1 is sent to turbine 7, which reports broken.",
        "incident_id": 4,
        "dispatch_id": "k3v9-12",
        "outage_id": 3,
        "engineer": 1,
        "by": "Ada",
    },
    OutageReport: {
        "controller_id": "turbine-7",
        "outage_type": "grid_outage",
        "timestamp": "2026-11-21T12:00:00.000000Z",
        "ended_at": "2026-11-21T12:30:00.000000Z",
    },
    ControllerEvent: {
        "at": "2026-11-21T12:00:00.000000Z",
        "controller_id": "turbine-7",
        "action": "outage_began",
        "sentence": "Turbine 7: outage 3 (broken) began at 2026-11-21 12:00:00 UTC and goes on.",
        "outage_id": 3,
        "outage_type": "broken",
        "started_at": "2026-11-21T12:00:00.000000Z",
        "ended_at": "2026-11-21T12:00:00.000000Z",
        "ongoing": True,
    },
    AlarmMessage: {
        "alarm_id": 12,
        "at": "2026-11-21T12:00:00.000000Z",
        "rule": "turbine_offline",
        "subject": "turbine-7",
        "severity": "medium",
        "state": "acknowledged",
        "sentence": "Turbine 7 is offline: the broker lost it.",
        "raised_at": "2026-11-21T11:00:00.000000Z",
        "occurrences": 2,
        "turbine_number": 7,
        "region": "Nordfriesland, Süd",
        "cleared_at": "2026-11-21T11:30:00.000000Z",
        "acknowledged_at": "2026-11-21T11:45:00.000000Z",
        "acknowledged_by": "Ann",
        "comment": "a fox at the cable",
        "shelved_until": "2026-11-21T13:00:00.000000Z",
        "out_of_service_by": "Bo",
        "suppressed_by": "broker_lost",
    },
    TurbineWindow: {
        "turbine_number": 7,
        "width_seconds": 60,
        "start_at": "2026-11-21T12:00:00.000000Z",
        "revision": 2,
        "readings": 59,
        "interval_seconds": 1.0,
        "covered_seconds": 59.0,
        "broken_seconds": 1.5,
        "wind_speed_mean": 7.1,
        "wind_speed_min": 5.9,
        "wind_speed_max": 8.4,
        "energy_in_kwh": -0.2,
        "mean_power_in_kw": -12.2,
        "max_power_in_kw": 0.5,
    },
    CanaryCall: {"kind": "question", "nonce": "5f2a90c1", "monitor": "process 7 on farm-1"},
    Acknowledged: {"session": "1795262400000-x7Qp", "sequence": 41},
}
FLOATS = {
    TurbineMetrics: ["wind_speed", "power_output_in_kwh", "voltage", "current", "temperature"],
    TurbineStatus: ["rated_power_in_kw", "latitude", "longitude"],
    TurbineWindow: ["interval_seconds", "covered_seconds", "wind_speed_mean", "energy_in_kwh", "max_power_in_kw"],
}
INTEGERS = {
    TurbineMetrics: ["turbine_number", "sequence", "oldest_held"],
    Acknowledged: ["sequence"],
    TurbineStatus: ["connection"],
    MonitorStatus: ["engineers"],
    RepairCommand: ["incident_id", "engineer"],
    TurbineEvent: ["turbine_number", "incident_id", "outage_id", "engineer"],
    ControllerEvent: ["outage_id"],
    TurbineWindow: ["turbine_number", "width_seconds", "revision", "readings"],
}
TEXTS = {
    TurbineMetrics: ["session", "operational_status"],
    TurbineStatus: ["session", "status", "reason", "model", "region", "serial"],
    MonitorStatus: ["session", "status", "reason", "version", "lock_id"],
    RepairCommand: ["session", "dispatch_id"],
    RepairResult: ["session", "dispatch_id", "result", "reason"],
    TurbineEvent: ["action", "sentence", "dispatch_id", "by"],
    OutageReport: ["controller_id", "outage_type"],
    ControllerEvent: ["controller_id", "outage_type", "action", "sentence"],
    CanaryCall: ["kind", "nonce", "monitor"],
    Acknowledged: ["session"],
}
TIMES = {
    TurbineMetrics: ["emitted_at"],
    TurbineStatus: ["at"],
    MonitorStatus: ["at"],
    RepairCommand: ["issued_at"],
    RepairResult: ["at"],
    TurbineEvent: ["at"],
    OutageReport: ["timestamp", "ended_at"],
    ControllerEvent: ["at", "started_at", "ended_at"],
    TurbineWindow: ["start_at"],
}
MODELS = list(FULL)


NOT_JSON: dict[str, bytes] = {
    "nothing": b"",
    "blanks": b"  \n",
    "text": b"hello",
    "bad UTF-8": b'{"turbine_number": 7, "session": "\xff\xfe"}',
    "overlong UTF-8": b'{"session": "\xc0\xaf"}',
    "UTF-16": '{"turbine_number": 7}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"turbine_number": 7}',
    "a null byte": b"\x00",
    "half a message": b'{"turbine_number": 7, "wind',
    "two messages": b"{}{}",
    "a trailing comma": b'{"turbine_number": 7,}',
    "single quotes": b"{'turbine_number': 7}",
    "a raw newline in a text": b'{"session": "a\nb"}',
    "a lone surrogate": b'{"session": "\\ud800"}',
    "nested brackets": b"[" * 4000,
    "nested objects": b'{"a":' * 800 + b"1" + b"}" * 800,
    "closed nested brackets": b'{"x": ' + b"[" * 2000 + b"]" * 2000 + b"}",
    "an endless number": b'{"turbine_number": ' + b"9" * 4000 + b"}",
    "an endless exponent": b'{"wind_speed": 1e' + b"9" * 4000 + b"}",
    "random bytes": bytes(range(256)),
}

NOT_AN_OBJECT: dict[str, bytes] = {
    "null": b"null",
    "true": b"true",
    "a number": b"7",
    "NaN": b"NaN",
    "a list": b"[]",
    "a list of pairs": b'[["turbine_number", 7]]',
    "a text": b'"ok"',
    "an empty object": b"{}",
}

NOT_A_FINITE_NUMBER: dict[str, str] = {
    "NaN": "NaN",
    "Infinity": "Infinity",
    "-Infinity": "-Infinity",
    "1e999": "1e999",
    "-1e999": "-1e999",
    "a text": '"7.1"',
    "an empty text": '""',
    "true": "true",
    "false": "false",
    "a list": "[7.1]",
    "an object": '{"value": 7.1}',
    "10^400": "1" + "0" * 400,
    "1e300": "1e300",
}

NOT_AN_INTEGER: dict[str, str] = {
    **NOT_A_FINITE_NUMBER,
    "2^63": str(2**63),
    "-2^63": str(-(2**63)),
    "2^64": str(2**64),
    "2^53": str(2**53),
    "7.5": "7.5",
    "-1": "-1",
}

NOT_A_SAFE_TEXT: dict[str, str] = {
    "a newline": r'"a\nb"',
    "a newline at the end": r'"a\n"',
    "a carriage return": r'"a\rb"',
    "a tab": r'"a\tb"',
    "a null": r'"a\u0000b"',
    "an ANSI colour": r'"\u001b[31mred"',
    "an OSC title": r'"\u001b]0;title\u0007"',
    "a bell": r'"\u0007"',
    "delete": r'"\u007f"',
    "C1's CSI": r'"\u009b31m"',
    "a line separator": r'"a\u2028b"',
    "a turned direction": r'"a\u202eb"',
    "an empty text": '""',
    "too long": '"' + "x" * 2000 + '"',
    "a number": "7",
    "true": "true",
    "a list": '["a"]',
}

NOT_A_TIME: dict[str, str] = {
    "naive": '"2026-11-21T12:00:00"',
    "a date": '"2026-11-21"',
    "words": '"yesterday"',
    "empty": '""',
    "NaN": "NaN",
    "Infinity": "Infinity",
    "1e999": "1e999",
    "zero": "0",
    "negative": "-1",
    "milliseconds": "1795262400000",
    "2^63": str(2**63),
    "10^400": "1" + "0" * 400,
    "before 2000": '"1969-12-31T23:59:59Z"',
    "the year 9999": '"9999-12-31T23:59:59Z"',
    "true": "true",
    "a list": "[]",
    "an object": "{}",
}


def read(model: type[BaseModel], payload: bytes) -> BaseModel:
    if issubclass(model, TurbineStatus | MonitorStatus):
        return model.from_payload(payload)
    return model.model_validate_json(payload)


def with_field(model: type[BaseModel], field: str, raw: str) -> bytes:
    """A full message of this kind in which one field has this raw JSON as its value."""
    fields = {name: json.dumps(value) for name, value in FULL[model].items()} | {field: raw}
    return ("{" + ", ".join(f'"{name}": {value}' for name, value in fields.items()) + "}").encode()


def fields(names: dict[Any, list[str]]) -> list[Any]:
    return [pytest.param(model, name, id=f"{model.__name__}.{name}") for model in names for name in names[model]]


def refusal_of(model: type[BaseModel], payload: bytes) -> str:
    with pytest.raises(ValidationError) as caught:
        read(model, payload)
    return " ".join(complaint["msg"] for complaint in caught.value.errors())


def by_name(model: Any) -> str:
    return str(getattr(model, "__name__", ""))


def test_the_four_fields_of_the_contract_are_a_complete_reading() -> None:
    reading = TurbineMetrics.model_validate_json(FOUR_FIELDS)
    assert (reading.turbine_number, reading.wind_speed, reading.power_output_in_kwh) == (7, 100.0, 3000.0)
    assert reading.operational_status is OperationalStatus.BROKEN
    assert (reading.emitted_at, reading.session, reading.sequence) == (None, None, None)
    assert reading.to_json() == FOUR_FIELDS


@pytest.mark.parametrize("model", MODELS, ids=by_name)
def test_a_full_message_goes_over_the_wire_and_comes_back(model: type[BaseModel]) -> None:
    written = json.dumps(FULL[model]).encode()
    assert set(FULL[model]) == set(model.model_fields)
    message = read(model, written)
    assert json.loads(message.model_dump_json()) == FULL[model]
    assert read(model, message.model_dump_json(exclude_none=True).encode()) == message


@pytest.mark.parametrize("model", MODELS, ids=by_name)
def test_optional_fields_may_be_null_or_absent_and_required_ones_not(model: type[BaseModel]) -> None:
    for name, field in model.model_fields.items():
        absent = {key: value for key, value in FULL[model].items() if key != name}
        for payload in (with_field(model, name, "null"), json.dumps(absent).encode()):
            if field.is_required():
                assert refusal_of(model, payload)
            else:
                assert getattr(read(model, payload), name) is None


@pytest.mark.parametrize("model", MODELS, ids=by_name)
def test_unknown_fields_are_ignored(model: type[BaseModel]) -> None:
    known = read(model, json.dumps(FULL[model]).encode())
    extra = json.dumps({f"x{number}": number for number in range(200)} | FULL[model] | {"é": [{"deep": [1]}]})
    assert read(model, extra.encode()) == known


@pytest.mark.parametrize("model", MODELS, ids=by_name)
@pytest.mark.parametrize("payload", (NOT_JSON | NOT_AN_OBJECT).values(), ids=(NOT_JSON | NOT_AN_OBJECT).keys())
def test_what_is_no_json_object_is_refused_in_words(model: type[BaseModel], payload: bytes) -> None:
    assert len(refusal_of(model, payload).split()) > 1


def all_refused(model: type[BaseModel], field: str, values: dict[str, str]) -> None:
    """Every value is refused with a complaint in words that names the field, so that a dead letter says why."""
    for label, raw in values.items():
        try:
            message = read(model, with_field(model, field, raw))
        except ValidationError as error:
            complaint = error.errors()[0]
            assert complaint["loc"] == (field,) or complaint["type"] == "json_invalid", (label, complaint)
            assert len(complaint["msg"].split()) > 2, (label, complaint)
        else:
            pytest.fail(f"{label} was taken for {getattr(message, field)!r}")


@pytest.mark.parametrize(("model", "field"), fields(FLOATS))
def test_only_a_finite_json_number_in_range_is_a_number(model: type[BaseModel], field: str) -> None:
    all_refused(model, field, NOT_A_FINITE_NUMBER)


@pytest.mark.parametrize(("model", "field"), fields(FLOATS))
def test_a_whole_number_is_a_number(model: type[BaseModel], field: str) -> None:
    assert getattr(read(model, with_field(model, field, "7")), field) == 7.0


@pytest.mark.parametrize(("model", "field"), fields(INTEGERS))
def test_only_a_whole_json_number_in_range_counts(model: type[BaseModel], field: str) -> None:
    all_refused(model, field, NOT_AN_INTEGER)


@pytest.mark.parametrize(("model", "field"), fields(TEXTS))
def test_a_text_is_short_and_harmless_on_a_terminal(model: type[BaseModel], field: str) -> None:
    all_refused(model, field, NOT_A_SAFE_TEXT)


@pytest.mark.parametrize(("model", "field"), fields(TIMES))
def test_a_time_has_a_zone_and_lies_in_this_age(model: type[BaseModel], field: str) -> None:
    all_refused(model, field, NOT_A_TIME)


@pytest.mark.parametrize(
    ("field", "raw"),
    [
        ("turbine_number", "0"),
        ("turbine_number", "2147483648"),
        ("wind_speed", "-0.001"),
        ("wind_speed", "200.001"),
        ("power_output_in_kwh", "1.1e12"),
        ("operational_status", '"OK"'),
        ("operational_status", '"offline"'),
        ("session", json.dumps("x" * 33)),
        ("sequence", str(MAX_INTEGER + 1)),
    ],
)
def test_a_reading_keeps_within_the_limits_of_the_contract(field: str, raw: str) -> None:
    all_refused(TurbineMetrics, field, {raw: raw})


@pytest.mark.parametrize(
    ("field", "raw"),
    [
        ("wind_speed", "0"),
        ("wind_speed", "200"),
        ("power_output_in_kwh", "-1e12"),
        ("session", json.dumps("x" * 32)),
        ("session", json.dumps("Süd ☀")),
        ("sequence", str(MAX_INTEGER)),
        ("turbine_number", "2147483647"),
    ],
)
def test_a_reading_may_go_to_the_limits_of_the_contract(field: str, raw: str) -> None:
    assert getattr(TurbineMetrics.model_validate_json(with_field(TurbineMetrics, field, raw)), field) == json.loads(raw)


@pytest.mark.parametrize("seconds", ["1795262400", "1795262400.25"])
def test_a_reading_may_carry_seconds_since_1970(seconds: str) -> None:
    reading = TurbineMetrics.model_validate_json(with_field(TurbineMetrics, "emitted_at", seconds))
    assert reading.emitted_at == round(float(seconds) * 1_000_000)


def test_the_program_writes_times_in_its_own_microseconds() -> None:
    event = TurbineEvent(at=EARLIEST + 1, turbine_number=7, action="turbine_held", sentence="Held by Ada.")
    assert json.loads(event.to_json())["at"] == "2000-01-01T00:00:00.000001Z"
    assert TurbineEvent.model_validate_json(event.to_json()) == event


@pytest.mark.parametrize("model", [TurbineStatus, MonitorStatus])
@pytest.mark.parametrize("payload", [b"online", b"offline", b"offline\n"])
def test_a_bare_word_is_a_status(model: type[TurbineStatus | MonitorStatus], payload: bytes) -> None:
    status = model.from_payload(payload)
    assert status.status == payload.decode().strip()
    assert (status.session, status.reason, status.at) == (None, None, None)


@pytest.mark.parametrize("payload", [b"Online", b"on line", b"onlineoffline", b'"online"', b"", b"\x00online"])
def test_no_other_word_is_a_status(payload: bytes) -> None:
    assert refusal_of(TurbineStatus, payload)


def test_a_last_will_names_its_session_and_no_time() -> None:
    will = TurbineStatus(status=Presence.OFFLINE, reason=OfflineReason.LOST, session="1795262400000-x7Qp")
    assert will.to_json() == b'{"status":"offline","reason":"lost","session":"1795262400000-x7Qp"}'


@pytest.mark.parametrize("dispatch_id", ["", " ", "a b", "a/b", "é", "x" * 65, "a\n"])
def test_a_dispatch_id_is_a_plain_word(dispatch_id: str) -> None:
    all_refused(RepairCommand, "dispatch_id", {dispatch_id: json.dumps(dispatch_id)})


@pytest.mark.parametrize("action", ["Engineer", "two words", "_x", "9", "a-b", "a" * 65, "a\n"])
def test_an_action_is_a_stable_word(action: str) -> None:
    all_refused(TurbineEvent, "action", {action: json.dumps(action)})


def test_an_answer_needs_only_the_order_and_the_result() -> None:
    answer = RepairResult.model_validate_json(b'{"dispatch_id":"k3v9-12","result":"done"}')
    assert answer == RepairResult(dispatch_id="k3v9-12", result=RepairState.DONE)


def test_messages_do_not_change() -> None:
    reading = TurbineMetrics.model_validate_json(FOUR_FIELDS)
    with pytest.raises(ValidationError, match="frozen"):
        reading.wind_speed = 1.0  # type: ignore[misc]


texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cf", "Zl", "Zp"]), min_size=1, max_size=32)
quantities = st.none() | st.floats(min_value=-1e12, max_value=1e12)
times = st.integers(min_value=EARLIEST, max_value=LATEST - 1).map(format_time)


@given(
    st.fixed_dictionaries(
        {
            "turbine_number": st.integers(min_value=1, max_value=2_147_483_647),
            "wind_speed": st.floats(min_value=0, max_value=200),
            "power_output_in_kwh": st.floats(min_value=-1e12, max_value=1e12),
            "operational_status": st.sampled_from(["ok", "broken"]),
        },
        optional={
            "emitted_at": times,
            "session": texts,
            "sequence": st.integers(min_value=0, max_value=MAX_INTEGER),
            "voltage": quantities,
            "current": quantities,
            "temperature": quantities,
        },
    )
)
def test_every_reading_of_the_contract_goes_over_the_wire_and_comes_back(fields: dict[str, Any]) -> None:
    reading = TurbineMetrics.model_validate_json(json.dumps(fields))
    assert TurbineMetrics.model_validate_json(reading.to_json()) == reading
    for name, value in fields.items():
        sent = parse_time(value) if name == "emitted_at" else value
        assert getattr(reading, name) == sent


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=10), children, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("model", MODELS, ids=by_name)
def test_no_message_raises_anything_but_a_complaint(model: type[BaseModel]) -> None:
    @given(st.dictionaries(st.sampled_from(list(FULL[model])), anything, max_size=4), st.binary(max_size=60))
    def for_any_message(values: dict[str, Any], noise: bytes) -> None:
        for payload in (json.dumps(FULL[model] | values).encode(), noise):
            survives(model, payload)

    for_any_message()


def survives(model: type[BaseModel], payload: bytes) -> None:
    try:
        message = read(model, payload)
    except ValidationError:
        return
    assert read(model, message.model_dump_json().encode()) == message
