"""What the monitor has of a turbine's readings, told on `grid/turbines/<n>/acknowledged`: it may forget them."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from grid.metrics import MAX_INTEGER, Session


class Acknowledged(BaseModel):
    """All readings of the session up to this sequence are committed, or refused for good: nothing before is missing.

    Never retained, QoS 0: a lost one is made good by the next, or by the answer to a reading that is sent again.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    session: Annotated[Session, Field(description="the session that is meant; a turbine may hold readings of several")]
    sequence: Annotated[int, Field(ge=0, le=MAX_INTEGER, description="the last one of the contiguous prefix")]

    def to_json(self) -> bytes:
        """The message as it goes over the wire."""
        return self.model_dump_json().encode()
