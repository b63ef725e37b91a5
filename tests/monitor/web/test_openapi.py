"""The OpenAPI document: as the routes are, complete, and frozen in the documents."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from monitor.web import openapi
from monitor.web.api.examples import EXAMPLES
from monitor.web.problems import MEDIA_TYPE

COMMITTED = Path(__file__).parents[3] / "docs" / "openapi.json"
DOCUMENT: dict[str, Any] = json.loads(openapi.text())
OPERATIONS = [
    (f"{method.upper()} {path}", operation)
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
]
OF_THE_API = [(name, operation) for name, operation in OPERATIONS if "/api/v1/" in name]
SCHEMAS = DOCUMENT["components"]["schemas"]

OPERATION = pytest.mark.parametrize("operation", [one for _, one in OPERATIONS], ids=[name for name, _ in OPERATIONS])
OPERATION_OF_THE_API = pytest.mark.parametrize(
    "operation", [one for _, one in OF_THE_API], ids=[name for name, _ in OF_THE_API]
)


def test_the_committed_document_is_that_of_the_routes() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == openapi.text(), (
        "run: python -m monitor.web.openapi docs/openapi.json"
    )


def test_the_command_writes_the_same_bytes_again(tmp_path: Path) -> None:
    written = tmp_path / "openapi.json"
    subprocess.run([sys.executable, "-m", "monitor.web.openapi", written], check=True)
    assert written.read_text(encoding="utf-8") == openapi.text()


@OPERATION
def test_each_operation_says_what_it_is_for_and_belongs_to_a_subject(operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert operation["description"]
    assert set(operation["tags"]) <= set(openapi.TAGS)
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", operation["operationId"])


def test_each_operation_says_what_opens_it() -> None:
    to_anyone = {"POST /api/v1/session", "DELETE /api/v1/session", "GET /health/live"}
    assert {name for name, operation in OPERATIONS if not operation["security"]} == to_anyone


def test_each_operation_has_a_name_of_its_own() -> None:
    names = [operation["operationId"] for _, operation in OPERATIONS]
    assert len(set(names)) == len(names)


@OPERATION_OF_THE_API
def test_each_operation_of_the_api_tells_of_its_problems(operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    assert responses.keys() >= {"401", "422", "429", "503"}
    for status, response in responses.items():
        if status.isdigit() and int(status) >= 400:
            assert MEDIA_TYPE in resolved(response)["content"]


@OPERATION
def test_each_parameter_is_described_and_bounded(operation: dict[str, Any]) -> None:
    for parameter in operation.get("parameters", []):
        assert parameter.get("description"), parameter["name"]
        schema = resolved(parameter["schema"])
        assert {"type": "null"} not in schema.get("anyOf", ())
        bounded = {
            "integer": {"maximum", "minimum"} <= schema.keys(),
            "string": bool({"maxLength", "pattern", "format", "enum"} & schema.keys()),
            "boolean": True,
        }
        assert bounded[schema["type"]], parameter["name"]


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_document_is_described(name: str) -> None:
    assert SCHEMAS[name].get("description"), name


@pytest.mark.parametrize("name", sorted(SCHEMAS.keys() - {"Problem"}))
def test_each_field_is_described(name: str) -> None:
    """By words of its own, or by those of the one kind of document that it holds."""
    fields = SCHEMAS[name].get("properties", {})
    assert [field for field, told in fields.items() if not told.keys() & {"description", "$ref"}] == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_example_is_of_its_kind_and_tells_every_field(name: str) -> None:
    assert SCHEMAS[name]["examples"] == [EXAMPLES[name]]
    validator = Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]})
    assert [error.message for error in validator.iter_errors(EXAMPLES[name])] == []
    assert EXAMPLES[name].keys() == SCHEMAS[name]["properties"].keys()


def test_quantities_have_their_units() -> None:
    """Those whose name does not tell it."""
    unit = re.compile(r"m/s|kWh|kW|In V\.|In A\.|Celsius|degrees|[Ss]econds|MW")
    quantities = ("wind_speed", "power", "voltage", "current", "temperature", "latitude", "longitude", "centre")
    for name, schema in SCHEMAS.items():
        for field, told in schema.get("properties", {}).items():
            if field.startswith(quantities):
                assert "_in_k" in field or unit.search(told.get("description", "")), f"{name}.{field}"


def test_every_reference_leads_somewhere() -> None:
    found = list(references(DOCUMENT))
    assert found
    for reference in found:
        assert resolved({"$ref": reference})


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from (value for key, value in node.items() if key == "$ref")
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from references(child)


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    """What a reference leads to, with what stands beside the reference."""
    if "$ref" not in node:
        return node
    target: Any = DOCUMENT
    for part in node["$ref"].removeprefix("#/").split("/"):
        target = target[part]
    return {**target, **node}
