"""Reports that something is out, on `grid/controllers/<id>/outages`, and what became of them, on `.../events`."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

from grid.event import ActionWord, Sentence
from grid.metrics import MAX_INTEGER
from grid.times import UtcMicroseconds
from grid.topics import CONTROLLER_ID_PATTERN

MAX_OUTAGE_REPORTS_BYTES = 65_536
"""Of a message with many reports: some five hundred."""

ControllerId = Annotated[
    str,
    StringConstraints(pattern=CONTROLLER_ID_PATTERN),
    Field(description="who or what is out: letters, digits, `.`, `_` and `-`; `turbine-7` means turbine 7"),
]
OutageType = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$"),
    Field(description="what kind of outage, such as broken or maintenance: reports of one kind make up outages"),
]


class OutageReport(BaseModel):
    """Something is out at a moment, or was from then until another. Unknown fields are ignored."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    controller_id: ControllerId
    outage_type: OutageType
    timestamp: Annotated[UtcMicroseconds, Field(description="when it was out")]
    ended_at: Annotated[
        UtcMicroseconds | None,
        Field(description="until when it was out, not before timestamp; without it a moment is told"),
    ] = None


_MANY = TypeAdapter(list[OutageReport])


def read_outage_reports(payload: bytes) -> list[OutageReport]:
    """Read a message, one report or a list of them. Raises pydantic's ValidationError."""
    # By its first sign, so that a complaint names one field and not that of both shapes.
    if payload.lstrip().startswith(b"["):
        return _MANY.validate_json(payload)
    return [OutageReport.model_validate_json(payload)]


class ControllerEvent(BaseModel):
    """What became of a controller's outage, not retained: programs go by `action`, people read `sentence`."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    at: Annotated[UtcMicroseconds, Field(description="when the monitor learnt it")]
    controller_id: ControllerId
    action: Annotated[ActionWord, Field(description="outage_began, outage_changed or outage_ended")]
    sentence: Annotated[Sentence, Field(description="what became of it, in words")]
    outage_id: Annotated[int, Field(ge=1, le=MAX_INTEGER, description="the outage that it is about")]
    outage_type: OutageType
    started_at: Annotated[UtcMicroseconds, Field(description="the first that was reported")]
    ended_at: Annotated[UtcMicroseconds, Field(description="the last that was reported")]
    ongoing: Annotated[bool, Field(description="whether it goes on")]

    def to_json(self) -> bytes:
        """The event as it goes over the wire."""
        return self.model_dump_json().encode()
