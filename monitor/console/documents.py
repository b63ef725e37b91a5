"""The monitor's facts as JSON documents: keys are the ledger's columns, times are text in UTC."""

import json
from collections.abc import Iterable
from dataclasses import asdict, is_dataclass
from typing import Any

from grid.times import format_time
from monitor.store.rows import is_time


def to_document(fact: Any) -> dict[str, Any]:
    """Turn a record of the ledger (a frozen dataclass or a named tuple) into what JSON can hold.

    Bytes become text; what is no UTF-8 in them is written out, as `\\xff` is.
    """
    fields: dict[str, Any] = asdict(fact) if is_dataclass(fact) and not isinstance(fact, type) else fact._asdict()
    return {name: _value(name, value) for name, value in fields.items()}


def in_json(document: Any) -> str:
    """Write a document: indented, and in ASCII only, so that no terminal obeys what came from outside."""
    return json.dumps(document, indent=2)


def to_documents(facts: Iterable[Any]) -> list[dict[str, Any]]:
    """Turn records into documents, in their order."""
    return [to_document(fact) for fact in facts]


def _value(name: str, value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode(errors="backslashreplace")
    if isinstance(value, int) and is_time(name):
        return format_time(value)
    return value
