"""Who is there: births, goodbyes and last wills of turbines, and the monitor's own."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from grid.metrics import MAX_INTEGER, NO_CONTROL_CHARACTERS, Session
from grid.times import UtcMicroseconds

MAX_STATUS_BYTES = 4096
MAX_LABEL_LENGTH = 64

Label = Annotated[str, StringConstraints(min_length=1, max_length=MAX_LABEL_LENGTH, pattern=NO_CONTROL_CHARACTERS)]
"""A short name for people."""


class Presence(StrEnum):
    """Whether somebody is connected to the broker."""

    ONLINE = "online"
    OFFLINE = "offline"


class OfflineReason(StrEnum):
    """Why somebody is gone: it said goodbye, or the broker lost it."""

    STOPPED = "stopped"
    LOST = "lost"


class _Status(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    status: Annotated[Presence, Field(strict=False, description="online at a birth, else offline")]
    reason: Annotated[OfflineReason | None, Field(strict=False, description="only with offline")] = None
    session: Annotated[Session | None, Field(description="the start of the program that this is about")] = None
    at: Annotated[UtcMicroseconds | None, Field(description="when; absent in a last will, written in advance")] = None

    @classmethod
    def from_payload(cls, payload: bytes) -> Self:
        """Read a status: JSON, or the bare word `online` or `offline`. Raises pydantic's ValidationError."""
        word = payload.strip()  # what a shell sends ends with a newline
        if word in (b"online", b"offline"):
            return cls.model_validate({"status": word.decode()})
        return cls.model_validate_json(payload)

    def to_json(self) -> bytes:
        """The status as it goes over the wire: JSON, without the fields that are unknown."""
        return self.model_dump_json(exclude_none=True).encode()


class TurbineStatus(_Status):
    """A turbine's birth, goodbye or last will, retained on `grid/turbines/<n>/status`."""

    connection: Annotated[
        int | None,
        Field(
            ge=0,
            le=MAX_INTEGER,
            description="counts the connects of a session from 0: the late will of an earlier connection is told by it",
        ),
    ] = None
    model: Annotated[Label | None, Field(description="the turbine's type, such as MM92")] = None
    rated_power_in_kw: Annotated[
        float | None, Field(allow_inf_nan=False, gt=0, le=1e6, description="rated power, in kW")
    ] = None
    region: Annotated[Label | None, Field(description="where the turbine belongs in the farm")] = None
    latitude: Annotated[
        float | None, Field(allow_inf_nan=False, ge=-90, le=90, description="WGS 84, in degrees north")
    ] = None
    longitude: Annotated[
        float | None, Field(allow_inf_nan=False, ge=-180, le=180, description="WGS 84, in degrees east")
    ] = None
    serial: Annotated[Label | None, Field(description="the maker's serial number")] = None


class MonitorStatus(_Status):
    """The monitor's birth, goodbye or last will, retained on `grid/monitor/status`."""

    version: Annotated[Label | None, Field(description="the monitor's version")] = None
    engineers: Annotated[int | None, Field(ge=0, le=MAX_INTEGER, description="size of the pool")] = None
    lock_id: Annotated[
        Label | None, Field(description="names the lock on its data, which only one process can hold at a time")
    ] = None
