"""The contract's documents: as the models are, as the standards want them, and of one mind with the models."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator, Draft202012Validator
from pydantic import BaseModel, ValidationError

from grid.alarm import topic_of
from grid.channels import ALARM_ID, CHANNELS, CONTROLLER_ID, EXAMPLES, of_any_turbine
from grid.contract_documents import ASYNCAPI_FILE, asyncapi, documents, json_schema
from grid.metrics import TurbineMetrics
from grid.repair import COMMAND_EXPIRY_SECONDS
from grid.topics import MONITOR_CANARY, MONITOR_STATUS, Kind, events_of_controller, outages_of_controller

COMMITTED = Path(__file__).parents[2] / "docs" / "contract"
OFFICIAL = Path(__file__).parent / "asyncapi-3.0.0.schema.json"
OFFICIAL_SHA256 = "abe96881dbfaad495ccbb6bd8d3fb43ca18a13b9d7564849ccb66f39d5e5b20f"
MODELS = list(EXAMPLES)
FIELDS = [(model, name) for model in MODELS for name in model.model_fields]
FULL = {
    model: {name: value for example in reversed(examples) for name, value in example.items()}
    for model, examples in EXAMPLES.items()
}
"""For each model a message with all the fields that its examples show."""


def name_of(value: Any) -> str:
    return getattr(value, "__name__", str(value))


def fits_model(model: type[BaseModel], message: dict[str, Any]) -> bool:
    try:
        model.model_validate_json(json.dumps(message))
    except ValidationError:
        return False
    return True


def fits_schema(model: type[BaseModel], message: dict[str, Any]) -> bool:
    return bool(Draft202012Validator(json_schema(model)).is_valid(message))


# --- the files


def test_the_committed_documents_are_those_of_the_models() -> None:
    committed = {path.name: path.read_text(encoding="utf-8") for path in COMMITTED.iterdir()}
    assert committed == documents(), "run: python -m grid.contract_documents docs/contract"


def test_the_command_writes_the_same_bytes_again_and_removes_what_is_no_more(tmp_path: Path) -> None:
    (tmp_path / "old-message.schema.json").write_text("{}")
    subprocess.run([sys.executable, "-m", "grid.contract_documents", tmp_path], check=True)
    written = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    assert written == documents()


# --- AsyncAPI


def test_the_asyncapi_document_is_valid_by_the_official_schema() -> None:
    official = OFFICIAL.read_bytes()
    assert hashlib.sha256(official).hexdigest() == OFFICIAL_SHA256
    problems = [error.message for error in Draft7Validator(json.loads(official)).iter_errors(asyncapi())]
    assert problems == []


def test_the_official_schema_would_find_a_mistake() -> None:
    document = asyncapi()
    document["operations"]["publishRepair"]["bindings"]["mqtt"]["qos"] = 3
    assert not Draft7Validator(json.loads(OFFICIAL.read_bytes())).is_valid(document)


def test_every_reference_in_it_leads_somewhere() -> None:
    document = asyncapi()
    found = list(references(document))
    assert found
    for reference in found:
        target: Any = document
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from (value for key, value in node.items() if key == "$ref")
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from references(child)


def test_it_tells_of_every_topic_of_the_contract() -> None:
    addresses = {channel.address for channel in CHANNELS}
    of_controllers = {outages_of_controller(CONTROLLER_ID), events_of_controller(CONTROLLER_ID)}
    of_the_monitor = {MONITOR_STATUS, MONITOR_CANARY, topic_of(ALARM_ID)}
    assert addresses == {of_any_turbine(kind) for kind in Kind} | of_controllers | of_the_monitor
    assert of_any_turbine(Kind.METRICS) == "grid/turbines/{turbine_number}/metrics"


def test_it_says_what_is_retained_and_what_expires() -> None:
    operations = asyncapi()["operations"]
    bindings = {name: operation["bindings"]["mqtt"] for name, operation in operations.items()}
    assert {name for name, binding in bindings.items() if binding["retain"]} == {
        "publishTurbineStatus",
        "publishMonitorStatus",
        "publishAlarms",
    }
    assert {name for name, binding in bindings.items() if binding["qos"] != 1} == {
        "publishAcknowledged",
        "publishTurbineWindows1m",
        "publishTurbineWindows15m",
    }
    expiries = {name: binding.get("messageExpiryInterval") for name, binding in bindings.items()}
    assert {name: seconds for name, seconds in expiries.items() if seconds} == {"publishRepair": COMMAND_EXPIRY_SECONDS}


# --- JSON Schema


@pytest.mark.parametrize("model", MODELS, ids=name_of)
def test_each_schema_is_valid_by_its_dialect(model: type[BaseModel]) -> None:
    Draft202012Validator.check_schema(json_schema(model))


@pytest.mark.parametrize("model", MODELS, ids=name_of)
def test_each_message_and_field_is_described(model: type[BaseModel]) -> None:
    schema = json_schema(model)
    assert schema["title"] == model.__name__
    assert schema["description"]
    undescribed = [name for name, field in schema["properties"].items() if "description" not in field]
    assert undescribed == []


@pytest.mark.parametrize("model", MODELS, ids=name_of)
def test_each_example_is_a_message(model: type[BaseModel]) -> None:
    for example in EXAMPLES[model]:
        assert fits_model(model, example)
        assert fits_schema(model, example)


anything = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=-(10**20), max_value=10**20)
    | st.floats(allow_nan=False, allow_infinity=False).filter(lambda number: not number.is_integer())
    | st.text(max_size=70)
    | st.sampled_from(["ok", "broken", "online", "offline", "lost", "done", "busy", "k3v9-12", "two_words", "question"])
    | st.lists(st.integers(), max_size=2)
    | st.dictionaries(st.text(max_size=3), st.integers(), max_size=2)
)


@pytest.mark.parametrize(("model", "field"), FIELDS, ids=name_of)
def test_schema_and_model_agree_on_any_value_of_a_field(model: type[BaseModel], field: str) -> None:
    schema = Draft202012Validator(json_schema(model))
    is_time = any("date-time" in str(option) for option in json_schema(model)["properties"][field].get("anyOf", []))

    @given(anything)
    def agree(value: Any) -> None:
        if isinstance(value, str) and (is_time or value.endswith("\n")):
            return  # see KNOWN_DIFFERENCES
        message = FULL[model] | {field: value}
        assert schema.is_valid(message) == fits_model(model, message)

    agree()


@pytest.mark.parametrize(("model", "field"), FIELDS, ids=name_of)
def test_schema_and_model_agree_on_what_may_be_absent(model: type[BaseModel], field: str) -> None:
    message = {name: value for name, value in FULL[model].items() if name != field}
    assert fits_schema(model, message) == fits_model(model, message) == (not model.model_fields[field].is_required())


KNOWN_DIFFERENCES = {
    "JSON knows no NaN, but Python's reader does, and a schema has no word for it": ("wind_speed", float("nan")),
    "to JSON Schema 7.0 is an integer": ("turbine_number", 7.0),
    "a format is a note to JSON Schema": ("emitted_at", "yesterday"),
    "a schema can't ask for a zone": ("emitted_at", "2026-11-21T12:00:00"),
    "in Python, unlike ECMAScript, $ also matches before a last newline": ("session", "a\n"),
}


@pytest.mark.parametrize(("field", "value"), KNOWN_DIFFERENCES.values(), ids=KNOWN_DIFFERENCES.keys())
def test_where_a_schema_can_not_say_it_the_model_is_the_stricter(field: str, value: Any) -> None:
    message = FULL[TurbineMetrics] | {field: value}
    assert fits_schema(TurbineMetrics, message)
    assert not fits_model(TurbineMetrics, message)


def test_the_schemas_of_the_asyncapi_document_are_the_same() -> None:
    schemas = asyncapi()["components"]["schemas"]
    for model in MODELS:
        alone = json_schema(model)
        assert json.dumps(schemas[model.__name__]["properties"]) == json.dumps(alone["properties"]).replace(
            "#/$defs/", "#/components/schemas/"
        )
    assert ASYNCAPI_FILE in documents()
