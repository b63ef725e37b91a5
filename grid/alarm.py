"""The state of an alarm, told on `grid/alarms/<alarm_id>`."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from grid.event import ActionWord, Sentence
from grid.metrics import MAX_INTEGER, NO_CONTROL_CHARACTERS, TurbineNumber
from grid.status import Label
from grid.times import UtcMicroseconds

ALARM_EXPIRY_SECONDS = 3600
"""What has returned to normal is forgotten by the broker after so long."""

Comment = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=NO_CONTROL_CHARACTERS)]


def topic_of(alarm_id: int | str) -> str:
    """The topic of an alarm, such as `grid/alarms/12`."""
    return f"grid/alarms/{alarm_id}"


class AlarmMessage(BaseModel):
    """A condition that asks a person to act, as it stands now: retained, and told again at every change.

    Programs go by `state` and `rule`, people read `sentence`. Further rules may be added.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    alarm_id: Annotated[int, Field(ge=1, le=MAX_INTEGER, description="the alarm's number: one for each condition")]
    at: Annotated[UtcMicroseconds, Field(description="when it became what it is")]
    rule: Annotated[ActionWord, Field(description="the stable word for what is wrong")]
    subject: Annotated[str, StringConstraints(min_length=1, max_length=256), Field(description="what it is about")]
    severity: Annotated[ActionWord, Field(description="critical, high, medium or low")]
    state: Annotated[
        ActionWord,
        Field(description="unacknowledged or acknowledged while the condition holds; cleared; normal when all is over"),
    ]
    sentence: Annotated[Sentence, Field(description="what is wrong, in words")]
    raised_at: Annotated[UtcMicroseconds, Field(description="when it last became active")]
    occurrences: Annotated[int, Field(ge=1, le=MAX_INTEGER, description="how often, since it was last normal")]
    turbine_number: Annotated[TurbineNumber | None, Field(description="the turbine that it is about")] = None
    region: Annotated[Label | None, Field(description="that turbine's region")] = None
    cleared_at: Annotated[UtcMicroseconds | None, Field(description="when the condition was gone")] = None
    acknowledged_at: Annotated[UtcMicroseconds | None, Field(description="when somebody acknowledged it")] = None
    acknowledged_by: Annotated[Label | None, Field(description="who did")] = None
    comment: Annotated[Comment | None, Field(description="the newest comment")] = None
    shelved_until: Annotated[UtcMicroseconds | None, Field(description="silent until then")] = None
    out_of_service_by: Annotated[Label | None, Field(description="who has silenced it until further notice")] = None
    suppressed_by: Annotated[ActionWord | None, Field(description="the rule whose alarm speaks for it now")] = None

    def to_json(self) -> bytes:
        """The state as it goes over the wire: JSON, without the fields that are unknown."""
        return self.model_dump_json(exclude_none=True).encode()
