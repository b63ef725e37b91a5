"""What may be asked: each query names all that it knows, so that a mistyped filter is refused and not left out."""

import re
from datetime import UTC, datetime
from typing import Annotated, Self

from fastapi import Path
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from grid.times import LATEST, SECOND, from_datetime
from grid.topics import MAX_TURBINE_NUMBER
from monitor.store.queries.pages import Turn
from monitor.web.api.cursors import CURSOR_PATTERN, from_cursor
from monitor.web.problems import Problem

LARGEST_NUMBER = 2**63 - 1
"""Of a row in the ledger."""
LONGEST_RANGE_SECONDS = 400 * 86_400

_ZONE_WITHOUT_PLUS = re.compile(r" (\d\d:?\d\d)$")


def _read_time(text: object) -> int:
    """A time in an address: ISO 8601, in UTC where it names no zone. A `+` there arrives as a space.

    Before 1970 and after 2199 nothing is stored: any time there means the same.
    """
    if not isinstance(text, str):
        raise ValueError("must be a time in ISO 8601")  # noqa: TRY004 - pydantic expects it
    try:
        moment = datetime.fromisoformat(_ZONE_WITHOUT_PLUS.sub(r"+\1", text))
    except ValueError:
        raise ValueError("must be a time in ISO 8601, such as 2026-11-21T03:45:00Z") from None
    at = from_datetime(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    return min(max(at, 0), LATEST)


Moment = Annotated[
    int,
    BeforeValidator(_read_time),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-21T03:45:00Z"]}),
]
"""A time in a query: ISO 8601, in UTC without a zone; microseconds since 1970 in the program."""

TurbineNumber = Annotated[int, Path(ge=1, le=MAX_TURBINE_NUMBER, description="The turbine's number.", examples=[7])]
IncidentNumber = Annotated[int, Path(ge=1, le=LARGEST_NUMBER, description="The incident's number.", examples=[2])]


class StrictQuery(BaseModel):
    """A query that knows no name but its fields."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class NoQuery(StrictQuery):
    """A query without any name."""


class ListQuery(StrictQuery):
    """A page of a list."""

    limit: int = Field(100, ge=1, le=1000)
    """How many items at most."""
    cursor: str | None = Field(None, pattern=CURSOR_PATTERN)
    """`next_cursor` of the page before; the filters must be the same."""

    def turn(self, *, newest_first: bool = True) -> Turn:
        """The page as the ledger is asked for it."""
        return Turn(self.limit, None if self.cursor is None else from_cursor(self.cursor), newest_first)


class TimesQuery(StrictQuery):
    """From when on, and before when."""

    since: Moment | None = None
    """From this time on, ISO 8601 with a zone; UTC without."""
    until: Moment | None = None
    """Before this time."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise ValueError("since must be before until")
        return self

    def span(self, now: int, *, usual_seconds: int, longest_seconds: int = LONGEST_RANGE_SECONDS) -> tuple[int, int]:
        """Both ends: `now` without `until`, so long before without `since`. Raises Problem where that is too long."""
        until = now if self.until is None else self.until
        since = until - usual_seconds * SECOND if self.since is None else self.since
        if since >= until:
            raise Problem(422, "Not valid", "since is not before now")
        if until - since > longest_seconds * SECOND:
            raise Problem(422, "Not valid", f"from since until until are more than {longest_seconds // 86_400} days")
        return since, until


class TurbineFilter(StrictQuery):
    """Of one turbine."""

    turbine: int | None = Field(None, ge=1, le=MAX_TURBINE_NUMBER)
    """Only of this turbine, by number."""


class IncidentFilter(StrictQuery):
    """Of one incident."""

    incident: int | None = Field(None, ge=1, le=LARGEST_NUMBER)
    """Only of this incident, by number."""


class OpenFilter(StrictQuery):
    """What has not ended, or what has."""

    open: bool | None = None
    """true: only what has not ended; false: only what has."""
