"""Times on the wire and in the store: UTC, in whole microseconds since 1970."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, ValidationInfo, WithJsonSchema

SECOND = 1_000_000
"""Microseconds in a second, the unit of every stored time."""

EARLIEST = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp()) * SECOND
"""The oldest time that a message may carry: history is replayed, nonsense is not."""

LATEST = int(datetime(2200, 1, 1, tzinfo=UTC).timestamp()) * SECOND

MAX_AHEAD = 300 * SECOND
"""How far ahead of the monitor's clock a reading may be: a belief must not freeze on one from the future."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def parse_time(value: Any) -> int:
    """Read a time from a message: ISO 8601 with a zone, or seconds since 1970.

    Returns microseconds since 1970, UTC. Raises ValueError for a time without a zone, for anything that is
    neither text nor number, and for times before 2000 or after 2199.
    """
    if isinstance(value, str):
        microseconds = _from_text(value)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        microseconds = _from_seconds(value)
    else:
        # A ValueError, not a TypeError: pydantic turns it into a complaint about the field.
        raise ValueError("a time is ISO 8601 text with a zone, or seconds since 1970")  # noqa: TRY004
    if not EARLIEST <= microseconds < LATEST:
        raise ValueError("a time lies between the years 2000 and 2199")
    return microseconds


def _from_text(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("not a time in ISO 8601") from None
    if moment.tzinfo is None:
        raise ValueError("a time needs its zone, such as Z or +01:00")
    return (moment - _EPOCH) // _MICROSECOND


def _from_seconds(seconds: float) -> int:
    if not 0 <= seconds < LATEST // SECOND:  # also refuses NaN, and integers too large for a float
        raise ValueError("a time lies between the years 2000 and 2199")
    return round(seconds * SECOND)


def format_time(microseconds: int) -> str:
    """Write a time as the wire, the text files and the view `readings_utc` do: `2026-11-21T03:45:00.000000Z`."""
    moment = _EPOCH + microseconds * _MICROSECOND
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def as_datetime(microseconds: int) -> datetime:
    """Turn a stored time into an aware datetime in UTC."""
    return _EPOCH + microseconds * _MICROSECOND


def from_datetime(moment: datetime) -> int:
    """Turn an aware datetime into microseconds since 1970. Raises TypeError for a naive one."""
    return (moment - _EPOCH) // _MICROSECOND


def _read(value: Any, context: ValidationInfo) -> int:
    """JSON has times as `parse_time` reads them; the program has them in microseconds already."""
    in_program = context.mode == "python" and isinstance(value, int) and not isinstance(value, bool)
    return value if in_program else parse_time(value)


UtcMicroseconds = Annotated[
    int,
    BeforeValidator(_read),
    PlainSerializer(format_time, return_type=str, when_used="json"),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "format": "date-time", "description": "ISO 8601 with a zone"},
                {
                    "type": "number",
                    "minimum": EARLIEST // SECOND,
                    "exclusiveMaximum": LATEST // SECOND,
                    "description": "seconds since 1970, UTC",
                },
            ]
        }
    ),
]
"""A time in a message: text or seconds on the wire, microseconds since 1970 in the program."""
