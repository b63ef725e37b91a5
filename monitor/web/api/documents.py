"""What all documents of the API are made of: times as text, and lists with a cursor."""

from typing import Annotated, Any, Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict, PlainSerializer, WithJsonSchema

from grid.times import format_time
from monitor.store.queries.pages import Page
from monitor.store.rows import columns
from monitor.web.api.cursors import to_cursor

ItemT = TypeVar("ItemT", bound="Document")

_DATE_TIME = {"type": "string", "format": "date-time", "examples": ["2026-11-21T03:45:00.000000Z"]}

Time = Annotated[int, PlainSerializer(format_time, return_type=str), WithJsonSchema(_DATE_TIME)]
"""A time of the ledger, shown as ISO 8601 in UTC."""

TimeText = Annotated[str, WithJsonSchema(_DATE_TIME)]
"""A time that is text already, as the monitor tells it."""


class Document(BaseModel):
    """A part of an answer, made from a fact of the same fields."""

    model_config = ConfigDict(from_attributes=True, use_attribute_docstrings=True, ser_json_inf_nan="null")


class Listed(Document, Generic[ItemT]):
    """A page of a list."""

    items: list[ItemT]
    """As many as were asked for, or what is left."""
    next_cursor: str | None
    """Ask again with `cursor` set to it for what follows; null on the last page."""

    @classmethod
    def of(cls, page: Page[Any], *, key: str | None = None) -> Self:
        """Make it from a page of the ledger; `key` names the field for the key, where a record doesn't have it."""
        items = [_fields(record) | ({key: number} if key else {}) for number, record in page.records]
        return cls.model_validate({"items": items, "next_cursor": to_cursor(page.next_key)})


def _fields(record: Any) -> dict[str, Any]:
    return {name: getattr(record, name) for name in columns(record.__class__)}
