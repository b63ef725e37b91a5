"""What the monitor decided about a turbine, told on `grid/turbines/<n>/events`."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from grid.metrics import MAX_INTEGER, NO_CONTROL_CHARACTERS, TurbineNumber
from grid.repair import DispatchId
from grid.status import Label
from grid.times import UtcMicroseconds

ActionWord = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[a-z][a-z0-9_]*$")]
Sentence = Annotated[str, StringConstraints(min_length=1, max_length=1024, pattern=NO_CONTROL_CHARACTERS)]


class TurbineEvent(BaseModel):
    """A decision about one turbine and its cause in words, not retained.

    Programs go by `action`, which is stable; people read `sentence`. Further actions may be added.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    at: Annotated[UtcMicroseconds, Field(description="when the monitor decided")]
    turbine_number: TurbineNumber
    action: Annotated[ActionWord, Field(description="the stable word for what was decided")]
    sentence: Annotated[Sentence, Field(description="what was decided and why, in words")]
    incident_id: Annotated[int | None, Field(ge=1, le=MAX_INTEGER, description="the incident that it is about")] = None
    dispatch_id: Annotated[DispatchId | None, Field(description="the visit that it is about")] = None
    outage_id: Annotated[int | None, Field(ge=1, le=MAX_INTEGER, description="the outage that it is about")] = None
    engineer: Annotated[int | None, Field(ge=1, le=MAX_INTEGER, description="the engineer that it is about")] = None
    by: Annotated[Label | None, Field(description="the person who wanted it, if it was not the monitor itself")] = None

    def to_json(self) -> bytes:
        """The event as it goes over the wire: JSON, without the fields that are unknown."""
        return self.model_dump_json(exclude_none=True).encode()
