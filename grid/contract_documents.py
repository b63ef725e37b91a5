"""The contract as documents for other programs: a JSON Schema for each message, and an AsyncAPI document of them all.

`python -m grid.contract_documents docs/contract` writes them; the same models always give the same bytes.
"""

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.alias_generators import to_snake
from pydantic.json_schema import models_json_schema

from grid.broker import KEEP_ALIVE_SECONDS
from grid.channels import ALARM_ID, CHANNELS, CONTROLLER_ID, EXAMPLES, NUMBER, Channel, of_any_turbine
from grid.status import TurbineStatus
from grid.topics import Kind

CONTRACT_VERSION = "1.0.0"
ASYNCAPI_FILE = "asyncapi.json"

_PARAMETERS = {
    NUMBER.strip("{}"): ("The turbine's number: decimal digits, no leading zero, 1 to 2147483647.", "7"),
    CONTROLLER_ID.strip("{}"): (
        "The controller's name: 1 to 64 letters, digits, `.`, `_` and `-`. `turbine-7` means turbine 7.",
        "substation-2",
    ),
    ALARM_ID.strip("{}"): ("The alarm's number: one for each condition, however often it comes.", "12"),
}

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def documents() -> dict[str, str]:
    """All documents: the text of each by its file name."""
    found = {f"{_file_name(model)}.schema.json": _written(json_schema(model)) for model in EXAMPLES}
    return found | {ASYNCAPI_FILE: _written(asyncapi())}


def json_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema (2020-12) of one message."""
    return {"$schema": _DIALECT, **model.model_json_schema(), "examples": EXAMPLES[model]}


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3.0 document: each operation is told by the side that publishes."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Grid: a wind farm on MQTT",
            "version": CONTRACT_VERSION,
            "description": "What turbines and the monitor say to each other. A turbine that sends the four required "
            "fields of its metrics and listens on `repair` is complete; all else is optional. Each operation is told "
            "by the side that publishes: its tag names it. Whatever does not fit becomes a dead letter.",
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "servers": {"workbench": _server()},
        "channels": {channel.name: _channel(channel) for channel in CHANNELS},
        "operations": {
            f"publish{channel.name[:1].upper()}{channel.name[1:]}": _operation(channel) for channel in CHANNELS
        },
        "components": {
            "parameters": {
                name: {"description": text, "examples": [example]} for name, (text, example) in _PARAMETERS.items()
            },
            "messages": {channel.message.__name__: _message(channel) for channel in CHANNELS},
            "schemas": _schemas(),
        },
    }


def _server() -> dict[str, Any]:
    will = {"topic": of_any_turbine(Kind.STATUS), "qos": 1, "retain": True}
    will["message"] = json.dumps(EXAMPLES[TurbineStatus][-1])
    return {
        "host": "localhost:1883",
        "protocol": "mqtt",
        "protocolVersion": "5.0",
        "description": "The broker of a workbench. MQTT 3.1.1 is served too, without expiry and correlation data.",
        "bindings": {
            "mqtt": {
                "lastWill": will,
                "keepAlive": KEEP_ALIVE_SECONDS,
                "maximumPacketSize": 8192,
                "bindingVersion": "0.2.0",
            }
        },
    }


def _channel(channel: Channel) -> dict[str, Any]:
    found: dict[str, Any] = {
        "address": channel.address,
        "summary": channel.summary,
        "description": channel.description,
        "messages": {channel.message.__name__: {"$ref": f"#/components/messages/{channel.message.__name__}"}},
    }
    named = [name for name in _PARAMETERS if f"{{{name}}}" in channel.address]
    if named:
        found["parameters"] = {name: {"$ref": f"#/components/parameters/{name}"} for name in named}
    return found


def _operation(channel: Channel) -> dict[str, Any]:
    binding: dict[str, Any] = {"qos": channel.qos, "retain": channel.retained}
    if channel.expiry_seconds is not None:
        binding["messageExpiryInterval"] = channel.expiry_seconds
    found: dict[str, Any] = {
        "action": "send",
        "channel": {"$ref": f"#/channels/{channel.name}"},
        "summary": channel.summary,
        "tags": [{"name": channel.publisher}],
        "bindings": {"mqtt": binding | {"bindingVersion": "0.2.0"}},
    }
    if channel.answered_on is not None:
        found["reply"] = {"channel": {"$ref": f"#/channels/{channel.answered_on}"}}
    return found


def _message(channel: Channel) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": channel.message.__name__,
        "title": channel.summary.rstrip("."),
        "contentType": "application/json",
        "payload": {"$ref": f"#/components/schemas/{channel.message.__name__}"},
        "examples": [{"payload": example} for example in EXAMPLES[channel.message]],
    }
    if channel.answered_on is not None:
        found["correlationId"] = {
            "description": "Also the MQTT 5 correlation data.",
            "location": "$message.payload#/dispatch_id",
        }
        answers = next(other.address for other in CHANNELS if other.name == channel.answered_on)
        found["bindings"] = {"mqtt": {"responseTopic": answers, "bindingVersion": "0.2.0"}}
    return found


def _schemas() -> dict[str, Any]:
    _, found = models_json_schema(
        [(channel.message, "validation") for channel in CHANNELS], ref_template="#/components/schemas/{model}"
    )
    schemas: dict[str, Any] = found["$defs"]
    return schemas


def _file_name(model: type[BaseModel]) -> str:
    return to_snake(model.__name__).replace("_", "-")


def _written(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def write(folder: Path) -> None:
    """Write all documents into a folder, and remove schemas there of messages that are no more."""
    folder.mkdir(parents=True, exist_ok=True)
    found = documents()
    for stale in set(folder.glob("*.json")) - {folder / name for name in found}:
        stale.unlink()
    for name, text in found.items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
