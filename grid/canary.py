"""The canary: a question on `grid/monitor/canary` that its asker must hear, and that a running monitor answers."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from grid.metrics import Session
from grid.status import Label

MAX_CANARY_BYTES = 1024


class CanaryCall(BaseModel):
    """A question to all, or a monitor's answer to one. Not retained.

    Whoever hears its own question knows that the broker lets it through in both directions; an answer with the same
    `nonce` tells that a monitor works on this broker.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    kind: Annotated[Literal["question", "answer"], Field(description="whether somebody asks or answers")]
    nonce: Annotated[Session, Field(description="drawn by the asker, repeated in answers")]
    monitor: Annotated[Label, Field(description="who speaks, in words that help to find it")]

    def to_json(self) -> bytes:
        """The call as it goes over the wire."""
        return self.model_dump_json().encode()
