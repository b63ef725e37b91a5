"""The order to repair a turbine, and what the turbine answers."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from grid.metrics import MAX_INTEGER, Session
from grid.status import Label
from grid.times import UtcMicroseconds

COMMAND_EXPIRY_SECONDS = 60
"""An order that could not be delivered for so long is worth nothing: it is repeated while the visit lasts."""

DispatchId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:-]+$")]


class RepairCommand(BaseModel):
    """An engineer is sent: published on `grid/turbines/<n>/repair`, never retained, with an expiry.

    A turbine obeys a `dispatch_id` once, and answers a repeat with what it answered before.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    dispatch_id: Annotated[DispatchId, Field(description="names this visit; also the correlation data")]
    incident_id: Annotated[int, Field(ge=1, le=MAX_INTEGER, description="the incident that the visit is for")]
    engineer: Annotated[int, Field(ge=1, le=MAX_INTEGER, description="which engineer of the pool comes")]
    issued_at: Annotated[UtcMicroseconds, Field(description="when the monitor sent it; later in a repeat")]
    session: Annotated[
        Session | None, Field(description="the turbine's session that is meant; another one refuses the order")
    ] = None

    def to_json(self) -> bytes:
        """The order as it goes over the wire."""
        return self.model_dump_json(exclude_none=True).encode()


class RepairState(StrEnum):
    """How far a turbine is with an order. Claims for people to see: proof of a repair is an `ok` reading."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    DONE = "done"


class RepairResult(BaseModel):
    """A turbine's answer to an order, on `grid/turbines/<n>/repair/result`. Optional."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    dispatch_id: Annotated[DispatchId, Field(description="the order that this answers")]
    result: Annotated[RepairState, Field(strict=False, description="how far the turbine is with it")]
    reason: Annotated[Label | None, Field(description="why the order was rejected; `busy` asks to try again")] = None
    session: Annotated[Session | None, Field(description="the turbine's session")] = None
    at: Annotated[UtcMicroseconds | None, Field(description="when the turbine said so")] = None

    def to_json(self) -> bytes:
        """The answer as it goes over the wire."""
        return self.model_dump_json(exclude_none=True).encode()
